import * as tf from "@tensorflow/tfjs-core";
import type { DeferredOperations, Entries } from "./deferred-operations.js";
import { areFew, type Id, type NativeBackend, none, resultOf, type Stored } from "./native-backend.js";
import { isForOneThread, ownOperations } from "./native-operations.js";

/** s·b, which is computed as soon as anybody asks for its data, or before that together with a sum a + s·b. */
class ScaledVector implements Stored {
  readonly values = null;
  refCount = 1;
  norm: number | undefined;
  companions?: Map<string, Id>;
  numbers?: Float32Array;
  private made: Id | undefined;

  constructor(
    readonly factor: number,
    readonly vector: tf.TensorInfo,
    readonly dtype: number,
    private readonly owner: { compute(scaled: ScaledVector): Id; forget(scaled: ScaledVector): void },
  ) {}

  get shape(): readonly number[] {
    return this.vector.shape;
  }

  get isPending(): boolean {
    return this.made === undefined;
  }

  get id(): Id {
    if (this.made === undefined) this.id = this.owner.compute(this);
    return this.made!;
  }

  set id(made: Id) {
    this.made = made;
    this.owner.forget(this);
  }

  forgo(): void {
    if (this.isPending) this.id = -1;
  }
}

/** The vector and the number that it is multiplied by; undefined where these are others, or a gradient may be asked for. */
function scaling([s, b]: readonly Entries[]): [s: number, b: tf.Tensor] | undefined {
  if (typeof s !== "number" || typeof b === "number" || !b || b.dtype !== "float32") return undefined;
  return areFew(b) || !isForOneThread(b) || tf.engine().isTapeOn() ? undefined : [s, b];
}

/**
 * Products of a vector and a number, put off: most are added to another vector, and the product, the sum and the norms of
 * both are one operation.
 */
export function nativeDeferredOperations(backend: NativeBackend): DeferredOperations {
  const { binding, tensorMap } = backend;
  const pending = new Set<ScaledVector>();
  const idOf = (x: tf.TensorInfo) => backend.getInputTensorIds([x])[0]!;

  /** What is computed from these and a number. */
  function execute(operation: string, outputs: number, factor: number, inputs: (factor: Id) => readonly Id[]) {
    const scalar = binding.createTensor([], binding.TF_FLOAT, Float32Array.of(factor));
    try {
      return binding.executeOp(operation, none, inputs(scalar), outputs);
    } finally {
      binding.deleteTensor(scalar);
    }
  }

  const owner = {
    compute: ({ factor, vector }: ScaledVector): Id => execute("Mul", 1, factor, (s) => [s, idOf(vector)])[0]!.id,
    forget(scaled: ScaledVector) {
      if (!pending.delete(scaled)) return;
      const { dataId } = scaled.vector;
      if (backend.disposeData(dataId)) tf.engine().removeDataId(dataId, backend);
    },
  };

  function product(operands: readonly Entries[]): tf.Tensor | undefined {
    const found = scaling(operands);
    if (!found) return undefined;
    const [factor, { dataId: of, shape, dtype }] = found;
    backend.incRef(of);
    const scaled = new ScaledVector(factor, { dataId: of, shape, dtype }, binding.TF_FLOAT, owner);
    pending.add(scaled);
    const dataId = {};
    tensorMap.set(dataId, scaled);
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  }

  const pendingOf = (x: tf.Tensor) => {
    const stored = tensorMap.get(x.dataId);
    return stored instanceof ScaledVector && stored.isPending ? stored : undefined;
  };

  function sumOf(a: tf.Tensor, scaled: ScaledVector): tf.Tensor {
    const [first, vector] = backend.getInputTensorIds([a, scaled.vector]) as [Id, Id];
    const outputs = execute(ownOperations.scaledSum, 3, scaled.factor, (s) => [first, s, vector]);
    const [product, sum, norms] = outputs as [(typeof outputs)[0], (typeof outputs)[0], (typeof outputs)[0]];
    const [ofProduct, ofSum] = binding.tensorDataSync(norms.id);
    binding.deleteTensor(norms.id);
    scaled.id = product.id;
    scaled.norm = ofProduct;
    const result = resultOf(backend, sum);
    tensorMap.get(result.dataId).norm = ofSum;
    return tf.engine().makeTensorFromTensorInfo(result);
  }

  function sum([a, b]: readonly Entries[]): tf.Tensor | undefined {
    if (!(a instanceof tf.Tensor && b instanceof tf.Tensor) || !tf.util.arraysEqual(a.shape, b.shape)) return undefined;
    if (a.dtype !== "float32" || b.dtype !== "float32" || tf.engine().isTapeOn()) return undefined;
    const [first, second] = [pendingOf(a), pendingOf(b)];
    if (second) return sumOf(a, second);
    return first && sumOf(b, first);
  }

  return {
    make(operation, operands) {
      if (operation === "product") return product(operands);
      return operation === "sum" ? sum(operands) : undefined;
    },
    settle(vectors) {
      const wanted = vectors ? vectors.flatMap((vector) => pendingOf(vector) ?? []) : [...pending];
      for (const scaled of wanted) scaled.id;
    },
  };
}
