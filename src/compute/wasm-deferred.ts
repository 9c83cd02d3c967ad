import * as tf from "@tensorflow/tfjs-core";
import {
  type DeferredOperations,
  type Entries,
  type EntrywiseOperation,
  entrywiseOperations,
} from "./deferred-operations.js";
import type { MatrixKernel } from "./matrix-kernel.js";
import { type ComputedVector, isPending, type Operand, PendingVector, type WasmData } from "./pending-vector.js";
import { VectorProgram } from "./vector-program.js";
import type { WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";

/** More than any rule puts off in a step; a longer chain of operations is computed piece by piece. */
const mostPending = 256;

const numbers = Object.fromEntries(entrywiseOperations.map((name, i) => [name, i])) as Record<
  EntrywiseOperation,
  number
>;

/** The pending vectors in the memory of one backend. */
class PendingVectors {
  private readonly pending = new Set<PendingVector>();
  private readonly program: VectorProgram;
  private readonly disposeData: WasmBackend["disposeData"];
  private made = 0;

  constructor(
    private readonly backend: WasmBackend,
    kernel: MatrixKernel,
  ) {
    const { wasm } = backend;
    this.program = new VectorProgram({
      exports: exportsIn(wasm, kernel),
      memory: wasm.asm.memory,
      allocate: (bytes) => wasm._malloc(bytes) >>> 0,
      free: (address) => wasm._free(address),
    });
    this.disposeData = backend.disposeData.bind(backend);
    backend.disposeData = (dataId, force) => this.dispose(dataId, force);
  }

  make(operation: EntrywiseOperation, entries: readonly Entries[]): tf.Tensor | undefined {
    const shape = shapeOf(entries);
    if (shape === undefined) return undefined;
    const operands = entries.map((one) => this.held(one));
    const dataId = {};
    const size = tf.util.sizeFromShape(shape);
    const compute = (vector: PendingVector) => this.compute(vector);
    const vector = new PendingVector(dataId, this.made++, numbers[operation], operands, shape, size, compute);
    this.backend.dataIdMap.set(dataId, vector);
    this.pending.add(vector);
    if (this.pending.size >= mostPending) this.settle();
    return tf.engine().makeTensorFromDataId(dataId, shape, "float32", this.backend);
  }

  /**
   * Without vectors, all that have handles: the others were of use for these alone. If that fails nothing stays pending,
   * for the scope that they were made in ends.
   */
  settle(vectors?: readonly tf.Tensor[]): void {
    try {
      this.evaluateAmong(vectors ? this.pendingAmong(vectors) : this.pending);
    } catch (error) {
      for (const { dataId } of this.pending) this.dispose(dataId, true);
      throw error;
    }
  }

  private evaluateAmong(vectors: Iterable<PendingVector>): void {
    const bySize = new Map<number, PendingVector[]>();
    for (const vector of vectors) {
      if (vector.refCount === 0) continue;
      const group = bySize.get(vector.size);
      if (group) group.push(vector);
      else bySize.set(vector.size, [vector]);
    }
    for (const wanted of bySize.values()) this.evaluate(wanted);
  }

  private pendingAmong(vectors: readonly tf.Tensor[]): PendingVector[] {
    const data = new Set(vectors.map(({ dataId }) => this.backend.dataIdMap.get(dataId)));
    return [...data].filter((one) => one instanceof PendingVector);
  }

  /** An operand, which is not freed before it is released. */
  private held(one: Entries): Operand {
    if (typeof one === "number") return Math.fround(one);
    const data = this.backend.dataIdMap.get(one.dataId);
    if (data instanceof PendingVector) {
      data.uses++;
      return data;
    }
    data.refCount++;
    return { dataId: one.dataId, data };
  }

  private compute(vector: PendingVector): WasmData {
    this.evaluate([vector], true);
    return vector.data!;
  }

  /**
   * @param wanted of one size
   * @param isAsked whether they are wanted while others may yet be made of what they are made of
   */
  private evaluate(wanted: readonly PendingVector[], isAsked = false): void {
    const needed = pendingOf(wanted);
    const isWanted = new Set(wanted);
    const results = new Map<PendingVector, ComputedVector>();
    try {
      for (const vector of needed) {
        const isWantedAgain = isAsked && vector.wasPassed && vector.refCount > 0;
        if (isWanted.has(vector) || isWantedAgain) results.set(vector, this.memoryFor(vector));
        else vector.wasPassed = true;
      }
      this.program.run(needed, results);
    } catch (error) {
      for (const { dataId } of results.values()) this.disposeData(dataId);
      throw error;
    }
    for (const [vector, result] of results) this.place(vector, result);
    for (const vector of results.keys()) this.drop(vector);
  }

  private memoryFor({ shape }: PendingVector): ComputedVector {
    const { dataId } = this.backend.makeOutput(shape, "float32");
    return { dataId, data: this.backend.dataIdMap.get(dataId) };
  }

  /** Gives data the place of the vector that was pending. */
  private place(vector: PendingVector, { dataId, data }: ComputedVector): void {
    const { dataIdMap } = this.backend;
    dataIdMap.delete(dataId);
    dataIdMap.delete(vector.dataId);
    dataIdMap.set(vector.dataId, data);
    data.refCount = vector.refCount + vector.uses;
    vector.data = data;
  }

  private dispose(dataId: tf.DataId, force = false): boolean {
    const { dataIdMap } = this.backend;
    const data = dataIdMap.has(dataId) && dataIdMap.get(dataId);
    if (!(data instanceof PendingVector)) return this.disposeData(dataId, force);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    dataIdMap.delete(dataId);
    if (data.uses === 0) this.drop(data);
    return true;
  }

  /** Forgets a vector that is computed, or of no use any more. */
  private drop(vector: PendingVector): void {
    this.pending.delete(vector);
    for (const operand of vector.operands) if (typeof operand !== "number") this.release(operand);
  }

  private release(operand: Exclude<Operand, number>): void {
    const { backend } = this;
    if (!isPending(operand)) {
      if (this.disposeData(operand.dataId)) tf.engine().removeDataId(operand.dataId, backend);
      return;
    }
    operand.uses--;
    if (operand.uses === 0 && operand.refCount === 0) this.drop(operand);
  }
}

/** The shape that all vectors have; undefined if these are no vectors of one shape, or their gradient may be asked for. */
function shapeOf(entries: readonly Entries[]): number[] | undefined {
  if (tf.engine().isTapeOn()) return undefined;
  let shape: number[] | undefined;
  for (const one of entries) {
    if (typeof one === "number") continue;
    if (one.dtype !== "float32" || (shape && !tf.util.arraysEqual(shape, one.shape))) return undefined;
    shape ??= one.shape;
  }
  return shape;
}

/** What must be computed for these vectors, each after what it is made of. */
function pendingOf(wanted: readonly PendingVector[]): PendingVector[] {
  const found = new Set(wanted);
  // A set is gone through with what is added meanwhile.
  for (const { operands } of found) {
    for (const operand of operands) if (isPending(operand)) found.add(operand);
  }
  return [...found].sort((a, b) => a.order - b.order);
}

const byModule = new WeakMap<object, PendingVectors>();

/** Operations on vectors in the memory of the wasm backend that is active, put off; see assembly/entrywise.ts. */
export function wasmDeferredOperations(kernel: MatrixKernel): DeferredOperations {
  const active = () => {
    const backend = tf.backend() as WasmBackend;
    const known = byModule.get(backend);
    if (known) return known;
    const vectors = new PendingVectors(backend, kernel);
    byModule.set(backend, vectors);
    return vectors;
  };
  return {
    make: (operation, operands) => active().make(operation, operands),
    settle: (vectors) => active().settle(vectors),
  };
}
