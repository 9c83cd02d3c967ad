import type { Algebra } from "../../src/compute/algebra.js";
import type { Objective, Problem } from "../../src/problems/problem.js";
import type { StepRecord } from "../../src/training/record.js";
import { type Training, type TrainingEnd, train } from "../../src/training/train.js";
import { optimizerOver } from "../optimizers/rules.js";

/** All records of a full-batch run of this problem, and how it ended. */
export async function collect<V, S>(
  algebra: Algebra<V, S>,
  problem: Problem,
  objective: Objective<V, S>,
  optimizer: Record<string, unknown>,
  options: Partial<Training<V, S>> & { steps: number },
): Promise<{ records: StepRecord[]; end: TrainingEnd }> {
  const running = train<V, S>({
    algebra,
    problem,
    objective,
    optimizer: optimizerOver(problem.layers, optimizer, options.steps),
    batchSize: "full",
    stepsPerEpoch: 1,
    traced: () => true,
    evaluated: () => false,
    measureEveryStep: false,
    lossLimit: 1e30,
    ...options,
  });
  const records: StepRecord[] = [];
  for (;;) {
    const { value, done } = await running.next();
    if (done) return { records, end: value };
    records.push(value);
  }
}
