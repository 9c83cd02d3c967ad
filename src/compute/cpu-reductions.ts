import * as tf from "@tensorflow/tfjs-core";
import { arrayReductions } from "./array-reductions.js";
import type { HostReductions } from "./host-reductions.js";

/** What is used of the cpu backend's own interface. */
interface CpuBackend {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
}

const entriesOf = ({ dataId }: tf.TensorInfo): Float32Array =>
  (tf.backend() as unknown as CpuBackend).data.get(dataId).values;

/** On the arrays of the cpu backend. */
export const cpuReductions: HostReductions = {
  norm: (x, p) => arrayReductions.norm(entriesOf(x), p),
  dot: (x, y) => arrayReductions.dot(entriesOf(x), entriesOf(y)),
  sum: (x) => arrayReductions.sum(entriesOf(x)),
};
