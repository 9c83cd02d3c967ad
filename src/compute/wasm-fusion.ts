import * as tf from "@tensorflow/tfjs-core";
import type { MatrixKernel } from "./matrix-kernel.js";
import { MatrixProduct, type Product } from "./matrix-product.js";
import { productThreads } from "./product-helpers.js";
import { addressOf, callKernel, type KernelArguments, type WasmBackend } from "./wasm-backend.js";
import { exportsIn, oncePerMemory } from "./wasm-instance.js";

/** What a fused operation does with its product. */
export interface Fusion {
  readonly bias?: tf.TensorInfo | undefined;
  readonly activation?: string | undefined;
  readonly preluActivationWeights?: tf.TensorInfo | undefined;
  readonly leakyreluAlpha?: number | undefined;
}

type Activate = (backend: WasmBackend, x: tf.TensorInfo, fusion: Fusion) => tf.TensorInfo;

const unary =
  (kernelName: string): Activate =>
  (backend, x) =>
    callKernel(backend, kernelName, { x });

/** Activations by the names that fused operations have for them. */
const activations: Readonly<Record<string, Activate>> = {
  relu: unary(tf.Relu),
  relu6: unary(tf.Relu6),
  elu: unary(tf.Elu),
  sigmoid: unary(tf.Sigmoid),
  leakyrelu: (backend, x, { leakyreluAlpha = 0 }) =>
    callKernel(backend, tf.LeakyRelu, { x }, { alpha: leakyreluAlpha }),
  prelu: (backend, x, { preluActivationWeights: alpha }) => callKernel(backend, tf.Prelu, { x, alpha: alpha! }),
};

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

/** Their workspaces are never freed. */
const productIn = oncePerMemory(
  (wasm, kernel) =>
    new MatrixProduct({
      exports: exportsIn(wasm, kernel),
      memory: wasm.asm.memory,
      allocate: (bytes) => wasm._malloc(bytes) >>> 0,
      hasWideTiles: kernel.hasWideTiles,
      threads: { count: productThreads(), module: kernel.module },
    }),
);

export function multiplierBy(kernel: MatrixKernel): Multiplier {
  return ({ wasm }) => productIn(wasm, kernel);
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
  fusion: Fusion,
  products: (result: number) => readonly Omit<Product, "bias" | "relu">[],
): tf.TensorInfo {
  const { bias, activation = "linear" } = fusion;
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
  const activate = activations[activation];
  if (!activate) throw new Error(`activation ${activation} is unknown`);
  return followed(backend, result, (x) => activate(backend, x, fusion));
}
