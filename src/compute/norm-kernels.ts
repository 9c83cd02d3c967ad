import * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";

/** Name of the kernel, for backends whose tensors lie in this process's memory: ‖x‖_p as a scalar. */
export const vectorNorm = "VectorNorm";

/**
 * Sums in double precision, in which no square of a float32 overflows or vanishes: the one rounding is that of the
 * result. Four sums of fixed order need not wait for one another's additions.
 */
function sumOfSquares(x: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += x[i]! * x[i]!;
    b += x[i + 1]! * x[i + 1]!;
    c += x[i + 2]! * x[i + 2]!;
    d += x[i + 3]! * x[i + 3]!;
  }
  for (let i = whole; i < x.length; i++) a += x[i]! * x[i]!;
  return a + b + (c + d);
}

function sumOfMagnitudes(x: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += Math.abs(x[i]!);
    b += Math.abs(x[i + 1]!);
    c += Math.abs(x[i + 2]!);
    d += Math.abs(x[i + 3]!);
  }
  for (let i = whole; i < x.length; i++) a += Math.abs(x[i]!);
  return a + b + (c + d);
}

function largest(x: Float32Array): number {
  let found = 0;
  for (let i = 0; i < x.length; i++) {
    const magnitude = Math.abs(x[i]!);
    if (magnitude > found) found = magnitude;
    else if (Number.isNaN(magnitude)) return magnitude;
  }
  return found;
}

/** Divided by the largest magnitude, for powers leave even double precision. */
function generalNorm(x: Float32Array, p: number): number {
  const unit = largest(x);
  if (unit === 0 || !Number.isFinite(unit)) return unit;
  let total = 0;
  for (let i = 0; i < x.length; i++) total += (Math.abs(x[i]!) / unit) ** p;
  return unit * total ** (1 / p);
}

function normOf(x: Float32Array, p: Norm): number {
  switch (p) {
    case 1:
      return sumOfMagnitudes(x);
    case 2:
      return Math.sqrt(sumOfSquares(x));
    case "infinity":
      return largest(x);
    default:
      return generalNorm(x, p);
  }
}

/** What is used of the two backends' own interfaces. */
interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}
interface WasmBackend {
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  /** The tensor's own memory. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

type Kernel<Backend> = (call: { inputs: { x: tf.TensorInfo }; backend: Backend; attrs: { p: Norm } }) => tf.TensorInfo;

const onCpu: Kernel<CpuBackend> = ({ inputs: { x }, backend, attrs }) =>
  backend.makeTensorInfo([], "float32", Float32Array.of(normOf(backend.data.get(x.dataId).values, attrs.p)));

const onWasm: Kernel<WasmBackend> = ({ inputs: { x }, backend, attrs }) => {
  const output = backend.makeOutput([], "float32");
  // Taken after the output was made: memory that grows moves.
  backend.typedArrayFromHeap(output)[0] = normOf(backend.typedArrayFromHeap(x), attrs.p);
  return output;
};

/** Gives the backend a kernel for norms, unless it has it. */
export function registerNormKernel(backendName: "cpu" | "wasm"): void {
  if (tf.getKernel(vectorNorm, backendName)) return;
  const kernelFunc = (backendName === "cpu" ? onCpu : onWasm) as unknown as tf.KernelFunc;
  tf.registerKernel({ kernelName: vectorNorm, backendName, kernelFunc });
}
