import type * as tf from "@tensorflow/tfjs-core";
import { type Id, type NativeBackend, none } from "./native-backend.js";

/** Operations that this tool gives TensorFlow; see src/native/operations.cc. */
export const ownOperations = {
  intensities: "RunExperimentIntensities",
  norm: "RunExperimentNorm",
  scaledSum: "RunExperimentScaledSum",
} as const;

/** Up to so many entries one thread is through with a vector sooner than several, which have to be woken. */
const mostEntries = 2 ** 20;

export const isForOneThread = ({ shape }: Pick<tf.TensorInfo, "shape">) =>
  shape.reduce((size, length) => size * length, 1) <= mostEntries;

/** Whether this TensorFlow has them: the addon that comes with the npm package brings none. */
export function hasOwnOperations({ binding }: NativeBackend): boolean {
  const ids: Id[] = [binding.createTensor([2], binding.TF_FLOAT, Float32Array.of(3, 4))];
  try {
    ids.push(binding.executeOp(ownOperations.norm, none, ids, 1)[0]!.id);
    return binding.tensorDataSync(ids[1]!)[0] === 5;
  } catch {
    return false;
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}
