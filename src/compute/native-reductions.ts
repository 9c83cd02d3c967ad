import type * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import { type HostReductions, isSafe } from "./host-reductions.js";

/** The number of one of TensorFlow's own tensors. */
type Id = number;

/** A result of TensorFlow, of which the backend knows more. */
interface Output {
  readonly id: Id;
}

/** What is used of tfjs-node's addon and of the backend around it. */
export interface NativeBackend extends tf.KernelBackend {
  readonly binding: {
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_UINT8: number;
    createTensor(shape: readonly number[], type: number, values: Int32Array | Uint8Array): Id;
    executeOp(name: string, attributes: readonly object[], inputs: readonly Id[], outputs: number): Output[];
    tensorDataSync(id: Id): Float32Array;
    deleteTensor(id: Id): void;
  };
  createOutputTensor(output: Output): tf.Tensor;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): Id[];
  executeMultipleOutputs(
    name: string,
    attributes: readonly object[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

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
  const { binding } = backend;
  const type = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const reduction = [
    { name: "keep_dims", type: binding.TF_ATTR_BOOL, value: false },
    type,
    { name: "Tidx", type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 },
  ];
  /** For each rank a tensor of all axes, kept for good. */
  const axes: Id[] = [];
  const axesOf = ({ shape: { length } }: tf.TensorInfo) => {
    axes[length] ??= binding.createTensor(
      [length],
      binding.TF_INT32,
      Int32Array.from({ length }, (_, i) => i),
    );
    return axes[length];
  };
  const idOf = (x: tf.TensorInfo) => backend.getInputTensorIds([x])[0]!;
  const run = (name: string, inputs: readonly Id[], attributes: readonly object[] = [type]) =>
    binding.executeOp(name, attributes, inputs, 1)[0]!.id;

  function take(scalar: Id): number {
    const value = binding.tensorDataSync(scalar)[0]!;
    binding.deleteTensor(scalar);
    return value;
  }
  /** Of what another operation has made, which is freed. */
  function reduce(name: string, entries: Id, like: tf.TensorInfo): number {
    const value = take(run(name, [entries, axesOf(like)], reduction));
    binding.deleteTensor(entries);
    return value;
  }

  return {
    norm(x, p) {
      if (p === 1 || p === "infinity") return reduce(p === 1 ? "Sum" : "Max", run("Abs", [idOf(x)]), x);
      if (p !== 2) return scaledNorm(x, p);
      const squares = 2 * take(run("L2Loss", [idOf(x)]));
      return isSafe(squares) ? Math.sqrt(squares) : scaledNorm(x, p);
    },
    dot: (x, y) => reduce("Sum", run("Mul", backend.getInputTensorIds([x, y])), x),
    sum: (x) => take(run("Sum", [idOf(x), axesOf(x)], reduction)),
  };
}
