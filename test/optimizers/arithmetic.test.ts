import { expect, test } from "vitest";
import { float64 } from "../../src/compute/float64.js";
import { schedules } from "../../src/optimizers/schedules/registry.js";
import { sgd } from "../../src/optimizers/sgd.js";
import { defineOptimizer } from "../../src/optimizers/update-rule.js";
import * as testing from "../../src/testing/trajectory.js";
import { optimizerFor, optimizerOver, trajectory } from "./rules.js";

const close = (actual: number[] | undefined, wanted: number[]) => {
  expect(actual).toHaveLength(wanted.length);
  actual!.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, 14);
  });
};

// w = [3, 4] and g = [0, 2]: ‖w‖₂ = 5, ‖g‖₂ = 2; ‖w‖₁ = 7, ‖g‖₁ = 2; ‖w‖∞ = 4, ‖g‖∞ = 2. λ = 0.1.
const once = (config: Record<string, unknown>) => trajectory(config, [[3, 4]], [[[0, 2]]])[0]![0];

test("sgd", () => {
  close(once({ name: "sgd" }), [0, -0.2]);
  close(once({ name: "sgd", weightDecay: 0.5 }), [-0.15, -0.4]); // −0.1·([0, 2] + 0.5·[3, 4])
});

test("sgd with momentum: v ← 0.5v + g, Δw = −0.1v; Nesterov: −0.1(0.5v + g)", () => {
  const gradients = [[[1]], [[2]]];
  const plain = trajectory({ name: "sgd", momentum: 0.5 }, [[1]], gradients);
  close(plain.flat(2), [-0.1, -0.25]); // v = 1, then 0.5 + 2
  const nesterov = trajectory({ name: "sgd", momentum: 0.5, nesterov: true }, [[1]], gradients);
  close(nesterov.flat(2), [-0.15, -0.325]); // 0.5·1 + 1, then 0.5·2.5 + 2
});

test("lars, percent-delta and the L∞ rule", () => {
  close(once({ name: "lars" }), [0, -0.5]); // −0.1·5/2·2
  close(once({ name: "percent-delta" }), [0, -0.7]); // −0.1·7/2·2
  close(once({ name: "proportional-infinity" }), [0, -0.4]); // −0.1·4/2·2
  close(once({ name: "lars", trustCoefficient: 0.001 }), [0, -0.0005]);
});

test("the rule of any p: ‖[3, 4]‖_p/‖[0, 2]‖_p·2 = (3^p + 4^p)^{1/p}", () => {
  close(once({ name: "proportional", p: 3 }), [0, -0.1 * (27 + 64) ** (1 / 3)]);
  close(once({ name: "proportional", p: 1.5 }), [0, -0.1 * (3 ** 1.5 + 8) ** (2 / 3)]);
  // (3/4)^500 is far below the precision.
  close(once({ name: "proportional", p: 500 }), [0, -0.4]);
  for (const [p, name] of [
    [1, "percent-delta"],
    [2, "lars"],
    ["infinity", "proportional-infinity"],
  ] as const) {
    expect(once({ name: "proportional", p })).toEqual(once({ name }));
  }
});

test("a norm is right where no power of the entries is a number", () => {
  for (const scale of [1e-300, 1e300]) {
    // (1 + 1 + 2³)^{1/3}
    expect(float64.norm(Float64Array.of(scale, -scale, 2 * scale), 3) / scale).toBeCloseTo(10 ** (1 / 3), 14);
  }
  expect(float64.norm(Float64Array.of(0, 0), 3)).toBe(0);
  expect(float64.norm(Float64Array.of(0, Number.POSITIVE_INFINITY), 3)).toBe(Number.POSITIVE_INFINITY);
});

test("percent-delta-elementwise", () => {
  // mean |g_i/w_i| = (0/3 + 2/4)/2 = 0.25; Δw = −0.1·g/0.25
  close(once({ name: "percent-delta-elementwise", epsilon: 0 }), [0, -0.8]);
  // δ = 0.25: −0.1·g/0.5
  close(once({ name: "percent-delta-elementwise", epsilon: 0, denominatorEpsilon: 0.25 }), [0, -0.4]);
  // w = [0, 4], ε = 1: sign(0) = 1, so mean(|1/1|, |2/5|) = 0.7
  close(trajectory({ name: "percent-delta-elementwise", epsilon: 1 }, [[0, 4]], [[[1, 2]]])[0]![0], [-1 / 7, -2 / 7]);
});

