import type { DataId } from "@tensorflow/tfjs-core";
import type { EntrywiseOperation, Reduction } from "./deferred-operations.js";

/** What a backend keeps of a tensor's data in its table. */
export interface Counted {
  /** Handles of the data; at none the backend frees it. */
  refCount: number;
}

/** A vector whose entries are there. */
export interface ComputedVector<Data> {
  readonly dataId: DataId;
  readonly data: Data;
}

/** A number stands for a vector whose entries are all the same. */
export type Operand<Data extends Counted> = number | ComputedVector<Data> | PendingVector<Data>;

/** What a pending vector is made of. */
export interface Making<Data extends Counted> {
  readonly operation: EntrywiseOperation | Reduction;
  readonly operands: readonly Operand<Data>[];
  readonly shape: readonly number[];
  /** Of each operand whether it is one row, which goes with every row of the result; absent where none is. */
  readonly areRows?: readonly boolean[];
}

/**
 * A vector that is made of others entry by entry, as soon as anybody asks for it: it has the place of its data in the
 * backend's table, and to ask for that is to have it computed. What the data is, the backend's own kind of it says.
 */
export abstract class PendingVector<Data extends Counted> implements Counted {
  readonly dtype = "float32";
  readonly operation: EntrywiseOperation | Reduction;
  readonly operands: readonly Operand<Data>[];
  readonly shape: readonly number[];
  /** The number of its entries. */
  readonly size: number;
  refCount = 1;
  /** How many pending vectors are made of this one. */
  uses = 0;
  /** Whether it was computed on the way to another vector and not kept: a second time would be one too many. */
  wasPassed = false;
  data: Data | undefined;

  constructor(
    readonly dataId: DataId,
    /** Grows from one to the next: none is made of later ones. */
    readonly order: number,
    { operation, operands, shape }: Making<Data>,
    private readonly compute: () => Data,
  ) {
    this.operation = operation;
    this.operands = operands;
    this.shape = shape;
    this.size = shape.reduce((size, length) => size * length, 1);
  }

  protected get computed(): Data {
    return this.data ?? this.compute();
  }
}

/** Whether an operand has yet to be computed. */
export const isPending = <Data extends Counted>(operand: Operand<Data>): operand is PendingVector<Data> =>
  operand instanceof PendingVector && operand.data === undefined;
