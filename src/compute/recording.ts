import type { Algebra, Matrix, Norm } from "./algebra.js";
import { layerSize } from "./layer.js";
import { Recorded, type RecordedNode, recordedIn } from "./recorded.js";
import { RecordingGraph, type StackedOperation } from "./recording-graph.js";
import * as stacked from "./stacked-operations.js";
import { isNormal } from "./tensors.js";

/** A scalar: recorded, or a number of the host, which it is wherever it can be. */
export type RecordedScalar = Recorded | number;

/** The shape of a result of an operation, and what it is. */
export interface RecordedShape {
  readonly shape: readonly number[];
  readonly isScalar?: boolean;
}

/** What one run computes: nothing at once, but together with other runs when all of them wait for it. */
export interface RecordingAlgebra extends Algebra<Recorded, RecordedScalar> {
  /** An operation of a problem's own, which all runs of a batch must share. */
  record<Argument>(
    operation: StackedOperation<Argument>,
    operands: readonly RecordedScalar[],
    argument: Argument,
    results: readonly RecordedShape[],
  ): Recorded[];
  /** What the runs of a batch share, made by the first that asks for it under this name. */
  shared<T extends object>(name: string, make: () => T): T;
}

/** What a recording algebra needs of the batch its run belongs to. */
export interface Evaluating {
  readonly stepsPerRead: number;
  shared<T extends object>(name: string, make: () => T): T;
  /** Resolves when everything recorded so far has been computed, with the numbers of these scalars. */
  computed(scalars: readonly RecordedNode[]): Promise<number[]>;
}

/** Records what one run computes. */
export class Recorder {
  private graph = new RecordingGraph();
  private readonly scopes: Recorded[][] = [];
  /** Norms are asked for by rules and measured too: by what they are of, in the outermost scope. */
  private norms = new Map<RecordedNode, Map<Norm, RecordedNode>>();

  record<Argument>(
    operation: StackedOperation<Argument>,
    operands: readonly RecordedScalar[],
    argument: Argument,
    results: readonly RecordedShape[],
  ): Recorded[] {
    const sources = operands.map((operand) => (typeof operand === "number" ? operand : operand.node));
    const sizes = results.map(({ shape }) => layerSize({ shape }));
    const nodes = this.graph.append(operation, sources, argument, sizes);
    return results.map(({ shape, isScalar = false }, i) => this.handle(nodes[i]!, shape, isScalar));
  }

  /** A handle on what is recorded already. */
  handle(node: RecordedNode, shape: readonly number[], isScalar: boolean): Recorded {
    const handle = new Recorded(node, shape, isScalar);
    this.scopes.at(-1)?.push(handle);
    return handle;
  }

  norm(a: Recorded, p: Norm): Recorded {
    const known = this.norms.get(a.node)?.get(p);
    // What was computed and freed since is no longer to be had.
    if (known && (known.graph === this.graph || known.place)) return this.handle(known, [], true);
    const made = this.record(stacked.norm(p), [a], undefined, [{ shape: [], isScalar: true }])[0]!;
    if (this.scopes.length > 0) {
      this.norms.set(a.node, (this.norms.get(a.node) ?? new Map<Norm, RecordedNode>()).set(p, made.node));
    }
    return made;
  }

  scope<T>(f: () => T): T {
    const made: Recorded[] = [];
    this.scopes.push(made);
    let kept = new Set<Recorded>();
    try {
      const result = f();
      kept = recordedIn(result);
      return result;
    } finally {
      this.scopes.pop();
      const outer = this.scopes.at(-1);
      for (const value of made) {
        if (kept.has(value)) outer?.push(value);
        else value.release();
      }
      if (!outer) this.norms = new Map();
    }
  }

  /** What was recorded so far, to be evaluated; what follows is recorded anew. */
  take(): RecordingGraph {
    const { graph } = this;
    this.graph = new RecordingGraph();
    return graph;
  }
}

const isNumber = (s: RecordedScalar): s is number => typeof s === "number";

/** The numbers of tensors in rows of which one belongs to a run. */
async function valuesOf({ node, size }: Recorded): Promise<Float64Array> {
  const { stack, row } = node.place!;
  const { tidy, slice } = await import("@tensorflow/tfjs-core");
  const own = tidy(() => slice(stack.tensor, [row, 0], [1, size]));
  try {
    return Float64Array.from(await own.data());
  } finally {
    own.dispose();
  }
}

