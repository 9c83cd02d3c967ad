import type { DataId } from "@tensorflow/tfjs-core";

/** Data as the wasm backend has it in its table: its number in the backend's C++ part, and its address in bytes. */
export interface WasmData {
  readonly id: number;
  readonly memoryOffset: number;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** Handles of the data; at none the backend frees it. */
  refCount: number;
}

/** A vector whose entries are there. */
export interface ComputedVector {
  readonly dataId: DataId;
  readonly data: WasmData;
}

/** A number stands for a vector whose entries are all the same. */
export type Operand = number | ComputedVector | PendingVector;

/**
 * A vector that is made of others entry by entry, as soon as anybody asks for it: it has the place of its data in the
 * backend's table, and to ask for that is to have it computed.
 */
export class PendingVector implements WasmData {
  readonly dtype = "float32";
  refCount = 1;
  /** How many pending vectors are made of this one. */
  uses = 0;
  /** Whether it was computed on the way to another vector and not kept: a second time would be one too many. */
  wasPassed = false;
  data: WasmData | undefined;

  // For the program that computes it: the last instruction that needs it, and its block of the workspace.
  lastUse = 0;
  block = 0;

  constructor(
    readonly dataId: DataId,
    /** Grows from one to the next: none is made of later ones. */
    readonly order: number,
    /** The operation's number in assembly/entrywise.ts. */
    readonly operation: number,
    readonly operands: readonly Operand[],
    readonly shape: readonly number[],
    /** The number of its entries. */
    readonly size: number,
    private readonly compute: (vector: PendingVector) => WasmData,
  ) {}

  get id(): number {
    return (this.data ?? this.compute(this)).id;
  }

  get memoryOffset(): number {
    return (this.data ?? this.compute(this)).memoryOffset;
  }
}

/** Whether an operand has yet to be computed. */
export const isPending = (operand: Operand): operand is PendingVector =>
  operand instanceof PendingVector && operand.data === undefined;
