import type { Bound } from "../bounds/bound.js";
import type { Layer } from "../compute/layer.js";
import { boundContext } from "../execution/bound-context.js";
import { createOptimizer, type OptimizerConfig, optimizerSchema } from "../optimizers/optimizer.js";
import type { OptimizerDefinition } from "../optimizers/update-rule.js";
import type { KnownConstants } from "../problems/problem.js";
import type { Registry } from "../registry/registry.js";

/** A loss as far as bounds ask about it. */
interface Setting {
  readonly layers: readonly Layer[];
  readonly constants: KnownConstants;
}

const layer = (name: string, size: number): Layer => ({ name, shape: [size] });
const quadraticAbout = (...optimum: readonly (readonly number[])[]): KnownConstants => ({
  ...{ convex: true, quadratic: true, smoothness: 1.5, strongConvexity: 1, optimalValue: 0, infimum: 0 },
  optimum: optimum.map((weights) => Float64Array.from(weights)),
});

/** Losses that between them meet what the bounds assume: each bound applies to some rule on one of them. */
const settings: readonly Setting[] = [
  { layers: [layer("w", 1)], constants: quadraticAbout([1]) },
  { layers: [layer("w", 2)], constants: quadraticAbout([0, 0]) },
  { layers: [layer("w", 2)], constants: quadraticAbout([1, 1]) },
  { layers: [layer("v", 2), layer("w", 2)], constants: quadraticAbout([1, 1], [1, 1]) },
  { layers: [layer("w", 2)], constants: { ...quadraticAbout([1, 1]), gradientBound: 1 } },
  { layers: [layer("w", 2)], constants: { convex: false, scaleInvariant: true, smoothness: 1, infimum: 0 } },
];

const rate = 0.01;
const steps = 10;

/** The bounds that hold a rule with some options, on a loss that meets their assumptions. */
function boundsUnder(registry: Registry, config: OptimizerConfig): Set<Bound> {
  const contexts = settings.map((problem) =>
    boundContext({
      problem,
      optimizer: createOptimizer(registry, config, problem.layers, steps),
      ...{ steps, precision: "float64", run: { config: { batchSize: "full" } } },
    }),
  );
  return new Set(
    registry.bounds.filter((bound) => contexts.some((context) => bound.reasonNotApplicable(context) === undefined)),
  );
}

/** With which of a rule's options a bound can apply: those it has by default, or others. */
export type When = "defaults" | "other options";

function applicability(registry: Registry): ReadonlyMap<OptimizerDefinition, ReadonlyMap<Bound, When>> {
  const schema = optimizerSchema(registry);
  return new Map(
    registry.optimizers.map((definition) => {
      const choices = [{}, ...(definition.variants ?? [])].map((options) =>
        boundsUnder(registry, schema.parse({ learningRate: rate, ...options, name: definition.name })),
      );
      const [plain] = choices;
      const applicable = choices.flatMap((bounds) => [...bounds]);
      return [
        definition,
        new Map(applicable.map((bound) => [bound, plain!.has(bound) ? "defaults" : "other options"])),
      ];
    }),
  );
}

const known = new WeakMap<Registry, ReturnType<typeof applicability>>();

/** When a bound can apply to a rule, on a loss that meets its assumptions; undefined: never. */
export function whenApplicable(registry: Registry, rule: OptimizerDefinition, bound: Bound): When | undefined {
  const all = known.get(registry) ?? applicability(registry);
  known.set(registry, all);
  return all.get(rule)?.get(bound);
}