test("weight decay and its place in the denominator", () => {
  // β = 0.5: g + βw = [1.5, 4]
  const decay = { name: "lars", weightDecay: 0.5 };
  close(once(decay), [-0.1 * (5 / 4.5) * 1.5, -0.1 * (5 / 4.5) * 4]); // ‖g‖ + β‖w‖ = 4.5
  const combined = 5 / Math.hypot(1.5, 4);
  close(once({ ...decay, weightDecayNorm: "combined" }), [-0.1 * combined * 1.5, -0.1 * combined * 4]);
  close(once({ ...decay, weightDecayNorm: "none" }), [-0.1 * 2.5 * 1.5, -0.1 * 2.5 * 4]); // ‖g‖ = 2
  close(once({ ...decay, weightDecayInGradient: false }), [0, -0.1 * (5 / 4.5) * 2]); // g alone, over ‖g‖ + β‖w‖
});

test("momentum and its order", () => {
  // One weight, w_0 = 2, g = [1, 1], m = 0.5, λ = [0.1, 0.05].
  const learningRate = { schedule: "step", initial: 0.1, factor: 0.5, milestones: [1] };
  const run = (momentumOrder: string) =>
    trajectory({ name: "lars", learningRate, momentum: 0.5, momentumOrder }, [[2]], [[[1]], [[1]]]).flat(2);
  // Ratio 2, then w_1 = 1.8: ratio 1.8.
  close(run("learning-rate-inside"), [-0.2, -(0.5 * 0.2 + 0.05 * 1.8)]);
  close(run("learning-rate-outside"), [-0.2, -0.05 * (0.5 * 2 + 1.8)]);
  close(run("gradient"), [-0.2, -0.05 * 1.8 * (0.5 + 1)]);
});

test("guards: threshold, epsilon, zero rule", () => {
  const tiny = [[0.003, 0.004]]; // ‖w‖₂ = 0.005
  const guarded = { name: "lars", threshold: 0.01, trustCoefficient: 0.5 };
  close(trajectory(guarded, tiny, [[[0, 2]]])[0]![0], [0, -0.1]); // −0.1·0.5·2
  close(once({ name: "lars", epsilon: 0.5 }), [0, -0.4]); // −0.1·5/2.5·2

  const atZero = (zeroRule: string) =>
    trajectory({ name: "lars", zeroRule, trustCoefficient: 0.5 }, [[0, 0]], [[[0, 2]]])[0]![0];
  close(
    atZero("stay"),
    [0, 0].map((x) => -x),
  );
  close(atZero("coefficient"), [-0, -0.1]); // −0.1·0.5·2
  close(atZero("one"), [-0, -0.2]); // −0.1·1·2
  for (const name of ["lars", "percent-delta", "proportional-infinity", "percent-delta-elementwise"]) {
    close(trajectory({ name }, [[3, 4]], [[[0, 0]]])[0]![0]?.map(Math.abs), [0, 0]);
  }
});

test.each<[options: Record<string, unknown>, reason: string | undefined]>([
  [{}, undefined],
  [{ trustCoefficient: 0.5 }, undefined],
  [{ momentum: 0.9 }, "momentum 0.9"],
  [{ weightDecay: 0.01 }, "weight decay 0.01"],
  [{ threshold: 0.5 }, "a threshold guard at ‖w‖ = 0.5"],
  [{ epsilon: 1e-9 }, "epsilon 1e-9 in the denominator"],
  [{ zeroRule: "one" }, 'zero rule "one"'],
  [{ momentum: 0.5, epsilon: 2 }, "momentum 0.5 and epsilon 2 in the denominator"],
])("why the rule is not equation (1), if it is not: %j", (options, reason) => {
  const { equationOne } = optimizerFor({ name: "lars", ...options }, [[1]]).rule;
  const coefficient = options.trustCoefficient ?? 1;
  expect(equationOne).toEqual(
    reason === undefined
      ? { holds: true, norm: 2, coefficient }
      : { holds: false, reason: `the rule has ${reason}, so it is not equation (1)` },
  );
});

test("the elementwise rule promises its proportion only without δ", () => {
  const promised = (denominatorEpsilon: number) =>
    optimizerFor({ name: "percent-delta-elementwise", denominatorEpsilon }, [[1]]).rule.elementwise;
  expect([promised(0), promised(1e-5)]).toEqual([true, undefined]);
});

