import { expect, test } from "vitest";
import { explain } from "../../src/base/explain.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { lars } from "../../src/optimizers/lars.js";
import type { larsConventions } from "../../src/optimizers/lars-conventions.js";
import { optimizerSchema } from "../../src/optimizers/optimizer.js";
import { optimizers } from "../../src/optimizers/registry.js";
import { descend } from "./rules.js";

/**
 * LARS as others write it, each formula from its own source and apart from src/optimizers, on one layer. Weights,
 * gradients and velocity are plain arrays; λ changes from step to step, so that its place matters.
 */
type Vector = readonly number[];
interface Position {
  readonly w: Vector;
  readonly v: Vector;
}
type Step = (position: Position, gradient: Vector, rate: number) => Position;

const norm = (a: Vector) => Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));
const plus = (a: Vector, s: number, b: Vector) => a.map((x, i) => x + s * b[i]!);
const times = (s: number, a: Vector) => a.map((x) => s * x);

const β = 0.02;
const m = 0.9;

/** The formula of each convention of ours, but for eq. (1) itself, which has neither momentum nor decay. */
const formulas: Readonly<Record<Exclude<keyof typeof larsConventions, "paper">, Step>> = {
  authors: ({ w, v }, g, rate) => {
    const η = 1e-4;
    const ratio = norm(w) < 1e-2 ? η : (η * norm(w)) / (1e-9 + norm(g) + β * norm(w));
    const velocity = plus(times(m, v), ratio, plus(g, β, w));
    return { w: plus(w, -rate, velocity), v: velocity };
  },
  you2017: ({ w, v }, g, rate) => {
    const local = (1e-3 * norm(w)) / (norm(g) + β * norm(w));
    const velocity = plus(times(m, v), rate * local, plus(g, β, w));
    return { w: plus(w, -1, velocity), v: velocity };
  },
  optax: ({ w, v }, g, rate) => {
    // add_decayed_weights, scale_by_trust_ratio, scale_by_learning_rate, trace; apply_updates adds.
    const decayed = plus(g, β, w);
    const isZero = norm(w) === 0 || norm(decayed) === 0;
    const scaled = times(-rate * (isZero ? 1 : (1e-3 * norm(w)) / norm(decayed)), decayed);
    const trace = plus(scaled, m, v);
    return { w: plus(w, 1, trace), v: trace };
  },
  "tf-contrib": ({ w, v }, g, rate) => {
    const isZero = norm(w) === 0 || norm(g) === 0;
    const scaledRate = rate * (isZero ? 1 : (1e-3 * norm(w)) / (norm(g) + β * norm(w)));
    // apply_momentum(var, accum, lr, grad, momentum)
    const accumulated = plus(g, m, v);
    return { w: plus(w, -scaledRate, accumulated), v: accumulated };
  },
  simclr: ({ w, v }, g, rate) => {
    const decayed = plus(g, β, w);
    const isZero = norm(w) === 0 || norm(decayed) === 0;
    const scaledRate = rate * (isZero ? 1 : (1e-3 * norm(w)) / norm(decayed));
    const velocity = plus(times(m, v), scaledRate, decayed);
    return { w: plus(w, -1, velocity), v: velocity };
  },
  timm: ({ w, v }, g, rate) => {
    const isZero = norm(w) === 0 || norm(g) === 0;
    const ratio = isZero ? 1 : (1e-3 * norm(w)) / (norm(g) + norm(w) * β + 1e-8);
    const buffer = plus(times(m, v), ratio, plus(g, β, w));
    return { w: plus(w, -rate, buffer), v: buffer };
  },
  apex: ({ w, v }, g, rate) => {
    // LARC changes nothing where a norm is 0; then SGD, without decay of its own.
    const isZero = norm(w) === 0 || norm(g) === 0;
    const local = (0.02 * norm(w)) / (norm(g) + norm(w) * β + 1e-8);
    const buffer = plus(times(m, v), isZero ? 1 : local, isZero ? g : plus(g, β, w));
    return { w: plus(w, -rate, buffer), v: buffer };
  },
  chainer: ({ w, v }, g, rate) => {
    const ratio = norm(w) > 1e-2 ? norm(w) / (1e-9 + norm(g) + β * norm(w)) : 1;
    // MomentumSGD: v ← m·v − λ·g, w ← w + v
    const velocity = plus(times(m, v), -rate * ratio, plus(g, β, w));
    return { w: plus(w, 1, velocity), v: velocity };
  },
};

