import type * as tf from "@tensorflow/tfjs-core";
import type { Counted } from "./pending-vector.js";
import type { Table } from "./pending-vectors.js";

/** Data as the backend has it in its table: on the host, on the device, or nowhere yet. */
export interface WebgpuData extends Counted {
  readonly dtype: string;
  readonly shape: readonly number[];
  values: tf.TypedArray | null;
  resource?: GPUBuffer | null;
}

/** What is used of the interior of the WebGPU backend: commands are recorded, and submitted many at a time. */
export interface WebgpuBackend extends tf.KernelBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: Table<WebgpuData>;
  readonly bufferManager: {
    readonly numBytesUsed: number;
    acquireBuffer(bytes: number, usage: number): GPUBuffer;
    releaseBuffer(buffer: GPUBuffer): void;
  };
  readonly commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  dispatchCountInPass: number;
  /** Data that recorded commands use: its memory is given to nobody else before they are submitted. */
  readonly commandQueueOwnedIds: WeakSet<tf.DataId>;
  /** Memory that is free again as soon as the recorded commands are submitted. */
  readonly uniformPendingDisposal: GPUBuffer[];
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  recordAndSubmit(...call: unknown[]): void;
  uploadToGPU(dataId: tf.DataId): void;
  makeTensorInfo(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
}

/** A kernel as it is registered, without the autodiff of a Tensor. */
export type WebgpuKernel = (call: {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: unknown;
}) => tf.TensorInfo | tf.TensorInfo[];