/** The algebra of one run of a batch: float32 tensors that are computed with those of the others. */
export function recordingAlgebra(recorder: Recorder, batch: Evaluating): RecordingAlgebra {
  type V = Recorded;
  type S = RecordedScalar;
  const vectorOf = (operation: StackedOperation, shape: readonly number[], ...operands: readonly S[]): V =>
    recorder.record(operation, operands, undefined, [{ shape }])[0]!;
  const scalarOf = (operation: StackedOperation, ...operands: readonly S[]): Recorded =>
    recorder.record(operation, operands, undefined, [{ shape: [], isScalar: true }])[0]!;
  const pointwise =
    (operation: StackedOperation) =>
    (a: V, ...others: readonly S[]): V =>
      vectorOf(operation, a.shape, a, ...others);
  /** The same on numbers of the host, rounded to float32, and recorded where one of the operands is. */
  const onScalars =
    (onHost: (...numbers: number[]) => number, operation: StackedOperation) =>
    (...scalars: S[]): S =>
      scalars.every(isNumber) ? Math.fround(onHost(...scalars)) : scalarOf(operation, ...scalars);
  const like = (whole: V, shape: readonly number[]): V => recorder.handle(whole.node, shape, false);

  return {
    precision: "float32",
    stepsPerRead: batch.stepsPerRead,
    record: (...call) => recorder.record(...call),
    shared: (name, make) => batch.shared(name, make),

    vector: (values, shape = [values.length]) =>
      recorder.record(stacked.vector, [], Float32Array.from(values), [{ shape }])[0]!,
    scalar: Math.fround,
    zerosLike: (a) => vectorOf(stacked.zeros(a.size), a.shape),
    async read(scalars) {
      const recorded = scalars.filter((s): s is Recorded => !isNumber(s));
      const numbers = await batch.computed(recorded.map(({ node }) => node));
      for (const one of recorded) one.release();
      let next = 0;
      return scalars.map((s) => (isNumber(s) ? s : numbers[next++]!));
    },
    async values(a) {
      if (isNumber(a)) return Float64Array.of(a);
      if (!a.node.place) await batch.computed([]);
      return valuesOf(a);
    },
    isScalar: (a): a is S => isNumber(a) || a.isScalar,

    add: pointwise(stacked.add),
    subtract: pointwise(stacked.subtract),
    multiply: pointwise(stacked.multiply),
    divide: pointwise(stacked.divide),
    scale: (s, a) => vectorOf(stacked.multiply, a.shape, s, a),
    divideBy: pointwise(stacked.divide),
    scaleByQuotient(s, t, a) {
      const quotient = isNumber(s) && isNumber(t) ? s / t : Number.NaN;
      if (isNormal(quotient)) return vectorOf(stacked.multiply, a.shape, Math.fround(quotient), a);
      return vectorOf(stacked.scaleByQuotient, a.shape, s, t, a);
    },
    addScaled: (a, s, b) => vectorOf(stacked.addScaled, a.shape, a, s, b),
    shift: pointwise(stacked.add),
    absolute: pointwise(stacked.absolute),
    sign: pointwise(stacked.signs),
    signOrOne: pointwise(stacked.signsOrOne),
    squareRoot: pointwise(stacked.squareRoot),
    exponential: pointwise(stacked.exponential),
    cosine: pointwise(stacked.cosine),
    power: pointwise(stacked.power),
    clip: pointwise(stacked.limit),
    logistic: (a) => ({
      sigmoid: vectorOf(stacked.sigmoid, a.shape, a),
      softplus: vectorOf(stacked.softplus, a.shape, a),
    }),
    ifLessEach: pointwise(stacked.whereLess),

    norm: (a, p) => recorder.norm(a, p),
    distance: (a, b) => scalarOf(stacked.distance, a, b),
    dot: (a, b) => scalarOf(stacked.dot, a, b),
    sum: (a) => scalarOf(stacked.sum, a),
    mean: (a) => scalarOf(stacked.mean, a),

    multiplyMatrix: ({ rows, columns, entries }, x) =>
      vectorOf(stacked.multiplyMatrix(rows, columns), [rows], entries, x),
    multiplyTransposed: ({ rows, columns, entries }, y) =>
      vectorOf(stacked.multiplyTransposed(rows, columns), [columns], entries, y),
    multiplyMatrices: (a, b): Matrix<V> => ({
      rows: a.rows,
      columns: b.columns,
      entries: vectorOf(
        stacked.multiplyMatrices(a.rows, a.columns, b.columns),
        [a.rows, b.columns],
        a.entries,
        b.entries,
      ),
    }),
    transpose: ({ rows, columns, entries }): Matrix<V> => ({
      rows: columns,
      columns: rows,
      entries: vectorOf(stacked.transpose(rows, columns), [columns, rows], entries),
    }),
    columnNorms: ({ rows, columns, entries }, p) => vectorOf(stacked.columnNorms(rows, columns, p), [columns], entries),
    columnSums: ({ rows, columns, entries }) => vectorOf(stacked.columnSums(rows, columns), [columns], entries),
    repeatRow: (row, rows) => vectorOf(stacked.repeatRow(rows), [rows * row.size], row),

    plus: onScalars((s, t) => s! + t!, stacked.add),
    minus: onScalars((s, t) => s! - t!, stacked.subtract),
    times: onScalars((s, t) => s! * t!, stacked.multiply),
    over: onScalars((s, t) => s! / t!, stacked.divide),
    root: onScalars(Math.sqrt as (s?: number) => number, stacked.squareRoot),
    ifLess(s, t, then, otherwise) {
      if (isNumber(s) && isNumber(t)) return s < t ? then : otherwise;
      return scalarOf(stacked.whereLess, s, t, then, otherwise);
    },

    concatenate(parts) {
      const size = parts.reduce((total, part) => total + part.size, 0);
      return parts.length === 1 ? like(parts[0]!, [size]) : vectorOf(stacked.concatenate, [size], ...parts);
    },
    split(whole, parts) {
      if (parts.length === 1) return [like(whole, parts[0]!.shape)];
      const sizes = parts.map(({ size }) => size);
      return recorder.record(
        stacked.split(...sizes),
        [whole],
        undefined,
        parts.map(({ shape }) => ({ shape })),
      );
    },

    scope: (f) => recorder.scope(f),
    dispose: (values) => {
      for (const value of values) if (!isNumber(value)) value.release();
    },
  };
}
