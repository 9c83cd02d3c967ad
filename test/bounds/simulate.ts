/**
 * A plain float64 driver of equation (1), written apart from src/training: it makes the records that bounds read, for
 * small problems given by a function and its gradient.
 */

import type { BoundContext, Verdict } from "../../src/bounds/bound.js";
import { bounds } from "../../src/bounds/registry.js";
import { selectedBounds, watchBounds } from "../../src/bounds/verdict.js";
import { type Norm, smallestNormal } from "../../src/compute/algebra.js";
import { float64 } from "../../src/compute/float64.js";
import type { Layer } from "../../src/compute/layer.js";
import type { KnownConstants } from "../../src/problems/problem.js";
import type { LayerRecord, StepRecord } from "../../src/training/record.js";
import type { TestForm } from "./forms.js";

export type Vector = readonly number[];

/** A problem on one flat vector; `layers` are the sizes of its consecutive pieces. */
export interface TestProblem {
  readonly layers: readonly number[];
  readonly start: Vector;
  readonly value: (w: Vector) => number;
  readonly gradient: (w: Vector) => Vector;
  readonly constants?: Omit<KnownConstants, "optimum">;
  readonly optimum?: Vector;
}

/** Δw of one block. */
export type TestRule = (w: Vector, g: Vector, rate: number) => Vector;

export interface TestRun {
  readonly problem: TestProblem;
  readonly norm?: Norm;
  readonly coefficient?: number;
  readonly rate: number | ((step: number) => number);
  readonly steps: number;
  readonly scope?: "layer" | "global";
  /** In place of equation (1), and declared. */
  readonly of?: TestForm;
  /** In place of what is declared. */
  readonly rule?: TestRule;
  /** ‖Δw‖/‖w‖ unless given: the rule's own measure. */
  readonly proportion?: (w: Vector, update: Vector) => number;
  readonly context?: Partial<BoundContext>;
}

export function norm(a: Vector, p: Norm): number {
  if (p === 2) return Math.hypot(...a);
  const largest = a.reduce((found, x) => Math.max(found, Math.abs(x)), 0);
  if (p === "infinity" || largest === 0 || !Number.isFinite(largest)) return largest;
  return largest * a.reduce((total, x) => total + (Math.abs(x) / largest) ** p, 0) ** (1 / p);
}

export const dot = (a: Vector, b: Vector): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
export const scaled = (s: number, a: Vector): Vector => a.map((x) => s * x);
export const difference = (a: Vector, b: Vector): Vector => a.map((x, i) => x - b[i]!);

/** Equation (1); where w = 0 or g = 0, or one is too small to be divided by, the weights stay. */
export function proportionalUpdate(p: Norm, coefficient = 1): TestRule {
  return (w, g, rate) => {
    const gradient = norm(g, p);
    return scaled(gradient < smallestNormal.float64 ? 0 : (-rate * coefficient * norm(w, p)) / gradient, g);
  };
}

function pieces(whole: Vector, sizes: readonly number[]): Vector[] {
  let offset = 0;
  return sizes.map((size) => {
    offset += size;
    return whole.slice(offset - size, offset);
  });
}

export const rateAt = ({ rate }: TestRun, step: number): number => (typeof rate === "number" ? rate : rate(step));

const declared = ({ form = {}, promises = { scaleInvariant: false } }: TestForm) => ({ form, promises });

export function contextOf(run: TestRun): BoundContext {
  const { problem, norm: p = 2, coefficient = 1, scope = "layer", steps } = run;
  const layers: Layer[] = problem.layers.map((size, i) => ({ name: `layer ${i}`, shape: [size] }));
  const optimum = problem.optimum && pieces(problem.optimum, problem.layers).map((piece) => Float64Array.from(piece));
  return {
    rule: run.of
      ? { name: "test", equationOne: { holds: false, reason: "it is another rule" }, norm: p, ...declared(run.of) }
      : { name: "test", equationOne: { holds: true, norm: p, coefficient }, norm: p },
    scope,
    excluded: [],
    layers,
    fullBatch: true,
    ...((problem.constants || optimum) && {
      constants: { convex: false, ...problem.constants, ...(optimum && { optimum }) },
    }),
    learningRate: (step) => rateAt(run, step),
    learningRates() {
      const rates = Array.from({ length: steps }, (_, step) => rateAt(run, step));
      return { smallest: Math.min(...rates), largest: Math.max(...rates) };
    },
    steps,
    precision: "float64",
    ...run.context,
  };
}

