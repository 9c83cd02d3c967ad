import * as tf from "@tensorflow/tfjs-core";
import type { DeferredOperations, Entries, EntrywiseOperation } from "./deferred-operations.js";
import {
  type ComputedVector,
  type Counted,
  isPending,
  type Making,
  type Operand,
  PendingVector,
} from "./pending-vector.js";

/** More than any rule puts off in a step; a longer chain of operations is computed piece by piece. */
export const mostPending = 256;

/** A backend's table of data. */
export interface Table<Data> {
  get(dataId: tf.DataId): Data;
  set(dataId: tf.DataId, data: Data): void;
  has(dataId: tf.DataId): boolean;
  delete(dataId: tf.DataId): boolean;
}

/**
 * The pending vectors of one backend. They lie in its table of data, where its own kernels come upon them and have them
 * computed.
 */
export abstract class PendingVectors<Data extends Counted, Vector extends PendingVector<Data>>
  implements DeferredOperations
{
  private readonly pending = new Set<Vector>();
  private readonly disposeShipped: (dataId: tf.DataId, force?: boolean) => boolean;
  private made = 0;

  constructor(
    protected readonly backend: tf.KernelBackend,
    protected readonly table: Table<Data>,
  ) {
    this.disposeShipped = backend.disposeData.bind(backend);
    backend.disposeData = (dataId, force) => this.dispose(dataId, force);
  }

  /** The form of the result; undefined where the operation is not to be put off. */
  protected abstract formOf(entries: readonly Entries[]): Pick<Making<Data>, "shape" | "areRows"> | undefined;

  /** A vector that has the place of its data in the table. */
  protected abstract vector(dataId: tf.DataId, order: number, making: Making<Data>): Vector;

  /** Memory for the entries of a vector, which the table may have under a place of its own. */
  protected abstract memoryFor(vector: Vector): ComputedVector<Data>;

  /**
   * Computes vectors of one kind.
   *
   * @param needed each after those it is made of, which are among them or computed
   * @param results where the entries of those go that are wanted
   */
  protected abstract run(needed: readonly Vector[], results: ReadonlyMap<Vector, ComputedVector<Data>>): void;

  make(operation: EntrywiseOperation, entries: readonly Entries[]): tf.Tensor | undefined {
    // The gradient may be asked for where the tape is on.
    const form = tf.engine().isTapeOn() ? undefined : this.formOf(entries);
    return form && this.putOff({ operation, operands: entries.map((one) => this.held(one)), ...form });
  }

  protected putOff(making: Making<Data>): tf.Tensor {
    const dataId = {};
    const vector = this.vector(dataId, this.made++, making);
    this.table.set(dataId, vector as unknown as Data);
    this.pending.add(vector);
    if (this.pending.size >= mostPending) this.settle();
    return tf.engine().makeTensorFromDataId(dataId, [...making.shape], "float32", this.backend);
  }

  /**
   * Without vectors, all that have handles: the others were of use for these alone. If that fails nothing stays pending,
   * for the scope that they were made in ends.
   */
  settle(vectors?: readonly tf.Tensor[]): void {
    try {
      const wanted = vectors ? this.pendingAmong(vectors) : [...this.pending];
      this.evaluateAll(wanted.filter(({ refCount }) => refCount > 0));
    } catch (error) {
      for (const { dataId } of this.pending) this.dispose(dataId, true);
      throw error;
    }
  }

  /** Frees a handle of what is not pending. */
  protected disposeComputed(dataId: tf.DataId, force?: boolean): boolean {
    return this.disposeShipped(dataId, force);
  }

  /** The same for vectors that one program can compute. */
  protected kindOf(vector: Vector): unknown {
    return vector.size;
  }

  /** Computes vectors of any kinds. */
  protected evaluateAll(vectors: readonly Vector[], isAsked = false): void {
    const byKind = new Map<unknown, Vector[]>();
    for (const vector of vectors) {
      const kind = this.kindOf(vector);
      const group = byKind.get(kind);
      if (group) group.push(vector);
      else byKind.set(kind, [vector]);
    }
    for (const wanted of byKind.values()) this.evaluate(wanted, isAsked);
  }

  private pendingAmong(vectors: readonly tf.Tensor[]): Vector[] {
    const data = new Set(vectors.map(({ dataId }) => this.table.get(dataId)));
    return [...data].filter((one): one is Data & Vector => one instanceof PendingVector);
  }

  /** An operand, which is not freed before it is released. */
  protected held(one: Entries): Operand<Data> {
    if (typeof one === "number") return Math.fround(one);
    const data = this.table.get(one.dataId);
    if (data instanceof PendingVector) {
      data.uses++;
      return data;
    }
    data.refCount++;
    return { dataId: one.dataId, data };
  }

  protected compute(vector: Vector): Data {
    this.evaluate([vector], true);
    return vector.data!;
  }

  /**
   * @param wanted of one kind
   * @param isAsked whether they are wanted while others may yet be made of what they are made of
   */
  protected evaluate(wanted: readonly Vector[], isAsked = false): void {
    const needed = this.pendingOf(wanted);
    const isWanted = new Set(wanted);
    const results = new Map<Vector, ComputedVector<Data>>();
    try {
      for (const vector of needed) {
        const isWantedAgain = isAsked && vector.wasPassed && vector.refCount > 0;
        if (isWanted.has(vector) || isWantedAgain) results.set(vector, this.memoryFor(vector));
        else vector.wasPassed = true;
      }
      this.run(needed, results);
    } catch (error) {
      for (const { dataId } of results.values()) this.disposeComputed(dataId);
      throw error;
    }
    this.placeAll(results);
  }

  /** Has vectors that are computed now take their places. */
  protected placeAll(results: ReadonlyMap<Vector, ComputedVector<Data>>): void {
    for (const [vector, result] of results) this.place(vector, result);
    for (const vector of results.keys()) this.drop(vector);
  }

  /** What must be computed for these vectors, each after what it is made of. */
  protected pendingOf(wanted: readonly Vector[]): Vector[] {
    const found = new Set(wanted);
    // A set is gone through with what is added meanwhile.
    for (const { operands } of found) {
      for (const operand of operands) if (isPending(operand)) found.add(operand as Vector);
    }
    return [...found].sort((a, b) => a.order - b.order);
  }

  /** Gives data the place of the vector that was pending. */
  private place(vector: Vector, { dataId, data }: ComputedVector<Data>): void {
    const { table } = this;
    // A vector without handles has left the table; some tables count what is deleted, there or not.
    if (table.has(dataId)) table.delete(dataId);
    if (table.has(vector.dataId)) table.delete(vector.dataId);
    table.set(vector.dataId, data);
    data.refCount = vector.refCount + vector.uses;
    vector.data = data;
  }

  private dispose(dataId: tf.DataId, force = false): boolean {
    const { table } = this;
    const data = table.has(dataId) && table.get(dataId);
    if (!(data instanceof PendingVector)) return this.disposeComputed(dataId, force);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    table.delete(dataId);
    if (data.uses === 0) this.drop(data);
    return true;
  }

  /** Forgets a vector that is computed, or of no use any more. */
  private drop(vector: PendingVector<Data>): void {
    this.pending.delete(vector as Vector);
    for (const operand of vector.operands) if (typeof operand !== "number") this.release(operand);
  }

  protected release(operand: Exclude<Operand<Data>, number>): void {
    const { backend } = this;
    if (!isPending(operand)) {
      if (this.disposeComputed(operand.dataId)) tf.engine().removeDataId(operand.dataId, backend);
      return;
    }
    operand.uses--;
    if (operand.uses === 0 && operand.refCount === 0) this.drop(operand);
  }
}

/** The shape that all these vectors have; undefined where they are no float32 numbers of one shape. */
export function commonShape(entries: readonly Entries[]): number[] | undefined {
  let shape: number[] | undefined;
  for (const one of entries) {
    if (typeof one === "number") continue;
    if (one.dtype !== "float32" || (shape && !tf.util.arraysEqual(shape, one.shape))) return undefined;
    shape ??= one.shape;
  }
  return shape;
}
