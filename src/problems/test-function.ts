import { z } from "zod";
import { float64 } from "../compute/float64.js";
import { blockLayers, cutIntoLayers, joined, separated, singleLayer, weightsFrom } from "./blocks.js";
import { lossScaleOption, scaleLoss } from "./loss-scale.js";
import { analyticProblem, defineProblem } from "./problem.js";
import { type TwoDimensionalFunctionName, twoDimensionalFunctions } from "./two-dimensional-functions.js";

const names = Object.keys(twoDimensionalFunctions) as [TwoDimensionalFunctionName, ...TwoDimensionalFunctionName[]];

const schema = z.strictObject({
  name: z.literal("test-function"),
  function: z.enum(names).default("rosenbrock").describe("Which function of x and y."),
  separate: z.boolean().default(false).describe("Whether x and y are a layer each, or one together."),
  start: z.array(z.number()).length(2).optional().describe("The first iterate w_0 = (x, y). Default: that of DeepOBS."),
  lossScale: lossScaleOption,
});

/** Functions of two variables that are smooth, not convex, and hard for gradient descent, each in its own way. */
export const testFunction = defineProblem({
  name: "test-function",
  summary: "Functions of two variables with known minima: Rosenbrock's, Beale's, Branin's",
  version: 1,
  formula: "f(x, y), e.g. (1 − x)² + 100(y − x²)²",
  needsData: false,
  schema,
  outline: ({ separate }) => ({ layers: layersOf(separate), numbers: 0 }),
  landscape({ function: name, lossScale }) {
    const f = twoDimensionalFunctions[name];
    return {
      title: name,
      values: (x, y) => float64.scale(lossScale, f.at(float64, x, y).value),
      minimum: lossScale * f.minimum,
      minimisers: f.minimisers,
    };
  },
  create({ function: name, separate, start, lossScale }) {
    const f = twoDimensionalFunctions[name];
    const layers = layersOf(separate);
    const [minimiser] = f.minimisers.length === 1 ? f.minimisers : [];
    const constants = {
      convex: false,
      optimalValue: f.minimum,
      infimum: f.minimum,
      ...(minimiser && {
        optimum: cutIntoLayers(layers, Float64Array.from(minimiser)),
        optimumSource: "closed form",
      }),
    };
    const problem = analyticProblem({ layers, constants }, (algebra) => {
      const coordinate = algebra.vector([0]);
      return {
        initialWeights: () => weightsFrom(algebra, layers, Float64Array.from(start ?? f.start)),
        lossAndGradients(weights) {
          const [x, y] = algebra.split(joined(algebra, weights), [coordinate, coordinate]);
          const { value, slopes } = f.at(algebra, x!, y!);
          return { loss: algebra.sum(value), gradients: separated(algebra, algebra.concatenate(slopes), weights) };
        },
        dispose: () => algebra.dispose([coordinate]),
      };
    });
    return scaleLoss(lossScale, problem);
  },
});

const layersOf = (separate: boolean) => (separate ? blockLayers([1, 1]) : singleLayer(2));
