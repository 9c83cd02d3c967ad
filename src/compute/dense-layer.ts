import * as tf from "@tensorflow/tfjs-core";
import * as library from "@tensorflow/tfjs-layers";
import { denseKernel, reluGradientKernel } from "./kernel-names.js";

type Tensor = tf.Tensor;

/** What is used of the library's fully connected layer, which it keeps to itself. */
interface DenseLayer {
  readonly kernel: library.LayerVariable;
  readonly bias: library.LayerVariable | null;
  readonly activation: { getClassName(): string; apply(x: Tensor): Tensor };
}

/** What the kernel is told. */
export interface DenseAttributes {
  readonly isRectified: boolean;
}

const runKernel = (name: string, inputs: Readonly<Record<string, Tensor>>, attributes: object = {}) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as Tensor;

tf.registerGradient({
  kernelName: denseKernel,
  inputsToSave: ["x", "weights"],
  outputsToSave: [true],
  gradFunc(dy, saved, attributes) {
    const [x, weights, y] = saved as [Tensor, Tensor, Tensor];
    const { isRectified } = attributes as unknown as DenseAttributes;
    const slopes = isRectified ? runKernel(reluGradientKernel, { dy: dy as Tensor, x: y }) : (dy as Tensor);
    return {
      x: () => tf.matMul(slopes, weights, false, true),
      weights: () => tf.matMul(x, slopes, true, false),
      bias: () => tf.sum(slopes, 0),
    };
  },
});

const { prototype } = library.layers.dense({ units: 1, name: "dense" }).constructor as unknown as {
  prototype: { call(this: DenseLayer, inputs: Tensor | Tensor[], options: object): Tensor };
};
const composed = prototype.call;

interface DenseInputs {
  readonly x: Tensor;
  readonly kernel: Tensor;
  readonly bias: Tensor | undefined;
  readonly isRectified: boolean;
}

/** x·W + b, or the larger of that and 0, in one operation; undefined where the active backend has none for it. */
export function denseOperation({ x, kernel, bias, isRectified }: DenseInputs): Tensor | undefined {
  const isMatrix = x.rank === 2 && x.dtype === "float32";
  if (!isMatrix || !tf.getKernel(denseKernel, tf.getBackend())) return undefined;
  return runKernel(denseKernel, { x, weights: kernel, ...(bias && { bias }) }, { isRectified });
}

/** The library composes relu(x·W + b) of operations that each go to the tape, where a backend has a kernel for it. */
prototype.call = function (inputs, options) {
  const x = Array.isArray(inputs) ? inputs[0]! : inputs;
  const activation = this.activation.getClassName();
  const isRectified = activation === "relu";
  const y = denseOperation({ x, kernel: this.kernel.read(), bias: this.bias?.read(), isRectified });
  if (!y) return composed.call(this, inputs, options);
  return isRectified || activation === "linear" ? y : this.activation.apply(y);
};