test("an optimizer tells its blocks, what it leaves out, its rates and what it remembers", () => {
  const weights = [Float64Array.of(1, 2), Float64Array.of(3), Float64Array.of(4)];
  const facts = (config: object) => {
    const { blocks, excluded, scope } = optimizerFor({ name: "lars", ...config }, weights);
    return { blocks: blocks.map(({ layers }) => layers), excluded, scope };
  };
  expect(facts({})).toEqual({ blocks: [[0], [1], [2]], excluded: [], scope: "layer" });
  expect(facts({ scope: "global", exclude: ["*_2"] })).toEqual({
    blocks: [[0, 2], [1]],
    excluded: ["layer_2"],
    scope: "global",
  });
  expect(facts({ scope: "global", exclude: ["*"] })).toMatchObject({ blocks: [[0], [1], [2]] });

  const stateOf = (config: object) => optimizerFor({ name: "lars", ...config }, weights).initialState(float64, weights);
  for (const name of ["lars", "sgd"]) expect(stateOf({ name })).toEqual([{}, {}, {}]);
  const [whole, plain] = stateOf({ momentum: 0.5, scope: "global", exclude: ["*_2"] });
  expect([whole, plain]).toEqual([{ velocity: Float64Array.of(0, 0, 0) }, {}]);

  const learningRate = { schedule: "step", initial: 1, factor: 0.5, milestones: [3] };
  const falling = optimizerFor({ name: "lars", learningRate }, weights);
  expect(falling.learningRates()).toEqual({ smallest: 0.5, largest: 1 });
});

test.each(["layer.1", "layer+_1", "layer_", "ayer_1", "layer_1*1"])("%s is no pattern of layer_1", (pattern) => {
  expect(() => optimizerFor({ name: "lars", exclude: [pattern] }, [[1]])).toThrow(/matches no layer/);
});

test("an excluded pattern that matches no layer is refused with the layers' names", () => {
  expect(() => optimizerFor({ name: "lars", exclude: ["*/bias"] }, [[1], [2]])).toThrow(
    'optimizer.exclude: "*/bias" matches no layer; the layers are layer_1, layer_2 (* stands for any characters)',
  );
});

test("excluded layers take plain gradient steps or, unscaled, the rule's own with its momentum", () => {
  // λ = 0.1, m = 0.5, g = [2] then [1] on the excluded layer: v = 2, then 0.5·2 + 1.
  const excluding = (config: object) =>
    trajectory(
      { ...config, exclude: ["layer_2"] },
      [[3, 4], [5]],
      [
        [[0, 2], [2]],
        [[0, 2], [1]],
      ],
    ).map(([, second]) => second![0]!);
  const lars = { name: "lars", momentum: 0.5, weightDecay: 0.3 };
  close(excluding(lars), [-0.2, -0.1]);
  close(excluding({ ...lars, excludedUpdate: "unscaled" }), [-0.2, -0.2]);
  // Nesterov: 0.5·2 + 2, then 0.5·2 + 1.
  close(excluding({ ...lars, nesterov: true, excludedUpdate: "unscaled" }), [-0.3, -0.2]);
  close(excluding({ name: "percent-delta-elementwise", excludedUpdate: "unscaled" }), [-0.2, -0.1]);
});

test("with scope neuron each output unit has a trust ratio of its own; a bias is one block", () => {
  // Columns w = [3, 4], g = [0, 2] (‖w‖/‖g‖ = 5/2) and w = [1, 0], g = [4, 3] (1/5); the bias [6, 8], g = [0, 5]: 10/5.
  const layers = [
    { name: "kernel", shape: [2, 2] },
    { name: "bias", shape: [2] },
  ];
  const optimizer = optimizerOver(layers, { name: "lars", scope: "neuron", learningRate: 0.1 }, 1);
  const vectors = (...entries: number[][]) => entries.map((values) => Float64Array.from(values));
  const weights = vectors([3, 1, 4, 0], [6, 8]);
  const { updates } = optimizer.updates(float64, 0, weights, vectors([0, 4, 2, 3], [0, 5]), [{}, {}]);
  close([...updates[0]!], [-0, -0.1 * (1 / 5) * 4, -0.1 * (5 / 2) * 2, -0.1 * (1 / 5) * 3]);
  close([...updates[1]!], [-0, -0.1 * 2 * 5]);
});

test("a rule is told k, the number of updates made before, and λ_k", () => {
  const heard: [step: number, rate: number][] = [];
  const listening = defineOptimizer({
    ...sgd,
    create(options) {
      const rule = sgd.create(options);
      const update: typeof rule.update = (algebra, input) => {
        heard.push([input.step, input.learningRate]);
        return rule.update(algebra, input);
      };
      return { ...rule, update };
    },
  });
  // λ_k = 1/(1 + k)
  const config = { name: "sgd", learningRate: { schedule: "inverse-time", initial: 1 } };
  const drive = { start: [[1]], gradients: [[[1]], [[1]], [[1]]] };
  const steps = testing.trajectory({ optimizers: [listening], schedules }, config, drive);
  expect(heard).toEqual([
    [0, 1],
    [1, 1 / 2],
    [2, 1 / 3],
  ]);
  close(steps.flat(2), [-1, -1 / 2, -1 / 3]);
});
