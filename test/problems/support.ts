import { expect } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { float64 } from "../../src/compute/float64.js";
import { cutIntoLayers } from "../../src/problems/blocks.js";
import type { Batch, Problem, ProblemContext } from "../../src/problems/problem.js";
import { problems } from "../../src/problems/registry.js";

export function contextOf(seed: number, directory = "."): ProblemContext {
  return { directory, stream: (name) => randomStream({ seed, name }) };
}

/** The problem of these options, as a config would make it. */
export async function makeProblem(options: { name: string; [option: string]: unknown }, seed = 7, directory = ".") {
  const definition = problems.find(({ name }) => name === options.name)!;
  return definition.create(definition.schema.parse(options), contextOf(seed, directory));
}

/** f and ∇f of a problem in float64, all layers as one vector. */
export function functionOf(problem: Problem) {
  const objective = problem.onHost!(float64);
  const start = float64.concatenate(objective.initialWeights());
  return {
    objective,
    start,
    dimension: start.length,
    at(w: Float64Array, batch: Batch = "full") {
      const { loss, gradients } = objective.lossAndGradients(cutIntoLayers(problem.layers, w), batch);
      return { value: loss, gradient: float64.concatenate(gradients) };
    },
    /** f on these examples as evaluations compute it. */
    evaluate(w: Float64Array, examples: Batch) {
      const parts = objective.onTraining!(examples)(cutIntoLayers(problem.layers, w));
      expect(parts).toHaveLength(1);
      return parts[0]!;
    },
    optimum: problem.constants?.optimum && float64.concatenate(problem.constants.optimum),
  };
}

export const vector = (...entries: number[]) => Float64Array.from(entries);
