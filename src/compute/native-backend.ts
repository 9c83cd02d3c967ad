import * as tf from "@tensorflow/tfjs-core";

/** The number of one of TensorFlow's own tensors, which has one shape for good. */
export type Id = number;

/** A result of TensorFlow, of which the backend has yet to make a tensor. */
interface Output {
  readonly id: Id;
  readonly shape: number[];
  readonly dtype: number;
}

/** An attribute of an operation, as the addon takes it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What the backend keeps of a tensor's data. */
export interface Stored {
  /** That of TensorFlow's tensor, or of the first that wrote the numbers. */
  shape: readonly number[];
  readonly dtype: number;
  /** TensorFlow's tensor; below 0 as long as there is none. */
  id: Id;
  /** Numbers that TensorFlow has not been given yet. */
  values: Float32Array | Int32Array | Uint8Array | null;
  /** The numbers of few that TensorFlow has, where they are known here. */
  numbers?: Float32Array;
  /** ‖·‖₂, where it is known. */
  norm?: number | undefined;
  refCount: number;
  /** Tensors of TensorFlow's that go with the data: the data in other shapes, and what was computed beside it. */
  companions?: Map<string, Id>;
  /** Of what is not computed yet: it need not be. */
  forgo?(): void;
}

type Binding = Readonly<
  Record<
    "TF_FLOAT" | "TF_INT32" | "TF_UINT8" | "TF_ATTR_BOOL" | "TF_ATTR_INT" | "TF_ATTR_STRING" | "TF_ATTR_TYPE",
    number
  >
> & {
  createTensor(shape: readonly number[], type: number, values: NonNullable<Stored["values"]>): Id;
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly Id[], outputs: number): Output[];
  tensorDataSync(id: Id): Float32Array;
  deleteTensor(id: Id): void;
};

/** What is used of tfjs-node's addon and of the backend around it. */
export interface NativeBackend extends tf.KernelBackend {
  readonly binding: Binding;
  readonly tensorMap: {
    has(data: object): boolean;
    get(data: object): Stored;
    set(data: object, stored: Stored): void;
    delete(data: object): boolean;
  };
  createOutputTensor(output: Output): tf.Tensor;
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): Id[];
  executeSingleInput(name: string, input: tf.TensorInfo): tf.Tensor;
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.TensorInfo[],
    outputs: number,
  ): tf.Tensor[];
}

/** A kernel of the backend. */
export type Kernel = (call: {
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: NativeBackend;
}) => tf.TensorInfo | tf.TensorInfo[];

/** So many numbers are read, and computed with here, sooner than an operation is started. */
const fewNumbers = 2048;

export const areFew = ({ shape }: { readonly shape: readonly number[] }) =>
  shape.reduce((size, length) => size * length, 1) <= fewNumbers;

/** For operations that see the types by their inputs: to be told costs them more than to compute a few numbers. */
export const none: readonly Attribute[] = [];

/** Whether an operation sees as much by its inputs, or takes it for granted. */
const isKnown = ({ name, value }: Attribute) =>
  name === "T" || name === "Tidx" || (name === "keep_dims" && value === false);

function areSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What the engine makes a tensor of, from a result of float32 numbers; in that shape, if not in its own. */
export function resultOf({ tensorMap }: NativeBackend, { id, shape, dtype }: Output, as = shape): tf.TensorInfo {
  const dataId = {};
  tensorMap.set(dataId, { shape, dtype, id, values: null, refCount: 1 });
  return { dataId, shape: as, dtype: "float32" };
}

/** The companion of this name, which is made where there is none. */
export function companion(stored: Stored, name: string, make: () => Id): Id {
  stored.companions ??= new Map();
  const id = stored.companions.get(name) ?? make();
  stored.companions.set(name, id);
  return id;
}

/** A tensor of TensorFlow's with these whole numbers. */
export const integers = ({ binding }: NativeBackend, values: readonly number[]): Id =>
  binding.createTensor([values.length], binding.TF_INT32, Int32Array.from(values));

/** The data in another shape than its own. */
function reshaped(backend: NativeBackend, stored: Stored, shape: readonly number[]): Id {
  return companion(stored, shape.join(), () => {
    const { binding } = backend;
    const wanted = integers(backend, shape);
    const [output] = binding.executeOp("Reshape", none, [stored.id, wanted], 1);
    binding.deleteTensor(wanted);
    return output!.id;
  });
}

/**
 * Lets tensors of several shapes have the same data, as other backends do, and computes with fewer calls. TensorFlow's own
 * tensor of another shape is made where an operation asks for it, and goes with the data.
 */
export function shareData(backend: NativeBackend): void {
  const { binding, tensorMap } = backend;
  const { TF_FLOAT } = binding;
  const shipped = {
    createOutputTensor: backend.createOutputTensor.bind(backend),
    getInputTensorIds: backend.getInputTensorIds.bind(backend),
    readSync: backend.readSync.bind(backend),
  };

  function idOf(tensor: tf.TensorInfo): Id {
    // The 64-bit scalars of tfjs-node are no tensors.
    if (tensor.dataId === undefined) return shipped.getInputTensorIds([tensor])[0]!;
    const stored = tensorMap.get(tensor.dataId);
    if (stored.values !== null) {
      if (stored.values instanceof Float32Array && areFew(tensor)) stored.numbers = stored.values;
      stored.id = binding.createTensor(tensor.shape, stored.dtype, stored.values);
      stored.shape = tensor.shape;
      stored.values = null;
    }
    return areSame(stored.shape, tensor.shape) ? stored.id : reshaped(backend, stored, tensor.shape);
  }

  Object.assign(backend, {
    getInputTensorIds: (tensors: readonly tf.TensorInfo[]) => tensors.map(idOf),
    createOutputTensor(output: Output): tf.Tensor {
      if (output.dtype !== TF_FLOAT) return shipped.createOutputTensor(output);
      return tf.engine().makeTensorFromTensorInfo(resultOf(backend, output));
    },
    readSync(dataId: object) {
      const stored = tensorMap.get(dataId);
      if (stored?.values !== null || stored.dtype !== TF_FLOAT || !areFew(stored)) {
        return shipped.readSync(dataId);
      }
      stored.numbers ??= binding.tensorDataSync(stored.id);
      return stored.numbers;
    },
    executeSingleInput: (name: string, input: tf.TensorInfo) =>
      backend.createOutputTensor(binding.executeOp(name, none, [idOf(input)], 1)[0]!),
    executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor {
      const told = attributes.every(isKnown) ? none : attributes;
      const output = binding.executeOp(name, told, inputs.map(idOf), 1)[0]!;
      return backend.createOutputTensor(output);
    },
    disposeData(dataId: object, force = false): boolean {
      if (!tensorMap.has(dataId)) return true;
      const stored = tensorMap.get(dataId);
      stored.refCount--;
      if (!force && stored.refCount > 0) return false;
      stored.forgo?.();
      if (stored.id >= 0) binding.deleteTensor(stored.id);
      if (stored.companions) for (const id of stored.companions.values()) binding.deleteTensor(id);
      tensorMap.delete(dataId);
      return true;
    },
  } satisfies Partial<NativeBackend>);
}
