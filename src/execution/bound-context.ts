import type { BoundContext } from "../bounds/bound.js";
import type { Problem } from "../problems/problem.js";
import type { PreparedRun } from "./plan.js";

type Facts = Pick<PreparedRun, "optimizer" | "steps" | "precision"> & {
  readonly problem: Pick<Problem, "layers" | "constants">;
  readonly run: { readonly config: Pick<PreparedRun["run"]["config"], "batchSize"> };
};

/** What the bounds may know of a run before its first step. */
export function boundContext({ problem, optimizer, steps, precision, run }: Facts): BoundContext {
  const { rule, scope, excluded, learningRate } = optimizer;
  return {
    rule: {
      name: optimizer.name,
      equationOne: optimizer.equationOne,
      form: optimizer.form,
      promises: rule.promises,
      ...(rule.norm !== undefined && { norm: rule.norm }),
      ...(rule.elementwise && { elementwise: true }),
    },
    scope,
    excluded,
    layers: problem.layers,
    fullBatch: run.config.batchSize === "full",
    ...(problem.constants && { constants: problem.constants }),
    learningRate,
    learningRates: () => optimizer.learningRates(),
    steps,
    precision,
  };
}
