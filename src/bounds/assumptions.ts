import type { Norm } from "../compute/algebra.js";
import { layerSize } from "../compute/layer.js";
import type { Form } from "../optimizers/update-rule.js";
import type { KnownConstants } from "../problems/problem.js";
import type { Bound, BoundContext } from "./bound.js";
import { conditionNumberOf, optimumNorm, type Rates, ratesOf, short } from "./facts.js";

/** One assumption of a statement: as a phrase, and as a test of a run. */
export interface Assumption {
  readonly phrase: string;
  /** Why the run does not meet it; undefined if it does. */
  unmet(context: BoundContext): string | undefined;
}

/** The assumptions of a bound; the first that is not met is the reason why the bound does not apply. */
export function assuming(...assumptions: readonly Assumption[]): Pick<Bound, "assumptions" | "reasonNotApplicable"> {
  return {
    assumptions: assumptions.map(({ phrase }) => phrase),
    reasonNotApplicable(context) {
      for (const assumption of assumptions) {
        const reason = assumption.unmet(context);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
  };
}

/** An assumption about the start, which only the first record tells: the monitor tests it. */
export const atTheStart = (phrase: string): Assumption => ({ phrase, unmet: () => undefined });

/** With `scope: neuron` every neuron is a block, whose norms are not measured: the trace has those of layers. */
export const seenPerNeuron = ({ scope, layers, excluded }: BoundContext): string | undefined =>
  scope === "neuron" && layers.some(({ name, shape }) => shape.length > 1 && !excluded.includes(name))
    ? "the rule sees each neuron on its own; the statement is for blocks whose norms are measured, layers or all of them"
    : undefined;

export const equationOne: Assumption = {
  phrase: "the update is equation (1): no momentum, no weight decay, no guard",
  unmet: (context) => {
    const { name, equationOne } = context.rule;
    return equationOne.holds ? seenPerNeuron(context) : `${name}: ${equationOne.reason}`;
  },
};

/**
 * The rule's step is of this form.
 *
 * @param told the form in a few words, for the reason why a run does not apply
 */
const ofForm = (phrase: string, told: string, met: (form: Form) => boolean): Assumption => ({
  phrase,
  unmet: (context) =>
    met(context.rule.form ?? {}) ? seenPerNeuron(context) : `${context.rule.name}, as configured, is no ${told}`,
});

/** Equation (1) steps along the gradient too. */
export const alongGradient: Assumption = {
  phrase: "Δw = −s_kg_k with s_k ≥ 0: no momentum, no weight decay, no entry scaled apart",
  unmet(context) {
    const { name, form, equationOne } = context.rule;
    return form?.alongGradient || equationOne.holds
      ? seenPerNeuron(context)
      : `${name}, as configured, does not step along the gradient: momentum, weight decay, or scaling in parts turns it`;
  },
};

export const clippedRate = ofForm(
  "s_k = min(λ_k, c‖w_k‖₂/(‖g_k‖₂ + ε))",
  "step along the gradient at the rate min(λ, c‖w‖₂/‖g‖₂)",
  ({ clippedRate }) => clippedRate !== undefined,
);

export const shrunk = ofForm(
  "w_{k+1} = (w_k − λ_k(‖w_k‖₂/‖g_k‖₂)·g_k)/√(1 + λ_k²)",
  "step of equation (1) after which the weights are shrunk by √(1 + λ²)",
  ({ shrunk }) => shrunk === true,
);

export const heavyBall: Assumption = {
  phrase: "v_k = mv_{k−1} + s_kg_k and Δw_k = −v_k, with a constant λ where it multiplies v_k",
  unmet(context) {
    const { name, form } = context.rule;
    if (!form?.heavyBall) return `${name}, as configured, is no heavy ball whose s_k the norms tell`;
    const { smallest, largest } = context.learningRates();
    return form.heavyBall.constantRate && smallest !== largest
      ? `${name} multiplies its velocity by λ, which must be constant; it goes from ${short(smallest)} to ${short(largest)}`
      : seenPerNeuron(context);
  },
};

export const decayed = ofForm(
  "Δw = −λ_k(‖w_k‖₂/(‖g_k‖₂ + β‖w_k‖₂))·(g_k + βw_k)",
  "LARS with weight decay in the gradient and in a separate denominator, without momentum and guards",
  ({ decayed }) => decayed !== undefined,
);

const normIs = (phrase: string, met: (p: Norm) => boolean): Assumption => ({
  phrase,
  unmet: ({ rule: { name, equationOne } }) =>
    equationOne.holds && !met(equationOne.norm)
      ? `${name} measures in p = ${equationOne.norm}; the statement is for ${phrase}`
      : undefined,
});

/** p is this. */
export const inNorm = (norm: Norm): Assumption => normIs(`p = ${norm}`, (p) => p === norm);

/** p is anything but this. */
export const notInNorm = (norm: Norm): Assumption => normIs(`p ≠ ${norm}`, (p) => p !== norm);

export const fullBatch: Assumption = {
  phrase: "full-batch (sub)gradients",
  unmet: ({ fullBatch }) =>
    fullBatch
      ? undefined
      : "T9: the bound is for full-batch gradients; a normalised mini-batch gradient is a biased direction",
};

export const singleBlock: Assumption = {
  phrase: "a single block: one layer, or scope: global",
  unmet({ layers, scope, excluded }) {
    if (excluded.length > 0) return `T8: the statement is for a single block; ${excluded.join(", ")} is kept out of it`;
    return layers.length === 1 || scope === "global"
      ? undefined
      : `T8: the statement is for a single block; the rule sees ${layers.length} layers, each with a step size of its own`;
  },
};

export const oneDimensional: Assumption = {
  phrase: "one dimension",
  unmet({ layers, excluded }) {
    const entries = layers.reduce((sum, layer) => sum + layerSize(layer), 0);
    if (entries !== 1) return `the statement is for one dimension; the problem has ${entries}`;
    return excluded.length > 0 ? `the only layer is excluded from the rule` : undefined;
  },
};

export const convex: Assumption = {
  phrase: "f is convex",
  unmet: ({ constants }) => (constants?.convex ? undefined : "the objective is not known to be convex"),
};

const knowing = (phrase: string, unknown: string, ...names: readonly (keyof KnownConstants)[]): Assumption => ({
  phrase,
  unmet: ({ constants }) => (names.every((name) => constants?.[name] !== undefined) ? undefined : unknown),
});

export const knownOptimum = knowing("the minimiser w* is known", "the minimiser w* is not known", "optimum");

export const knownOptimalValue = knowing(
  "the minimum f* is known",
  "the minimum f* of the objective is not known",
  "optimalValue",
);

export const smooth = knowing(
  "∇f is Lipschitz with a known constant L",
  "no smoothness constant L of the objective is known",
  "smoothness",
);

export const scaleInvariantLoss: Assumption = {
  phrase: "f does not depend on the length of w: ⟨w, ∇f(w)⟩ = 0",
  unmet: ({ constants }) =>
    constants?.scaleInvariant ? undefined : "the objective is not known to be invariant under scaling of the weights",
};

export const boundedGradients = knowing(
  "‖g‖₂ ≤ G for every (sub)gradient, with a known G",
  "no bound G of the gradients is known",
  "gradientBound",
);

export const stronglyConvexAndSmooth: Assumption = {
  phrase: "f is μ-strongly convex and L-smooth, with known μ > 0 and L",
  unmet(context) {
    const conditionNumber = conditionNumberOf(context);
    return Number.isFinite(conditionNumber) && conditionNumber >= 1
      ? undefined
      : "no strong convexity constant μ > 0 and smoothness constant L of the objective are known";
  },
};

export const centredOptimum: Assumption = {
  phrase: "the optimum is centred: w* = 0",
  unmet(context) {
    const norm = optimumNorm(context);
    return norm === 0 ? undefined : `the optimum is not centred: ‖w*‖₂ = ${short(norm)}, the statement is for w* = 0`;
  },
};

export const optimumAwayFromOrigin: Assumption = {
  phrase: "w* ≠ 0",
  unmet: (context) => (optimumNorm(context) > 0 ? undefined : "the optimum is w* = 0, the statement is for w* ≠ 0"),
};

export const quadratic: Assumption = {
  phrase: "f is a quadratic",
  unmet: ({ constants }) => (constants?.quadratic ? undefined : "the objective is not known to be a quadratic"),
};

export const constantRate: Assumption = {
  phrase: "λ_k = λ is constant",
  unmet(context) {
    const { smallest, largest } = ratesOf(context);
    return smallest === largest
      ? undefined
      : `the statement is for a constant λ; it goes from ${short(smallest)} to ${short(largest)}`;
  },
};

/**
 * λ_k keeps to a range.
 *
 * @param limit the number that a symbol in the phrase stands for, told in the reason
 */
export const rates = (
  phrase: string,
  met: (rates: Rates, context: BoundContext) => boolean,
  limit?: (context: BoundContext) => number,
): Assumption => ({
  phrase,
  unmet(context) {
    const range = ratesOf(context);
    if (met(range, context)) return undefined;
    const statement = limit ? `${phrase} = ${short(limit(context))}` : phrase;
    return range.smallest === range.largest
      ? `the statement is for ${statement}; λ is ${short(range.largest)}`
      : `the statement is for ${statement}; λ_k goes from ${short(range.smallest)} to ${short(range.largest)}`;
  },
});
