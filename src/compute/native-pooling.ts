import * as tf from "@tensorflow/tfjs-core";
import { companion, type Kernel, type NativeBackend, resultOf } from "./native-backend.js";

/** What both kernels are told of the windows. */
interface WindowAttributes {
  readonly filterSize: [number, number] | number;
  readonly strides: [number, number] | number;
  readonly pad: "valid" | "same" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
}

/** Under this name an output has, beside it, where in its windows the maxima lie. */
const places = "places of the maxima";

/** The attributes of oneDNN's operations, which TensorFlow reaches by a label of its kernels. */
function attributesOf({ binding }: NativeBackend, { filterSize, strides, pad }: WindowAttributes) {
  const { TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_BOOL } = binding;
  const pair = (size: [number, number] | number) => (typeof size === "number" ? [size, size] : size);
  return [
    { name: "ksize", type: TF_ATTR_INT, value: [1, ...pair(filterSize), 1] },
    { name: "strides", type: TF_ATTR_INT, value: [1, ...pair(strides), 1] },
    { name: "padding", type: TF_ATTR_STRING, value: String(pad).toUpperCase() },
    { name: "workspace_enabled", type: TF_ATTR_BOOL, value: true },
    { name: "_kernel", type: TF_ATTR_STRING, value: "MklNameChangeOp" },
  ];
}

/** Whether this TensorFlow has oneDNN's max pooling, and is to use oneDNN. */
function isThere(backend: NativeBackend): boolean {
  if (process.env.TF_ENABLE_ONEDNN_OPTS === "0") return false;
  const { binding } = backend;
  const attributes = attributesOf(backend, { filterSize: 2, strides: 2, pad: "valid" });
  const ids = [binding.createTensor([1, 2, 2, 1], binding.TF_FLOAT, Float32Array.of(1, 2, 4, 3))];
  try {
    ids.push(...binding.executeOp("_MklNativeMaxPool", attributes, ids, 2).map(({ id }) => id));
    const gradient = binding.executeOp("_MklNativeMaxPoolGrad", attributes, [ids[0]!, ids[1]!, ids[1]!, ids[2]!], 1);
    ids.push(gradient[0]!.id);
    return binding.tensorDataSync(ids[1]!)[0] === 4 && binding.tensorDataSync(ids[3]!).join() === "0,0,4,0";
  } catch {
    return false;
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}

/**
 * Max pooling by oneDNN, which TensorFlow has and does not take: it is several times as fast as its own. None where it is
 * not there.
 */
export function maxPooling(
  backend: NativeBackend,
  forward: Kernel,
  backward: Kernel,
): Readonly<Record<string, Kernel>> {
  if (!isThere(backend)) return {};
  const { binding, tensorMap } = backend;
  return {
    [tf.MaxPool](call) {
      const x = call.inputs.x!;
      const windows = call.attrs as unknown as WindowAttributes;
      if (x.dtype !== "float32" || typeof windows.pad !== "string") return forward(call);
      const ids = backend.getInputTensorIds([x]);
      const [maxima, where] = binding.executeOp("_MklNativeMaxPool", attributesOf(backend, windows), ids, 2);
      const result = resultOf(backend, maxima!);
      companion(tensorMap.get(result.dataId), places, () => where!.id);
      return result;
    },
    [tf.MaxPoolGrad](call) {
      const { dy, input, output } = call.inputs as Readonly<Record<"dy" | "input" | "output", tf.TensorInfo>>;
      const where = tensorMap.get(output.dataId).companions?.get(places);
      if (where === undefined) return backward(call);
      const ids = backend.getInputTensorIds([input, output, dy]);
      const attributes = attributesOf(backend, call.attrs as unknown as WindowAttributes);
      return resultOf(backend, binding.executeOp("_MklNativeMaxPoolGrad", attributes, [...ids, where], 1)[0]!);
    },
  };
}
