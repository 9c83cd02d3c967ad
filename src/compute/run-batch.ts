import * as tf from "@tensorflow/tfjs-core";
import { breather } from "../base/breather.js";
import { deferredOperationsOf, mostRows } from "./deferred-operations.js";
import { type Place, type RecordedNode, Stack } from "./recorded.js";
import { Recorder, type RecordingAlgebra, recordingAlgebra } from "./recording.js";
import type { RecordingGraph, Source } from "./recording-graph.js";
import { StackedConstants } from "./stacked-constants.js";
import type { TensorAlgebra } from "./tensors.js";

/** One run of a batch. */
export interface Membership {
  readonly algebra: RecordingAlgebra;
  /** The pauses of its loop: all runs make theirs at the same of their steps. */
  readonly breathe: () => Promise<void> | undefined;
  /** Its share of the time that the batch has taken since it joined, in milliseconds. */
  share(): number;
  /** The others no longer wait for it. What it still has must have been freed. */
  leave(): void;
}

/** A run that waits. */
interface Request {
  readonly graph: RecordingGraph;
  readonly scalars: readonly RecordedNode[];
  resolve(values: number[]): void;
  reject(error: unknown): void;
}

const placeOf = ({ place }: RecordedNode): Place => {
  if (!place) throw new Error("a vector or scalar is used that was freed");
  return place;
};

const isWhole = (places: readonly Place[]) => {
  const [{ stack }] = places as [Place];
  if (places.some((place) => place.stack !== stack)) return false;
  return stack.rows === 1 || (stack.rows === places.length && places.every(({ row }, i) => row === i));
};

/** The rows of these places, below each other. */
function rowsAt(places: readonly Place[]): tf.Tensor {
  const [{ stack }] = places as [Place];
  return tf.tidy(() => {
    if (places.every((place) => place.stack === stack)) {
      return tf.gather(
        stack.tensor,
        tf.tensor1d(
          places.map(({ row }) => row),
          "int32",
        ),
      );
    }
    return tf.concat(places.map(({ stack: { tensor }, row }) => tf.slice(tensor, [row, 0], [1, tensor.shape[1]!])));
  });
}

/** The numbers of these runs as one tensor; where they lie apart they are brought together for good. */
function together(nodes: readonly RecordedNode[]): tf.Tensor {
  const places = nodes.map(placeOf);
  if (!isWhole(places)) {
    const stack = new Stack(rowsAt(places));
    for (const [row, node] of nodes.entries()) node.move({ stack, row });
  }
  return placeOf(nodes[0]!).stack.tensor;
}

/** How often each result is wanted: once for being held, and once for each wanted operation that it is an operand of. */
function wanted([leader, ...others]: readonly [RecordingGraph, ...RecordingGraph[]]): Int32Array {
  const counts = Int32Array.from(leader.results, (result, i) =>
    Number(result.isHeld || others.some(({ results }) => results[i]!.isHeld)),
  );
  for (const { operands, first, results } of leader.entries.toReversed()) {
    if (counts.subarray(first, first + results).every((count) => count === 0)) continue;
    for (const { from, index } of operands) if (from === "results") counts[index]!++;
  }
  return counts;
}

/** Computes what runs have recorded that did the same, all at once. */
function evaluate(graphs: readonly [RecordingGraph, ...RecordingGraph[]], constants: StackedConstants): void {
  const [leader] = graphs;
  const runs = graphs.length;
  const counts = wanted(graphs);
  const tensors = new Array<tf.Tensor | undefined>(counts.length);
  const inputs = leader.inputs.map((_, i) => together(graphs.map((graph) => graph.inputs[i]!)));
  const operandAt = ({ from, index }: Source): tf.Tensor => {
    if (from === "results") return tensors[index]!;
    return from === "inputs" ? inputs[index]! : constants.tensor(graphs.map(({ numbers }) => numbers[index]!));
  };
  const drop = (index: number) => {
    counts[index]!--;
    if (counts[index] !== 0) return;
    tensors[index]?.dispose();
    tensors[index] = undefined;
  };
  for (const [e, { operation, operands, first, results }] of leader.entries.entries()) {
    const places = Array.from({ length: results }, (_, i) => first + i);
    if (places.every((index) => counts[index] === 0)) continue;
    const made = operation.compute(operands.map(operandAt), {
      runs,
      arguments: graphs.map(({ entries }) => entries[e]!.argument as never),
    });
    const list = made instanceof tf.Tensor ? [made] : made;
    for (const [i, index] of places.entries()) {
      if (counts[index] === 0) list[i]!.dispose();
      else tensors[index] = list[i]!;
    }
    for (const { from, index } of operands) if (from === "results") drop(index);
  }
  for (const [index, tensor] of tensors.entries()) {
    if (!tensor) continue;
    const stack = new Stack(tensor);
    for (const [run, { results }] of graphs.entries()) {
      if (results[index]!.isHeld) results[index]!.move({ stack, row: stack.rows === 1 ? 0 : run });
    }
  }
}

