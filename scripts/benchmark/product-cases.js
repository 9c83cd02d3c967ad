// The rate of a float32 matrix product, as networks need them: factors transposed where gradients transpose them.

/** @typedef {import("./case.js").Case} Case */

/** Rows, inner length, columns, and which factors are stored transposed. @type {Record<string, [string, number, number, number, boolean, boolean]>} */
const products = {
  "product-mlp": ["A·B, 128 × 784 × 300", 128, 784, 300, false, false],
  "product-mlp-weights": ["Aᵀ·B, 784 × 128 × 300", 784, 128, 300, true, false],
  "product-mlp-inputs": ["A·Bᵀ, 128 × 100 × 300", 128, 100, 300, false, true],
  "product-square": ["A·B, 1024 × 1024 × 1024", 1024, 1024, 1024, false, false],
  "product-image": ["A·B, 1 × 784 × 300", 1, 784, 300, false, false],
  "product-convolution": ["A·B, 36864 × 25 × 6, a convolution as a product", 36864, 25, 6, false, false],
  "product-filter": ["Aᵀ·B, 25 × 36864 × 6, its gradient", 25, 36864, 6, true, false],
};

/** @type {readonly Case[]} */
export const productCases = Object.entries(products).map(([name, [title, ...shape]]) => ({
  name,
  section: "matrix products",
  title,
  unit: "GFLOP/s",
  async contenders({ engines, effort }) {
    const made = [];
    for (const { name: engineName, backend, isPeer, threads, server } of engines) {
      if (!(["wasm", "wasm-fma", "pytorch"].includes(backend) && threads === 1)) continue;
      const started = await server();
      if (!started) continue;
      const product = (/** @type {string} */ kernels) => () =>
        started.request("product", { backend, shape, seconds: 0.3 * effort, kernels });
      made.push({ name: engineName, isPeer, measure: product("own") });
      if (backend === "wasm")
        made.push({ name: `${engineName}, kernels of TensorFlow.js`, isPeer, measure: product("shipped") });
    }
    return made;
  },
}));
