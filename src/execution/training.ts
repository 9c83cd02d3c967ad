import type { BoundWatch } from "../bounds/verdict.js";
import type { Algebra } from "../compute/algebra.js";
import type { RunConfig } from "../config/schema.js";
import { meets } from "../config/target-schema.js";
import { type BatchSampler, type BatchSamplerState, batchSampler } from "../data/batches.js";
import type { Objective } from "../problems/problem.js";
import { quantities, quantityOf } from "../results/quantities.js";
import type { Training } from "../training/train.js";
import { evaluationExamples, type PreparedRun, stepsPerEvaluation } from "./plan.js";

/** One backend's side of a run. */
export interface Computation<V, S> {
  readonly algebra: Algebra<V, S>;
  readonly objective: Objective<V, S>;
  /** The pauses of its loop, where they are not its own affair. */
  readonly breathe?: Training<V, S>["breathe"];
}

/** Where a run's batches come from; absent for full batches. */
export function samplerOf({ run, problem }: PreparedRun, state?: BatchSamplerState): BatchSampler | undefined {
  const { batchSize, seed } = run.config;
  return batchSize === "full" ? undefined : batchSampler(problem.examples!, { seed, name: "data order" }, state);
}

/** Whether an evaluation finds all that a run is to end at; undefined where there is no such thing. */
function isReachedOf(targets: RunConfig["stop"]["atTarget"]): Training<never, never>["isReached"] {
  if (!targets || targets === true) return undefined;
  const measures = targets.map((target) => ({ target, of: quantities[quantityOf(target.column)].of }));
  return (record) => measures.every(({ target, of }) => meets(target, of(record) ?? Number.NaN));
}

/** A run's training as its config has it, but for the batches and where it starts. */
export function trainingOf<V, S>(
  prepared: PreparedRun,
  { algebra, objective, breathe }: Computation<V, S>,
  bounds: Pick<BoundWatch, "needsEveryStep" | "needsInvariants">,
): Training<V, S> {
  const { run, problem, optimizer, steps, stepsPerEpoch, rung } = prepared;
  const { batchSize, stop, trace } = run.config;
  const every = stepsPerEvaluation(prepared);
  return {
    algebra,
    problem,
    objective,
    optimizer,
    steps,
    batchSize,
    stepsPerEpoch,
    traced: (step) => step % trace.every === 0,
    evaluated: (step) => step === steps || (every < Number.POSITIVE_INFINITY && step % every === 0),
    evaluationExamples: evaluationExamples(prepared),
    measureEveryStep: bounds.needsEveryStep,
    measureInvariants: bounds.needsInvariants,
    lossLimit: stop.lossAbove,
    stopAfter: rung?.step,
    isReached: isReachedOf(stop.atTarget),
    breathe,
  };
}