/**
 * The records of a run, the last one without an update. With precision float32 every vector and measurement is rounded
 * to it.
 */
export function* simulate(run: TestRun): Generator<StepRecord> {
  const { problem, norm: p = 2, coefficient = 1, scope = "layer", steps } = run;
  const rule = run.rule ?? run.of?.rule() ?? proportionalUpdate(p, coefficient);
  const rounded = run.context?.precision === "float32" ? Math.fround : (x: number) => x;
  const blocks = scope === "global" ? [problem.start.length] : problem.layers;
  let w: Vector = problem.start.map(rounded);
  for (let step = 0; step <= steps; step++) {
    const last = step === steps;
    const g = problem.gradient(w).map(rounded);
    const rate = rateAt(run, step);
    const weightBlocks = pieces(w, blocks);
    const gradientBlocks = pieces(g, blocks);
    const update = weightBlocks.flatMap((block, i) => rule(block, gradientBlocks[i]!, rate)).map(rounded);
    const [ws, gs, updates] = [w, g, update].map((whole) => pieces(whole, problem.layers)) as [
      Vector[],
      Vector[],
      Vector[],
    ];
    const proportion = run.proportion ?? ((w: Vector, update: Vector) => norm(update, p) / norm(w, p));
    const layers = ws.map(
      (w, i): LayerRecord => ({
        weightNorm: rounded(norm(w, 2)),
        weightNormInRule: rounded(norm(w, p)),
        gradientNorm: rounded(norm(gs[i]!, 2)),
        gradientNormInRule: rounded(norm(gs[i]!, p)),
        updateNorm: last ? Number.NaN : rounded(norm(updates[i]!, 2)),
        normRatio: last ? Number.NaN : rounded(proportion(w, updates[i]!)),
        normRatioL2: last ? Number.NaN : norm(updates[i]!, 2) / norm(w, 2),
      }),
    );
    const invariants = run.of?.promises?.invariants?.map(({ measure }) => {
      const [weights, change] = [Float64Array.from(w), Float64Array.from(update)];
      const next = float64.add(weights, change);
      return measure(float64, { weights, update: change, next, shape: [w.length] });
    });
    const loss = rounded(problem.value(w));
    const optimalValue = problem.constants?.optimalValue;
    yield {
      step,
      epoch: step,
      learningRate: last ? Number.NaN : rate,
      loss,
      ...(optimalValue !== undefined && { gap: loss - optimalValue }),
      ...(problem.optimum && { distance: rounded(norm(difference(w, problem.optimum), 2)) }),
      ...(problem.start.length === 1 && { weight: w[0]! }),
      layers,
      ...(invariants && { invariants: [invariants] }),
      evaluated: true,
      traced: last || step % 3 === 0,
      last,
    };
    w = w.map((x, i) => rounded(x + update[i]!));
  }
}

/** Runs the bounds over a simulated run; the rows are the columns of the traced records. */
export function judge(run: TestRun, selected: "auto" | readonly string[] = "auto") {
  const watch = watchBounds(selectedBounds(bounds, selected), contextOf(run));
  const rows: (readonly number[])[] = [];
  for (const record of simulate(run)) {
    const row = watch.observe(record);
    if (record.traced) rows.push(row);
  }
  return { verdicts: watch.verdicts(), columns: watch.columns.map(({ name }) => name), rows };
}

/** The verdict of one bound on a simulated run. */
export const verdictOn = (name: string, run: TestRun): Verdict => judge(run, [name]).verdicts[name]!;
