import { z } from "zod";
import type { Algebra } from "../compute/algebra.js";
import {
  type Batch,
  type Evaluator,
  type KnownConstants,
  type Objective,
  type Problem,
  withObjectiveOfRuns,
} from "./problem.js";

export const lossScaleOption = z
  .number()
  .positive()
  .default(1)
  .describe("α: the loss is multiplied by it (T7: iterates of scale-invariant rules do not depend on it).");

/** The problem of minimising α·f: the loss, its gradient and every constant with the unit of a loss are multiplied by α. */
export function scaleLoss(factor: number, problem: Problem): Problem {
  if (factor === 1) return problem;
  const { constants, onHost, onTensors } = problem;
  return {
    ...problem,
    ...(constants && { constants: scaleConstants(factor, constants) }),
    ...(onHost && {
      onHost: (algebra: Parameters<typeof onHost>[0]) => scaleObjective(factor, algebra, onHost(algebra)),
    }),
    onTensors: async (algebra) => scaleObjective(factor, algebra, await onTensors(algebra)),
    ...withObjectiveOfRuns(problem, (algebra, objective) => scaleObjective(factor, algebra, objective)),
  };
}

const scaledConstants = ["smoothness", "strongConvexity", "gradientBound", "optimalValue", "infimum"] as const;

/** Each is multiplied where it is asked for: some cost something, and are found only then. */
function scaleConstants(factor: number, constants: KnownConstants): KnownConstants {
  const scaled = scaledConstants.flatMap((name) => {
    const get = () => factor * constants[name]!;
    return name in constants ? [[name, { get, enumerable: true }] as const] : [];
  });
  const properties = { ...Object.getOwnPropertyDescriptors(constants), ...Object.fromEntries(scaled) };
  return Object.create(Object.prototype, properties);
}

function scaleObjective<V, S>(factor: number, algebra: Algebra<V, S>, objective: Objective<V, S>): Objective<V, S> {
  const scaled = (evaluate: Evaluator<V, S>): Evaluator<V, S> => {
    return (weights) =>
      evaluate(weights).map((part) => ({ ...part, loss: algebra.times(algebra.scalar(factor), part.loss) }));
  };
  const scaledIfAny = (evaluate: Evaluator<V, S> | undefined) => evaluate && scaled(evaluate);
  return {
    initialWeights: () => objective.initialWeights(),
    lossAndGradients(weights, batch, step) {
      const { loss, gradients, ...rest } = objective.lossAndGradients(weights, batch, step);
      const scale = algebra.scalar(factor);
      return {
        ...rest,
        loss: algebra.times(scale, loss),
        gradients: gradients.map((gradient) => algebra.scale(scale, gradient)),
      };
    },
    advance: () => objective.advance?.(),
    nonTrainable: () => objective.nonTrainable?.() ?? [],
    restore: (nonTrainable) => objective.restore?.(nonTrainable),
    ...(objective.onTraining && { onTraining: (examples: Batch) => scaled(objective.onTraining!(examples)) }),
    onValidation: () => scaledIfAny(objective.onValidation?.()),
    onTest: () => scaledIfAny(objective.onTest?.()),
    dispose: () => objective.dispose?.(),
  };
}
