import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { Algebra } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import { neuronSize, perNeuron } from "../compute/per-neuron.js";
import { conventionField, withoutConvention } from "./convention.js";
import { type GradientClip, type GradientClipOptions, gradientClip, gradientClipSchema } from "./gradient-clip.js";
import {
  type LearningRateConfig,
  learningRateOf,
  learningRateSchema,
  type RateRange,
} from "./schedules/learning-rate.js";
import type { ScheduleDefinition } from "./schedules/schedule.js";
import { plainGradient } from "./sgd.js";
import type {
  EquationOne,
  Form,
  OptimizerDefinition,
  RuleInput,
  RuleOutput,
  RuleState,
  UpdateRule,
} from "./update-rule.js";

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
    .enum(["neuron", "layer", "global"])
    .default("layer")
    .describe(
      "apply the rule to each layer on its own, to the weights of each neuron (output unit or channel) of a layer, or to all weights as one vector",
    ),
  exclude: z
    .array(z.string())
    .default([])
    .describe(
      'layers kept out of the rule, which take the steps that excludedUpdate says; names or patterns such as "*/bias"',
    ),
  excludedUpdate: z
    .enum(["gradient", "unscaled"])
    .default("gradient")
    .describe(
      "what excluded layers do: plain gradient steps Δw = −λ·g, or the rule without its scaling, momentum kept",
    ),
  clipGradient: gradientClipSchema.optional().describe("how gradients are clipped before anything else; default: not"),
});

/** Each rule's options as a config can set them: its own, the fields above, and the names of its conventions. */
export function optimizerVariants({ optimizers, schedules }: Rules): z.ZodObject[] {
  const common = commonFields(schedules);
  return optimizers.map(({ schema, conventions }) =>
    schema.extend({ ...common, ...(conventions && conventionField(conventions)) }),
  );
}

/** An optimizer of a config: one of these rules with its options, a convention spelled out. */
export function optimizerSchema(rules: Rules): z.ZodType<OptimizerConfig> {
  const variants = optimizerVariants(rules) as [z.ZodObject, ...z.ZodObject[]];
  const union = z.discriminatedUnion("name", variants);
  return z.preprocess(
    (config) => withoutConvention(rules.optimizers, config),
    union,
  ) as unknown as z.ZodType<OptimizerConfig>;
}

/** A parsed value of `optimizerSchema`: the common fields, and under their names the options of the rule. */
export interface OptimizerConfig {
  readonly name: string;
  readonly label?: string | undefined;
  readonly learningRate: LearningRateConfig;
  readonly scope: Scope;
  readonly exclude: readonly string[];
  readonly excludedUpdate: "gradient" | "unscaled";
  readonly clipGradient?: GradientClipOptions | undefined;
}

/** What a rule sees as one block of weights. */
export type Scope = "neuron" | "layer" | "global";

/** What an optimizer remembers: the rule's state for each block, and for each excluded layer none. */
export type OptimizerState<V, S> = readonly RuleState<V, S>[];

