import { expect, test } from "vitest";
import { float64 } from "../../src/compute/float64.js";
import { optimizerFor } from "./rules.js";

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

/** One row a convention: what it is called with us, and its own formula. */
const conventions: Readonly<Record<string, { options: Record<string, unknown>; step: Step }>> = {
  "the authors' TensorFlow code": {
    options: { trustCoefficient: 1e-4, epsilon: 1e-9, threshold: 1e-2, momentumOrder: "learning-rate-outside" },
    step({ w, v }, g, rate) {
      const η = 1e-4;
      const ratio = norm(w) < 1e-2 ? η : (η * norm(w)) / (1e-9 + norm(g) + β * norm(w));
      const velocity = plus(times(m, v), ratio, plus(g, β, w));
      return { w: plus(w, -rate, velocity), v: velocity };
    },
  },
  "You et al. 2017, algorithm 1": {
    options: { trustCoefficient: 1e-3 },
    step({ w, v }, g, rate) {
      const local = (1e-3 * norm(w)) / (norm(g) + β * norm(w));
      const velocity = plus(times(m, v), rate * local, plus(g, β, w));
      return { w: plus(w, -1, velocity), v: velocity };
    },
  },
  "optax lars": {
    options: { trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "one" },
    step({ w, v }, g, rate) {
      // add_decayed_weights, scale_by_trust_ratio, scale_by_learning_rate, trace; apply_updates adds.
      const decayed = plus(g, β, w);
      const isZero = norm(w) === 0 || norm(decayed) === 0;
      const scaled = times(-rate * (isZero ? 1 : (1e-3 * norm(w)) / norm(decayed)), decayed);
      const trace = plus(scaled, m, v);
      return { w: plus(w, 1, trace), v: trace };
    },
  },
  "tf.contrib 1.15 LARSOptimizer": {
    options: { trustCoefficient: 1e-3, weightDecayInGradient: false, zeroRule: "one", momentumOrder: "gradient" },
    step({ w, v }, g, rate) {
      const isZero = norm(w) === 0 || norm(g) === 0;
      const scaledRate = rate * (isZero ? 1 : (1e-3 * norm(w)) / (norm(g) + β * norm(w)));
      // apply_momentum(var, accum, lr, grad, momentum)
      const accumulated = plus(g, m, v);
      return { w: plus(w, -scaledRate, accumulated), v: accumulated };
    },
  },
  "SimCLR LARSOptimizer": {
    options: { trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "one" },
    step({ w, v }, g, rate) {
      const decayed = plus(g, β, w);
      const isZero = norm(w) === 0 || norm(decayed) === 0;
      const scaledRate = rate * (isZero ? 1 : (1e-3 * norm(w)) / norm(decayed));
      const velocity = plus(times(m, v), scaledRate, decayed);
      return { w: plus(w, -1, velocity), v: velocity };
    },
  },
  "timm Lars": {
    options: { trustCoefficient: 1e-3, epsilon: 1e-8, zeroRule: "one", momentumOrder: "learning-rate-outside" },
    step({ w, v }, g, rate) {
      const isZero = norm(w) === 0 || norm(g) === 0;
      const ratio = isZero ? 1 : (1e-3 * norm(w)) / (norm(g) + norm(w) * β + 1e-8);
      const buffer = plus(times(m, v), ratio, plus(g, β, w));
      return { w: plus(w, -rate, buffer), v: buffer };
    },
  },
  "chainer GradientLARS with MomentumSGD": {
    options: { epsilon: 1e-9, threshold: 1e-2 },
    step({ w, v }, g, rate) {
      const ratio = norm(w) > 1e-2 ? norm(w) / (1e-9 + norm(g) + β * norm(w)) : 1;
      // MomentumSGD: v ← m·v − λ·g, w ← w + v
      const velocity = plus(times(m, v), -rate * ratio, plus(g, β, w));
      return { w: plus(w, 1, velocity), v: velocity };
    },
  },
};

const rates = [0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625];
const schedule = { schedule: "step", initial: 0.2, factor: 0.5, milestones: [1, 2, 3, 4, 5] };
const gradients = rates.map((_, k) => [Math.sin(k + 1), -0.3 * k, 1 / (k + 1)]);

/** w_1, w_2, … of our rule. */
function ours(options: Record<string, unknown>, start: Vector): number[][] {
  const config = { name: "lars", learningRate: schedule, momentum: m, weightDecay: β, ...options };
  const optimizer = optimizerFor(config, [start], rates.length);
  let w = Float64Array.from(start);
  let state = optimizer.initialState(float64, [w]);
  return gradients.map((gradient, k) => {
    const output = optimizer.updates(float64, k, [w], [Float64Array.from(gradient)], state);
    state = output.state;
    w = Float64Array.from(float64.add(w, output.updates[0]!));
    return [...w];
  });
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

for (const [name, { options, step }] of Object.entries(conventions)) {
  const own = starts.filter(
    (start) => norm(start) > 0 || options.zeroRule === "one" || options.threshold !== undefined,
  );
  test.each(own.map((start) => [start]))(`${name}, with decay and momentum, from %j`, (start) => {
    expect(difference(ours(options, start), theirs(step, start), start)).toBeLessThan(1e-12);
  });
}

test("every option that tells the conventions apart makes a difference there", () => {
  const start = starts[0]!;
  for (const [name, { options, step }] of Object.entries(conventions)) {
    for (const option of Object.keys(options)) {
      // Guards act near zero alone, and are put to the test from the other starts.
      if (["epsilon", "threshold", "zeroRule"].includes(option)) continue;
      const { [option]: _, ...without } = options;
      expect(difference(ours(without, start), theirs(step, start), start), `${name}, ${option}`).toBeGreaterThan(1e-3);
    }
  }
});
