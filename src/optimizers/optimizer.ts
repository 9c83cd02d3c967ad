import { z } from "zod";
import type { Algebra } from "../compute/algebra.js";
import { ExperimentError } from "../errors.js";
import type { Layer } from "../problems/problem.js";
import {
  type LearningRateConfig,
  learningRateOf,
  learningRateSchema,
  type RateRange,
} from "./schedules/learning-rate.js";
import type { ScheduleDefinition } from "./schedules/schedule.js";
import { sgd } from "./sgd.js";
import type { OptimizerDefinition, RuleState, UpdateRule } from "./update-rule.js";

/** What optimizers of a config are made from. */
export interface Rules {
  readonly optimizers: readonly OptimizerDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
}

/** The fields every optimizer has in a config, whatever its rule. */
const commonFields = (schedules: readonly ScheduleDefinition[]) => ({
  label: z.string().trim().min(1).max(200).optional().describe("name of this optimizer in results; default: its name"),
  learningRate: learningRateSchema(schedules).describe("λ_k: a positive number, or a schedule"),
  scope: z
    .enum(["layer", "global"])
    .default("layer")
    .describe("apply the rule to each layer on its own, or to all weights as one vector"),
  exclude: z
    .array(z.string())
    .default([])
    .describe(
      'layers kept out of the rule, which take plain gradient steps Δw = −λ·g; names or patterns such as "*/bias"',
    ),
});

/** An optimizer of a config: one of these rules with its options and the fields above. */
export function optimizerSchema({ optimizers, schedules }: Rules): z.ZodType<OptimizerConfig> {
  const common = commonFields(schedules);
  const variants = optimizers.map(({ schema }) => schema.extend(common)) as unknown as [z.ZodObject, ...z.ZodObject[]];
  return z.discriminatedUnion("name", variants) as unknown as z.ZodType<OptimizerConfig>;
}

/** A parsed value of `optimizerSchema`: the common fields, and under their names the options of the rule. */
export interface OptimizerConfig {
  readonly name: string;
  readonly label?: string | undefined;
  readonly learningRate: LearningRateConfig;
  readonly scope: "layer" | "global";
  readonly exclude: readonly string[];
}

/** What an optimizer remembers: the rule's state for each block, and for each excluded layer none. */
export type OptimizerState<V> = readonly RuleState<V>[];

/** An update rule with its schedule, laid over the layers of a problem. */
export interface Optimizer {
  readonly name: string;
  readonly version: number;
  readonly rule: UpdateRule;
  readonly scope: "layer" | "global";
  /** Names of the layers kept out of the rule. */
  readonly excluded: readonly string[];
  /** What the rule sees as one vector each, as indices into the layers; one state belongs to each, in this order. */
  readonly blocks: readonly { readonly layers: readonly number[] }[];
  /** λ_k for k = 0 … steps − 1 */
  readonly learningRate: (step: number) => number;
  /** The range of λ_k over the whole run. */
  learningRates(): RateRange;
  initialState<V, S>(algebra: Algebra<V, S>, weights: readonly V[]): OptimizerState<V>;
  /** Δw of every layer at step k, and the state after it. */
  updates<V, S>(
    algebra: Algebra<V, S>,
    step: number,
    weights: readonly V[],
    gradients: readonly V[],
    state: OptimizerState<V>,
  ): { updates: V[]; state: OptimizerState<V> };
}

function layersMatching(pattern: string, layers: readonly Layer[]): string[] {
  const literal = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${literal.join(".*")}$`);
  const names = layers.map(({ name }) => name);
  const matching = names.filter((name) => expression.test(name));
  if (matching.length > 0) return matching;
  throw new ExperimentError(
    `optimizer.exclude: "${pattern}" matches no layer; the layers are ${names.join(", ")} (* stands for any characters)`,
  );
}

/**
 * @param rules that have checked the config
 * @param steps K, which schedules depend on
 * @throws ExperimentError if a pattern of `exclude` matches no layer
 */
export function createOptimizer(
  { optimizers, schedules }: Rules,
  config: OptimizerConfig,
  layers: readonly Layer[],
  steps: number,
): Optimizer {
  const definition = optimizers.find(({ name }) => name === config.name)!;
  const rule = definition.create(config);
  const plain = sgd.create({ name: "sgd", momentum: 0, nesterov: false, weightDecay: 0 });
  const { at: learningRate, range } = learningRateOf(schedules, config.learningRate, steps);
  const excluded = new Set(config.exclude.flatMap((pattern) => layersMatching(pattern, layers)));

  const all = layers.map((_, i) => i);
  const included = all.filter((i) => !excluded.has(layers[i]!.name));
  const groups: { rule: UpdateRule; members: number[] }[] = [
    ...(config.scope === "global" && included.length > 0
      ? [{ rule, members: included }]
      : included.map((i) => ({ rule, members: [i] }))),
    ...all.filter((i) => !included.includes(i)).map((i) => ({ rule: plain, members: [i] })),
  ];
  /** The group's layers as the one vector the rule sees. */
  const block = <V, S>(algebra: Algebra<V, S>, parts: readonly V[], members: readonly number[]) =>
    members.length === 1 ? parts[members[0]!]! : algebra.concatenate(members.map((i) => parts[i]!));

  return {
    name: config.name,
    version: definition.version,
    rule,
    scope: config.scope,
    excluded: [...excluded],
    blocks: groups.map(({ members }) => ({ layers: members })),
    learningRate,
    learningRates: range,

    initialState: (algebra, weights) =>
      groups.map(({ rule, members }) => rule.initialState?.(algebra, block(algebra, weights, members)) ?? {}),

    updates(algebra, step, weights, gradients, state) {
      const updates = new Array(layers.length);
      const nextState = groups.map(({ rule, members }, group) => {
        const output = rule.update(algebra, {
          weights: block(algebra, weights, members),
          gradient: block(algebra, gradients, members),
          learningRate: learningRate(step),
          state: state[group]!,
        });
        if (members.length === 1) updates[members[0]!] = output.update;
        else {
          const parts = algebra.split(
            output.update,
            members.map((i) => weights[i]!),
          );
          members.forEach((i, part) => {
            updates[i] = parts[part];
          });
        }
        return output.state;
      });
      return { updates, state: nextState };
    },
  };
}
