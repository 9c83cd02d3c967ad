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

/** A vector, or a number in place of one whose entries are all the same. */
export type Entries = Tensor | number;

/**
 * Operations entry by entry that a backend may put off until their results are asked for: then it makes in one pass over
 * the memory what is left of them, and never what only came between. The numbers are the same.
 */
export interface DeferredOperations {
  /** The result of an operation; undefined where it is to be computed by itself. */
  make(operation: EntrywiseOperation, operands: readonly Entries[]): Tensor | undefined;
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
