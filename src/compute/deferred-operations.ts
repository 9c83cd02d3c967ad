import type { Tensor } from "@tensorflow/tfjs-core";

/**
 * Operations on vectors entry by entry, in the order of their numbers in assembly/entrywise.ts: a + b, a − b, a·b, a/b,
 * |a|, √a, the sign of a as −1, 0 or 1, that as −1 or 1, a limited to [b, c], and c where a < b, else d.
 */
export const entrywiseOperations = [
  "sum",
  "difference",
  "product",
  "quotient",
  "magnitude",
  "squareRoot",
  "sign",
  "signOrOne",
  "clipped",
  "chosen",
] as const;

export type EntrywiseOperation = (typeof entrywiseOperations)[number];

/** What a backend may put off of vectors to one number: ‖·‖₁, ‖·‖₂, ‖·‖_∞ and the sum of the entries. */
export type Reduction = "norm1" | "norm2" | "largest" | "total";

/** A vector, or a number in place of one whose entries are all the same. */
export type Entries = Tensor | number;

/** Rows up to which one number a row counts as a scalar: runs that are computed together. */
export const mostRows = 64;

/**
 * Operations entry by entry that a backend may put off until their results are asked for: then it makes in one pass over
 * the memory what is left of them, and never what only came between. The numbers are the same.
 */
export interface DeferredOperations {
  /** The result of an operation; undefined where it is to be computed by itself. */
  make(operation: EntrywiseOperation, operands: readonly Entries[]): Tensor | undefined;
  /** Whether operands may be of shapes [rows, 1] and [1, columns] beside [rows, columns]. */
  readonly broadcasts?: boolean;
  /** A number of all entries, as a tensor of rank 0. Absent where the host has such numbers at once. */
  reduce?(reduction: Reduction, a: Tensor): Tensor | undefined;
  /** A number of each row of [rows, columns], as [rows, 1]. */
  reduceRows?(reduction: Reduction, a: Tensor): Tensor | undefined;
  /**
   * The numbers that tensors of rank 0, or of shape [rows, 1] with up to `mostRows` rows, hold, one tensor after the other, in
   * one read-back; they stay. Where it is absent, as of any tensors.
   */
  read?(tensors: readonly Tensor[]): Promise<number[]>;
  /** Computes these vectors, where they were put off; without any, all that has not been disposed of. */
  settle(vectors?: readonly Tensor[]): void;
}

const operationsByBackend = new Map<string, DeferredOperations>();

/** Gives the TensorFlow.js backend of this name its operations. */
export function provideDeferredOperations(backend: string, operations: DeferredOperations): void {
  operationsByBackend.set(backend, operations);
}

/** Those of the backend; undefined where it puts nothing off. */
export const deferredOperationsOf = (backend: string): DeferredOperations | undefined =>
  operationsByBackend.get(backend);
