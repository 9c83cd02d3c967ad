import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackendName } from "./wasm-backend.js";

/** A kernel in plain JavaScript, for backends whose tensors lie in this process's memory. */
export interface HostKernel {
  readonly name: string;
  /** Names of its inputs, in the order in which `compute` takes them. */
  readonly inputs: readonly string[];
  /** Shapes of the results. */
  shapes(inputs: readonly tf.TensorInfo[]): readonly (readonly number[])[];
  /** Fills the results, which hold anything before. */
  compute(inputs: readonly Float32Array[], results: readonly Float32Array[], attributes: tf.NamedAttrMap): void;
}

export type HostBackendName = "cpu" | WasmBackendName;

/** What is used of the two backends' own interfaces. */
interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
  makeTensorInfo(shape: readonly number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
}
interface WasmBackend {
  makeOutput(shape: readonly number[], dtype: "float32"): tf.TensorInfo;
  /** The tensor's own memory. */
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

function onCpu(kernel: HostKernel): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const { data, makeTensorInfo } = backend as CpuBackend;
    const given = kernel.inputs.map((name) => (inputs as tf.NamedTensorInfoMap)[name]!);
    const shapes = kernel.shapes(given);
    const results = shapes.map((shape) => new Float32Array(tf.util.sizeFromShape([...shape])));
    const values = given.map(({ dataId }) => data.get(dataId).values);
    kernel.compute(values, results, attrs as tf.NamedAttrMap);
    return results.map((result, i) => makeTensorInfo.call(backend, shapes[i]!, "float32", result));
  };
}

function onWasm(kernel: HostKernel): tf.KernelFunc {
  return ({ inputs, attrs, backend }) => {
    const wasm = backend as WasmBackend;
    const given = kernel.inputs.map((name) => (inputs as tf.NamedTensorInfoMap)[name]!);
    const results = kernel.shapes(given).map((shape) => wasm.makeOutput(shape, "float32"));
    // Views, taken after the allocations, which can move the memory.
    const [from, to] = [given, results].map((tensors) => tensors.map((tensor) => wasm.typedArrayFromHeap(tensor)));
    kernel.compute(from!, to!, attrs as tf.NamedAttrMap);
    return results;
  };
}

/** Gives the backend this kernel, unless it has it. */
export function registerHostKernel(backendName: HostBackendName, kernel: HostKernel): void {
  if (tf.getKernel(kernel.name, backendName)) return;
  const kernelFunc = backendName === "cpu" ? onCpu(kernel) : onWasm(kernel);
  tf.registerKernel({ kernelName: kernel.name, backendName, kernelFunc });
}
