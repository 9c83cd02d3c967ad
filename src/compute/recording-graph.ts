import type * as tf from "@tensorflow/tfjs-core";
import { RecordedNode } from "./recorded.js";

/** What an operation over several runs is given besides its operands. */
export interface StackedCall<Argument> {
  /** How many runs there are. */
  readonly runs: number;
  /** What each run has recorded with it. */
  readonly arguments: readonly Argument[];
}

/**
 * An operation on tensors of several runs, whose first axis counts the runs, or has the length 1 where all have the same.
 * So have its results: vectors are [runs, n] whatever their shapes, scalars [runs, 1]. The runs of a batch share the very
 * object.
 */
export interface StackedOperation<Argument = undefined> {
  readonly name: string;
  compute(operands: readonly tf.Tensor[], call: StackedCall<Argument>): tf.Tensor | readonly tf.Tensor[];
}

/** Where an operand comes from, and its place there. */
export interface Source {
  readonly from: "results" | "inputs" | "numbers";
  readonly index: number;
}

interface Entry {
  readonly operation: StackedOperation<never>;
  readonly operands: readonly Source[];
  readonly argument: unknown;
  /** Its results are from here on among those of the graph. */
  readonly first: number;
  readonly results: number;
}

const sameSource = (a: Source, b: Source | undefined) => a.from === b?.from && a.index === b.index;

const sameEntry = (a: Entry, b: Entry) =>
  a.operation === b.operation &&
  a.results === b.results &&
  a.operands.length === b.operands.length &&
  a.operands.every((operand, i) => sameSource(operand, b.operands[i]));

/** What one run has recorded since it was last evaluated. */
export class RecordingGraph {
  readonly entries: Entry[] = [];
  readonly results: RecordedNode[] = [];
  /** What was computed before; held until `release`. */
  readonly inputs: RecordedNode[] = [];
  /** Numbers of the host among the operands. */
  readonly numbers: number[] = [];
  private readonly inputIndices = new Map<RecordedNode, number>();

  /**
   * @param sizes how many numbers each of its results has
   * @returns the nodes of its results
   */
  append<Argument>(
    operation: StackedOperation<Argument>,
    operands: readonly (RecordedNode | number)[],
    argument: Argument,
    sizes: readonly number[],
  ): RecordedNode[] {
    const first = this.results.length;
    const nodes = sizes.map((size, i) => new RecordedNode(this, first + i, size));
    this.results.push(...nodes);
    this.entries.push({
      operation: operation as StackedOperation<never>,
      operands: operands.map((operand) => this.source(operand)),
      argument,
      first,
      results: sizes.length,
    });
    return nodes;
  }

  private source(operand: RecordedNode | number): Source {
    if (typeof operand === "number") return { from: "numbers", index: this.numbers.push(operand) - 1 };
    if (operand.graph === this) return { from: "results", index: operand.index };
    if (!operand.place) throw new Error("a vector or scalar is used that was freed before it was computed");
    const known = this.inputIndices.get(operand);
    if (known !== undefined) return { from: "inputs", index: known };
    operand.hold();
    const index = this.inputs.push(operand) - 1;
    this.inputIndices.set(operand, index);
    return { from: "inputs", index };
  }

  /** Once it was evaluated, or never will be. */
  release(): void {
    for (const input of this.inputs.splice(0)) input.release();
  }

  /** Whether the same operations are applied in the same order: numbers and arguments are free. */
  hasFormOf(other: RecordingGraph): boolean {
    return (
      this.entries.length === other.entries.length &&
      this.entries.every((entry, i) => sameEntry(entry, other.entries[i]!)) &&
      this.results.every(({ size }, i) => size === other.results[i]!.size)
    );
  }
}
