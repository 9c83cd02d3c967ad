import type * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import { arrayReductions } from "./array-reductions.js";
import { type HostReductions, isSafe } from "./host-reductions.js";
import { areFew, type Id, integers, type NativeBackend, none } from "./native-backend.js";
import { hasOwnOperations, isForOneThread, ownOperations } from "./native-operations.js";

/**
 * Reductions by TensorFlow's own operations, without the handles that TensorFlow.js makes for every result: they cost
 * more than the operations. TensorFlow adds by halves, so that errors are a rounding or two.
 *
 * @param scaledNorm ‖x‖_p of what has powers beyond float32, at whatever cost
 */
export function nativeReductions(
  backend: NativeBackend,
  scaledNorm: (x: tf.TensorInfo, p: Norm) => number,
): HostReductions {
  const { binding, tensorMap } = backend;
  const hasNorm = hasOwnOperations(backend);
  /** For each rank a tensor of all axes, kept for good. */
  const axes: Id[] = [];
  const axesOf = ({ shape: { length } }: tf.TensorInfo) => {
    axes[length] ??= integers(
      backend,
      Array.from({ length }, (_, i) => i),
    );
    return axes[length];
  };
  const idOf = (x: tf.TensorInfo) => backend.getInputTensorIds([x])[0]!;
  const run = (name: string, inputs: readonly Id[]) => binding.executeOp(name, none, inputs, 1)[0]!.id;
  const numbersOf = ({ dataId }: tf.TensorInfo) => backend.readSync(dataId) as Float32Array;

  function take(scalar: Id): number {
    const value = binding.tensorDataSync(scalar)[0]!;
    binding.deleteTensor(scalar);
    return value;
  }
  /** Of what another operation has made, which is freed. */
  function reduce(name: string, entries: Id, like: tf.TensorInfo): number {
    const value = take(run(name, [entries, axesOf(like)]));
    binding.deleteTensor(entries);
    return value;
  }

  function euclideanNorm(x: tf.TensorInfo): number {
    if (hasNorm && isForOneThread(x)) return take(run(ownOperations.norm, [idOf(x)]));
    const squares = 2 * take(run("L2Loss", [idOf(x)]));
    return isSafe(squares) ? Math.sqrt(squares) : scaledNorm(x, 2);
  }

  return {
    norm(x, p) {
      if (areFew(x)) return arrayReductions.norm(numbersOf(x), p);
      if (p === 1 || p === "infinity") return reduce(p === 1 ? "Sum" : "Max", run("Abs", [idOf(x)]), x);
      if (p !== 2) return scaledNorm(x, p);
      const stored = tensorMap.get(x.dataId);
      stored.norm ??= euclideanNorm(x);
      return stored.norm;
    },
    dot(x, y) {
      if (areFew(x)) return arrayReductions.dot(numbersOf(x), numbersOf(y));
      return reduce("Sum", run("Mul", backend.getInputTensorIds([x, y])), x);
    },
    sum: (x) => (areFew(x) ? arrayReductions.sum(numbersOf(x)) : take(run("Sum", [idOf(x), axesOf(x)]))),
  };
}