const rates = [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625];
const schedule = { schedule: "step", initial: 0.2, factor: 0.5, milestones: [1, 2, 3, 4, 5] };
/** The fourth is 0. */
const gradients = rates.map((_, k) => [Math.sin(k + 1), -0.3 * k, 1 / (k + 1)].map((x) => (k === 3 ? 0 : x)));

/** w_1, w_2, … of our rule. */
function ours(options: object, start: Vector): number[][] {
  const config = { name: "lars", learningRate: schedule, momentum: m, weightDecay: β, ...options };
  return descend(config, start, rates.length, (_, k) => gradients[k]!);
}

function theirs(step: Step, start: Vector): Vector[] {
  let position: Position = { w: start, v: start.map(() => 0) };
  return gradients.map((gradient, k) => {
    position = step(position, gradient, rates[k]!);
    return position.w;
  });
}

/** Largest difference of the steps taken, relative to the way gone. */
function difference(a: readonly Vector[], b: readonly Vector[], start: Vector): number {
  const way = Math.max(...b.map((w) => norm(plus(w, -1, start))));
  return Math.max(...a.map((w, k) => norm(plus(w, -1, b[k]!)))) / way;
}

/** Ordinary weights, weights below the thresholds, and weights that are zero. */
const starts: readonly Vector[] = [
  [0.5, -1.5, 2],
  [0.003, -0.002, 0.001],
  [0, 0, 0],
];

const optionsOf = (name: string): Readonly<Record<string, unknown>> => lars.conventions![name]!.options;

for (const [name, step] of Object.entries(formulas)) {
  const { zeroRule = "stay", threshold } = optionsOf(name);
  const own = starts.filter((start) => norm(start) > 0 || zeroRule !== "stay" || threshold !== undefined);
  test.each(own.map((start) => [start]))(`${name}, with decay and momentum, from %j`, (start) => {
    expect(difference(ours({ convention: name }, start), theirs(step, start), start)).toBeLessThan(1e-12);
  });
}

test("every option that tells the conventions apart makes a difference there", () => {
  const start = starts[0]!;
  for (const [name, step] of Object.entries(formulas)) {
    for (const option of Object.keys(optionsOf(name))) {
      // Guards act near zero alone, and are put to the test from the other starts.
      if (["epsilon", "threshold", "zeroRule"].includes(option)) continue;
      // Without weight decay alone, and so not here.
      if (option === "scaleWithoutWeightDecay") continue;
      const { [option]: _, ...without } = optionsOf(name);
      expect(difference(ours(without, start), theirs(step, start), start), `${name}, ${option}`).toBeGreaterThan(1e-3);
    }
  }
});

const spelledOut = optimizers.flatMap(({ name, conventions = {} }) =>
  Object.entries(conventions).map(([convention, { options }]) => [name, convention, options] as const),
);

test.each(spelledOut)("%s by the convention %s is the rule with these options, and they can be overruled", (...row) => {
  const [name, convention, options] = row;
  const schema = optimizerSchema(builtIn);
  const config = { name, learningRate: 0.1 };
  const resolved = schema.parse({ ...config, convention });
  expect(resolved).toEqual(schema.parse({ ...config, ...options }));
  expect(resolved).not.toHaveProperty("convention");
  for (const [option, value] of Object.entries(schema.parse(config))) {
    if (option in config) continue;
    expect(schema.parse({ ...config, convention, [option]: value })).toHaveProperty(option, value);
  }
});

test("a convention that a rule has not is refused with those it has", () => {
  const schema = optimizerSchema(builtIn);
  const complaint = (config: object) => {
    const { error } = schema.safeParse({ learningRate: 0.1, ...config });
    return explain(error!.issues, schema, config).join("\n");
  };
  expect(complaint({ name: "lamb", convention: "optix" })).toBe(
    'convention: expected one of "paper", "authors", "optax", "keras", "timm", "apex"; got "optix". Did you mean "optax"?',
  );
  expect(complaint({ name: "sgd", convention: "optax" })).toContain(
    'unknown key "convention". Valid keys: name, weightDecay, momentum, nesterov',
  );
  expect(complaint({ name: "lamb", convention: "toString" })).toContain('got "toString"');
});
