import { layerSize } from "../compute/layer.js";
import { cutIntoLayers } from "./blocks.js";
import { type LinearModel, linearModelObjective } from "./linear-model.js";
import { scaleLoss } from "./loss-scale.js";
import { type StartOption, startPoint } from "./points.js";
import { analyticProblem, type KnownConstants, type Problem, type ProblemContext } from "./problem.js";

/** What is known about a linear model, w* as one vector. */
export interface RegressionFacts extends Omit<KnownConstants, "optimum"> {
  readonly optimum?: Float64Array;
}

/** The problem of fitting a linear model, its start and loss scale as the options say. */
export function regressionProblem(
  model: LinearModel,
  { optimum, ...known }: RegressionFacts,
  options: { readonly start: StartOption; readonly lossScale: number },
  context: ProblemContext,
): Problem {
  const { layers, examples } = model;
  const start = startPoint(options.start, {
    dimension: layers.reduce((sum, layer) => sum + layerSize(layer), 0),
    optimum,
    stream: context.stream("initialisation"),
  });
  const constants = { ...known, ...(optimum && { optimum: cutIntoLayers(layers, optimum) }) };
  const { features, checksum } = examples;
  const { dataset } = context;
  const facts = {
    layers,
    examples: features.rows,
    constants,
    ...(checksum && { checksum }),
    ...(dataset && { dataset }),
  };
  const problem = analyticProblem(facts, (algebra) => linearModelObjective(algebra, model, start));
  return scaleLoss(options.lossScale, problem);
}
