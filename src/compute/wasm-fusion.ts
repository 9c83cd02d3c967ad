import * as tf from "@tensorflow/tfjs-core";
import type { MatrixKernel } from "./matrix-kernel.js";
import { MatrixProduct, type Product } from "./matrix-product.js";
import { addressOf, callKernel, type KernelArguments, type WasmBackend, type WasmModule } from "./wasm-backend.js";

/** The kernels of activations by the names that fused operations have for them. */
const activations: Readonly<Record<string, string>> = {
  relu: tf.Relu,
  relu6: tf.Relu6,
  elu: tf.Elu,
  sigmoid: tf.Sigmoid,
  leakyrelu: tf.LeakyRelu,
  prelu: tf.Prelu,
};

/** What a fused operation does with its product. */
export interface Fusion {
  readonly bias?: tf.TensorInfo | undefined;
  readonly activation?: string | undefined;
  readonly preluActivationWeights?: tf.TensorInfo | undefined;
  readonly leakyreluAlpha?: number | undefined;
}

/** What is fused to the operation that is called; nothing in operations that have no such arguments. */
export function fusionOf({ inputs, attrs }: KernelArguments): Fusion {
  const { bias, preluActivationWeights } = inputs;
  const { activation, leakyreluAlpha } = (attrs ?? {}) as Pick<Fusion, "activation" | "leakyreluAlpha">;
  return { bias, preluActivationWeights, activation, leakyreluAlpha };
}

/** x after f, which makes another handle of it; x is disposed. */
function followed(backend: WasmBackend, x: tf.TensorInfo, f: (x: tf.TensorInfo) => tf.TensorInfo): tf.TensorInfo {
  try {
    return f(x);
  } finally {
    backend.disposeData(x.dataId);
  }
}

/** Multiplies matrices in the memory of the backend that asks. */
export type Multiplier = (backend: WasmBackend) => MatrixProduct;

export function multiplierBy(kernel: MatrixKernel): Multiplier {
  const products = new WeakMap<WasmModule, MatrixProduct>();
  return ({ wasm }) => {
    const known = products.get(wasm);
    if (known) return known;
    const { memory } = wasm.asm;
    const product = new MatrixProduct({
      exports: kernel.instantiate(memory),
      memory,
      allocate: (bytes) => wasm._malloc(bytes) >>> 0,
      hasWideTiles: kernel.hasWideTiles,
    });
    products.set(wasm, product);
    return product;
  };
}

/**
 * A result that is made of products, with what is fused to it: a bias of one entry a column and relu by the products
 * themselves, anything else by kernels of its own.
 *
 * @param shape of the result, whose last axis are the columns of the products
 * @param products what to multiply, for a result that begins at this address
 */
export function fusedProducts(
  { backend, multiplier }: { readonly backend: WasmBackend; readonly multiplier: Multiplier },
  shape: readonly number[],
  { bias, activation = "linear", preluActivationWeights, leakyreluAlpha }: Fusion,
  products: (result: number) => readonly Omit<Product, "bias" | "relu">[],
): tf.TensorInfo {
  const isRow =
    bias !== undefined && bias.shape.at(-1) === shape.at(-1) && tf.util.sizeFromShape(bias.shape) === shape.at(-1);
  const isRectified = activation === "relu" && (isRow || !bias);
  const product = multiplier(backend);
  let result = backend.makeOutput(shape, "float32");
  for (const factors of products(addressOf(backend, result))) {
    product.multiply({ ...factors, bias: isRow ? addressOf(backend, bias) : undefined, relu: isRectified });
  }
  if (bias && !isRow) result = followed(backend, result, (a) => callKernel(backend, tf.Add, { a, b: bias }));
  if (activation === "linear" || isRectified) return result;
  const kernelName = activations[activation];
  if (!kernelName) throw new Error(`activation ${activation} is unknown`);
  return followed(backend, result, (x) =>
    preluActivationWeights
      ? callKernel(backend, kernelName, { x, alpha: preluActivationWeights })
      : callKernel(backend, kernelName, { x }, { alpha: leakyreluAlpha ?? 0 }),
  );
}