/** An update rule with its schedule, laid over the layers of a problem. */
export interface Optimizer {
  readonly name: string;
  readonly version: number;
  readonly rule: UpdateRule;
  /** Whether a step is exactly equation (1), clipping included: the rule's own answer, unless clipping turns the gradient. */
  readonly equationOne: EquationOne;
  /** The rule's, as far as clipping leaves it: of steps made from gradients as they were before. */
  readonly form: Form;
  readonly scope: Scope;
  /** Names of the layers kept out of the rule. */
  readonly excluded: readonly string[];
  /** What the rule sees as one vector each, as indices into the layers; one state belongs to each, in this order. */
  readonly blocks: readonly { readonly layers: readonly number[] }[];
  /** λ_k for k = 0 … steps − 1 */
  readonly learningRate: (step: number) => number;
  /** The range of λ_k over the whole run. */
  learningRates(): RateRange;
  initialState<V, S>(algebra: Algebra<V, S>, weights: readonly V[]): OptimizerState<V, S>;
  /**
   * Δw of every layer at step k, and the state after it.
   *
   * @param examples the gradients of each example of the batch, where the rule needs them; they are not clipped
   */
  updates<V, S>(
    algebra: Algebra<V, S>,
    step: number,
    weights: readonly V[],
    gradients: readonly V[],
    state: OptimizerState<V, S>,
    examples?: readonly (readonly V[])[],
  ): { updates: V[]; state: OptimizerState<V, S> };
  /** The average of the iterates up to w_k, from the state before step k; undefined before it begins. */
  averagedWeights?<V, S>(step: number, state: OptimizerState<V, S>): readonly V[] | undefined;
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

/** The rule that excluded layers follow. */
function ruleOfExcluded({ excludedUpdate, name }: OptimizerConfig, rule: UpdateRule): UpdateRule {
  if (excludedUpdate === "gradient") return plainGradient;
  if (rule.unscaled) return rule.unscaled;
  throw new ExperimentError(`optimizer.excludedUpdate: ${name} has no unscaled form; use "gradient"`);
}

/** Layers that a rule sees as one block, and how it sees them. */
interface Group {
  readonly rule: UpdateRule;
  readonly members: readonly number[];
  readonly shape: readonly number[];
  /** The shape of what the rule takes for its block: of a single neuron, where it sees each on its own. */
  readonly seen: readonly number[];
  readonly isPerNeuron: boolean;
}

function groupsOf(rule: UpdateRule, config: OptimizerConfig, layers: readonly Layer[], excluded: ReadonlySet<string>) {
  const all = layers.map((_, i) => i);
  const included = all.filter((i) => !excluded.has(layers[i]!.name));
  const alone = (i: number, rule: UpdateRule, scope: Scope): Group => {
    const { shape } = layers[i]!;
    const isPerNeuron = scope === "neuron" && shape.length > 1;
    return { rule, members: [i], shape, seen: isPerNeuron ? [neuronSize(shape)] : shape, isPerNeuron };
  };
  const outsider = excluded.size > 0 ? ruleOfExcluded(config, rule) : rule;
  const outside = all.filter((i) => !included.includes(i)).map((i) => alone(i, outsider, "layer"));
  if (config.scope !== "global" || included.length === 0) {
    return [...included.map((i) => alone(i, rule, config.scope)), ...outside];
  }
  const size = included.reduce((sum, i) => sum + layerSize(layers[i]!), 0);
  return [{ rule, members: included, shape: [size], seen: [size], isPerNeuron: false }, ...outside];
}

/** Whether clipping scales parts of some block's gradient apart, and so turns it. */
const turnsGradients = (clip: GradientClip, rule: UpdateRule, groups: readonly Group[], layers: readonly Layer[]) =>
  groups.some(
    (group) =>
      group.rule === rule &&
      clip.scalesApart(
        group.members.map((i) => layers[i]!),
        group.isPerNeuron,
      ),
  );

/**
 * What a step is once gradients are clipped. Equation (1) is blind to the length of a block's gradient: scaled as one it
 * leaves the step as it is, scaled in parts it does not.
 */
function clipped(rule: UpdateRule, clip: GradientClip | undefined, groups: readonly Group[], layers: readonly Layer[]) {
  const { equationOne, promises } = rule;
  const { form = {}, scaleInvariant } = promises;
  if (!clip) return { equationOne, form };
  if (turnsGradients(clip, rule, groups, layers)) {
    const reason = `gradients are clipped ${clip.title}, which turns them, so it is not equation (1)`;
    return { equationOne: equationOne.holds ? ({ holds: false, reason } as const) : equationOne, form: {} };
  }
  const { alongGradient, shrunk, heavyBall } = form;
  return {
    equationOne,
    form: {
      ...(alongGradient && { alongGradient }),
      ...(shrunk && { shrunk }),
      ...(heavyBall && scaleInvariant && { heavyBall }),
    },
  };
}

/**
 * @param rules that have checked the config
 * @param steps K, which schedules depend on
 * @throws ExperimentError if a pattern of `exclude` matches no layer, or the rule has no form that `excludedUpdate` asks for
 */
export function createOptimizer(
  { optimizers, schedules }: Rules,
  config: OptimizerConfig,
  layers: readonly Layer[],
  steps: number,
): Optimizer {
  const definition = optimizers.find(({ name }) => name === config.name)!;
  const rule = definition.create(config);
  const { at: learningRate, range } = learningRateOf(schedules, config.learningRate, steps);
  const excluded = new Set(config.exclude.flatMap((pattern) => layersMatching(pattern, layers)));
  const groups = groupsOf(rule, config, layers, excluded);
  const clip = config.clipGradient && gradientClip(config.clipGradient, layers);

  /** The group's layers as the one vector the rule sees. */
  const block = <V, S>(algebra: Algebra<V, S>, parts: readonly V[], { members }: Group) =>
    members.length === 1 ? parts[members[0]!]! : algebra.concatenate(members.map((i) => parts[i]!));

  /** The inverse of `block`: puts the parts of what is of the form of the group's block to the layers that they belong to. */
  function putInto<V, S>(parts: V[], algebra: Algebra<V, S>, whole: V, like: readonly V[], { members }: Group): void {
    if (members.length === 1) {
      parts[members[0]!] = whole;
      return;
    }
    const pieces = algebra.split(
      whole,
      members.map((i) => like[i]!),
    );
    members.forEach((i, piece) => {
      parts[i] = pieces[piece]!;
    });
  }

  function updateOf<V, S>(algebra: Algebra<V, S>, group: Group, input: RuleInput<V, S>): RuleOutput<V, S> {
    if (!group.isPerNeuron) return group.rule.update(algebra, input);
    return group.rule.update(perNeuron(algebra, group.shape), input as RuleInput<V, V>) as RuleOutput<V, S>;
  }

  return {
    name: config.name,
    version: definition.version,
    rule,
    ...clipped(rule, clip, groups, layers),
    scope: config.scope,
    excluded: [...excluded],
    blocks: groups.map(({ members }) => ({ layers: members })),
    learningRate,
    learningRates: range,

    initialState: <V, S>(algebra: Algebra<V, S>, weights: readonly V[]): OptimizerState<V, S> =>
      groups.map((group) => {
        const start = block(algebra, weights, group);
        const { rule, shape, seen, isPerNeuron } = group;
        if (isPerNeuron) return rule.initialState?.(perNeuron(algebra, shape), start, seen) ?? {};
        return rule.initialState?.(algebra, start, seen) ?? {};
      }),

    updates<V, S>(
      algebra: Algebra<V, S>,
      step: number,
      weights: readonly V[],
      unclipped: readonly V[],
      state: OptimizerState<V, S>,
      examples?: readonly (readonly V[])[],
    ) {
      const gradients = clip ? clip.apply(algebra, weights, unclipped) : unclipped;
      const updates = new Array<V>(layers.length);
      const rate = learningRate(step);
      // A rule that remembers nothing gives its state back.
      let nextState: RuleState<V, S>[] | undefined;
      for (let g = 0; g < groups.length; g++) {
        const group = groups[g]!;
        const input: RuleInput<V, S> = {
          weights: block(algebra, weights, group),
          gradient: block(algebra, gradients, group),
          step,
          learningRate: rate,
          shape: group.seen,
          state: state[g]!,
        };
        const output = updateOf(
          algebra,
          group,
          examples ? { ...input, exampleGradients: examples.map((parts) => block(algebra, parts, group)) } : input,
        );
        putInto(updates, algebra, output.update, weights, group);
        if (output.state !== state[g]) nextState ??= [...state];
        if (nextState) nextState[g] = output.state;
      }
      return { updates, state: nextState ?? state };
    },
  };
}