/** The runs that did the same, in order. */
function groupsOf(graphs: readonly RecordingGraph[]): [RecordingGraph, ...RecordingGraph[]][] {
  const groups: [RecordingGraph, ...RecordingGraph[]][] = [];
  for (const graph of graphs) {
    const group = groups.find(([leader]) => graph.hasFormOf(leader));
    if (group) group.push(graph);
    else groups.push([graph]);
  }
  return groups;
}

/** The numbers of tensors that have one a row, one tensor after the other. */
async function numbersOf(tensors: readonly tf.Tensor[]): Promise<ArrayLike<number>> {
  const deferred = deferredOperationsOf(tf.getBackend());
  if (deferred?.read && tensors.every(({ shape }) => shape[0]! <= mostRows)) return deferred.read(tensors);
  const all = tf.concat([...tensors]);
  try {
    return await all.data();
  } finally {
    all.dispose();
  }
}

/** The numbers of all these scalars, in one read-back. */
async function readAll(requests: readonly Request[]): Promise<number[][]> {
  const stacks = [...new Set(requests.flatMap(({ scalars }) => scalars.map((node) => placeOf(node).stack)))];
  if (stacks.length === 0) return requests.map(() => []);
  const starts = new Map<Stack, number>();
  let count = 0;
  for (const stack of stacks) {
    starts.set(stack, count);
    count += stack.rows;
  }
  const values = await numbersOf(stacks.map(({ tensor }) => tensor));
  return requests.map(({ scalars }) =>
    scalars.map((node) => {
      const { stack, row } = placeOf(node);
      return values[starts.get(stack)! + row]!;
    }),
  );
}

/**
 * Runs that train together on one backend: each goes through its own loop and records what it would compute; when all of
 * them wait for numbers, or have ended, those that did the same are computed at once. What they record may differ in
 * numbers, and in anything else at the cost of being computed apart.
 */
export class RunBatch {
  private readonly waiting = new Map<object, Request>();
  private readonly members = new Set<object>();
  private readonly common = new Map<string, object>();
  private readonly constants = new StackedConstants();
  private readonly breathe = breather(30);
  /** Milliseconds of each run so far, each moment divided among those at work. */
  private shared = 0;
  private sharedAt = performance.now();

  constructor(private readonly device: TensorAlgebra) {}

  /** All runs join before one of them computes. */
  join(): Membership {
    const recorder = new Recorder();
    const { stepsPerRead } = this.device;
    const joined = this.passTime();
    this.members.add(recorder);
    let last: Promise<unknown> = Promise.resolve();
    /** What is asked for before it has an answer comes after that. */
    const computed = (scalars: readonly RecordedNode[]) => {
      const numbers = last.catch(() => {}).then(() => this.computed(recorder, scalars));
      last = numbers;
      return numbers;
    };
    const shared = <T extends object>(name: string, make: () => T): T => {
      const known = (this.common.get(name) as T | undefined) ?? make();
      this.common.set(name, known);
      return known;
    };
    let steps = 0;
    return {
      algebra: recordingAlgebra(recorder, { stepsPerRead, shared, computed }),
      breathe: () => (++steps % stepsPerRead === 0 ? computed([]).then(() => {}) : undefined),
      share: () => this.passTime() - joined,
      leave: () => {
        this.passTime();
        if (!this.members.delete(recorder)) return;
        recorder.take().release();
        if (this.members.size === 0) this.dispose();
        else this.goOn();
      },
    };
  }

  private passTime(): number {
    const now = performance.now();
    this.shared += (now - this.sharedAt) / Math.max(1, this.members.size);
    this.sharedAt = now;
    return this.shared;
  }

  private computed(recorder: Recorder, scalars: readonly RecordedNode[]): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.waiting.set(recorder, { graph: recorder.take(), scalars, resolve, reject });
      this.goOn();
    });
  }

  private goOn(): void {
    if (this.waiting.size < this.members.size) return;
    // In the order in which they joined, so that what lies together stays together.
    const requests = [...this.members].map((member) => this.waiting.get(member)!);
    this.waiting.clear();
    this.serve(requests).catch((error: unknown) => {
      for (const { reject } of requests) reject(error);
    });
  }

  private async serve(requests: readonly Request[]): Promise<void> {
    const groups = groupsOf(requests.map(({ graph }) => graph).filter(({ entries }) => entries.length > 0));
    try {
      this.device.scope(() => {
        for (const group of groups) evaluate(group, this.constants);
      });
    } finally {
      for (const { graph } of requests) graph.release();
    }
    if (groups.length > 0) this.constants.forget();
    const numbers = await readAll(requests);
    await this.breathe();
    for (const [i, { resolve }] of requests.entries()) resolve(numbers[i]!);
  }

  private dispose(): void {
    this.constants.forget();
    this.constants.forget();
    for (const one of this.common.values()) if ("dispose" in one) (one as { dispose(): void }).dispose();
    this.common.clear();
  }
}
