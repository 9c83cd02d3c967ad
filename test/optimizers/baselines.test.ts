import { describe, expect, test } from "vitest";
import { largestAdamStep } from "../../src/optimizers/adam-rule.js";
import { optimizerFor, trajectory } from "./rules.js";

const close = (actual: readonly number[], wanted: readonly number[], digits = 14) => {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, digits);
  });
};

/** Δw of one weight, step by step; λ = 0.1. */
const steps = (config: object, gradients: readonly number[], start = 2) =>
  trajectory(
    config,
    [[start]],
    gradients.map((g) => [[g]]),
  ).flat(2);

describe("one weight, w = 2, λ = 0.1, g = 1 and then −3", () => {
  const half = { beta1: 0.5, beta2: 0.5, epsilon: 1e-300 };

  test("adam: m = 0.5, then −1.25; v = 0.5, then 4.75; divided by 0.5, then 0.75", () => {
    close(steps({ name: "adam", ...half }, [1, -3]), [-0.1, (0.1 * 1.25) / 0.75 / Math.sqrt(4.75 / 0.75)]);
    close(steps({ name: "adam", ...half, biasCorrection: false }, [1, -3]), [
      (-0.1 * 0.5) / Math.sqrt(0.5),
      (0.1 * 1.25) / Math.sqrt(4.75),
    ]);
    // ε = 1: 1/(1 + 1)
    close(steps({ name: "adam", ...half, epsilon: 1 }, [1]), [-0.05]);
    // g + 0.5·2 = 2: the step is that of any gradient, −0.1; ε = 2: 2/(2 + 2)
    close(steps({ name: "adam", ...half, weightDecay: 0.5 }, [1]), [-0.1]);
    close(steps({ name: "adam", ...half, weightDecay: 0.5, epsilon: 2 }, [1]), [-0.05]);
  });

  test("adamw: the decay is not scaled, −0.1·(1 + 0.5·2)", () => {
    close(steps({ name: "adamw", ...half, weightDecay: 0.5 }, [1]), [-0.2]);
    expect(steps({ name: "adamw", ...half, weightDecay: 0 }, [1, -3])).toEqual(
      steps({ name: "adam", ...half }, [1, -3]),
    );
  });

  test("nadam: 0.5·m/(1 − 0.5ᵗ⁺¹) + 0.5·g/(1 − 0.5ᵗ)", () => {
    const first = (0.5 * 0.5) / 0.75 + (0.5 * 1) / 0.5;
    const second = (0.5 * -1.25) / 0.875 + (0.5 * -3) / 0.75;
    close(steps({ name: "nadam", ...half }, [1, -3]), [-0.1 * first, (-0.1 * second) / Math.sqrt(4.75 / 0.75)]);
  });

  test("rmsprop: v = 0.5, then 0.25 + 4.5", () => {
    const rmsprop = { name: "rmsprop", decay: 0.5, epsilon: 1e-300 };
    close(steps(rmsprop, [1, -3]), [-0.1 / Math.sqrt(0.5), 0.3 / Math.sqrt(4.75)]);
    close(steps({ ...rmsprop, epsilon: 0.5, epsilonInRoot: true }, [1]), [-0.1]); // √(0.5 + 0.5)
    close(steps({ ...rmsprop, epsilon: 0.5 }, [1]), [-0.1 / (Math.sqrt(0.5) + 0.5)]);
    // Less the squared average: 0.5 − 0.25, then 4.75 − 1.25²
    close(steps({ ...rmsprop, centred: true }, [1, -3]), [-0.1 / 0.5, 0.3 / Math.sqrt(4.75 - 1.5625)]);
    // u = 1/√0.5, then 0.5u − 3/√4.75; with Nesterov's look-ahead 1.5u at first.
    const u = 1 / Math.sqrt(0.5);
    close(steps({ ...rmsprop, momentum: 0.5 }, [1, -3]), [-0.1 * u, -0.1 * (0.5 * u - 3 / Math.sqrt(4.75))]);
    close(steps({ ...rmsprop, momentum: 0.5, nesterov: true }, [1]), [-0.1 * 1.5 * u]);
  });

  test("rmsprop, centred: gradients that do not vary have a variance of 0, not of a rounding error below it", () => {
    const constant = Array.from({ length: 80 }, () => 0.1);
    for (const step of steps({ name: "rmsprop", decay: 0.5, centred: true, epsilon: 1 }, constant)) {
      expect(step).toBeLessThan(0);
    }
  });

  test("adagrad: v = 1, then 10", () => {
    const adagrad = { name: "adagrad", epsilon: 1e-300 };
    close(steps(adagrad, [1, -3]), [-0.1, 0.3 / Math.sqrt(10)]);
    close(steps({ ...adagrad, initialAccumulator: 3 }, [1]), [-0.05]); // √(3 + 1)
    close(steps({ ...adagrad, epsilon: 3 }, [1]), [-0.025]);
    close(steps({ ...adagrad, epsilon: 3, epsilonInRoot: true }, [1]), [-0.05]);
  });

  test("lion: the sign of 0.1·1, then with m = 0.01 of 0.9·0.01 − 0.3", () => {
    close(steps({ name: "lion" }, [1, -3]), [-0.1, 0.1]);
    // With β₁ = 0.9 and β₂ = 0.5, m = 0.5 outweighs −3: 0.45 − 0.3; then m = −1.25 outweighs 1: −1.125 + 0.1
    close(steps({ name: "lion", beta2: 0.5 }, [1, -3, 1]), [-0.1, -0.1, 0.1]);
    close(steps({ name: "lion", weightDecay: 0.5 }, [1]), [-0.2]); // −0.1·(1 + 0.5·2)
  });

  test("sign descent and normalized gradient descent", () => {
    const once = (name: string, gradient: number[], more = {}) =>
      trajectory({ name, ...more }, [[5, 5]], [[gradient]])[0]![0]!;
    close(once("sign-descent", [3e-9, -4]), [-0.1, 0.1]);
    close(once("sign-descent", [0, 4]), [0, -0.1]);
    close(once("normalized-gradient-descent", [3e-9, -4e-9]), [-0.06, 0.08]); // [3, 4]/5
    close(once("normalized-gradient-descent", [0, 0]), [0, 0]);
    close(steps({ name: "sign-descent", beta: 0.9 }, [1, -0.5]), [-0.1, -0.1]); // m = 0.1, then 0.09 − 0.05
    const turned = trajectory({ name: "normalized-gradient-descent", beta: 0.5 }, [[1, 1]], [[[2, 0]], [[0, 2]]]);
    // m = [1, 0], then [0.5, 1]
    close(turned.flat(2), [-0.1, 0, -0.05 / Math.hypot(0.5, 1), -0.1 / Math.hypot(0.5, 1)]);
  });

  test.each([
    ["adam", { beta1: 0.5 }, [-0.1, 0.1 * (1.25 / 0.75)]],
    ["adamw", { beta1: 0.5, weightDecay: 0.5 }, [-0.1, 0.1 * (1.25 / 0.75)]],
    ["nadam", { beta1: 0.5 }, [-0.1 * (0.25 / 0.75 + 1), -0.1 * ((0.5 * -1.25) / 0.875 - 1.5 / 0.75)]],
    ["rmsprop", { momentum: 0.5 }, [-0.1, -0.1 * (0.5 - 3)]],
    ["adagrad", {}, [-0.1, 0.3]],
    ["lion", { beta1: 0.5, beta2: 0.5, weightDecay: 0.5 }, [-0.05, 0.125]],
    ["sign-descent", { beta: 0.5 }, [-0.05, 0.125]],
    ["normalized-gradient-descent", { beta: 0.5 }, [-0.05, 0.125]],
  ])("%s unscaled, %j, goes along its average gradient", (name, options, expected) => {
    const excluded = { name, ...options, exclude: ["*"], excludedUpdate: "unscaled" };
    close(steps(excluded, [1, -3]), expected);
  });
});

test("a gradient that has diverged is seen in the signs too", () => {
  for (const name of ["sign-descent", "lion"])
    expect(steps({ name }, [Number.POSITIVE_INFINITY])).toEqual([Number.NaN]);
});

describe("how far a step of Adam can go, in units of λ", () => {
  const standard = { beta1: 0.9, beta2: 0.999 };
  const largest = (gradients: readonly number[]) =>
    Math.max(...steps({ name: "adam", epsilon: 1e-300 }, gradients, 1).map((step) => Math.abs(step) / 0.1));
  const silence = Array.from({ length: 20_000 }, () => 0);

  test("7.27 with the default options", () => {
    // 0.1/√(0.001·(1 − 0.81/0.999))
    expect(largestAdamStep(standard)).toBeCloseTo(7.2703, 4);
  });

  test("one gradient after none: (1 − β₁)/√(1 − β₂) = 3.16; a second one that is 1/0.9 as large passes it", () => {
    expect(largest([...silence, 1])).toBeCloseTo(0.1 / Math.sqrt(0.001), 6);
    // m = 0.1·(1 + 0.9·0.9), v = 0.001·(1 + 0.999·0.81)
    expect(largest([...silence, 0.9, 1])).toBeCloseTo(0.181 / Math.sqrt(0.001 * 1.80919), 6);
  });

  test("gradients that grow by β₂/β₁ come as near as one likes, and none pass it", () => {
    const growing = Array.from({ length: 100 }, (_, k) => (0.999 / 0.9) ** k);
    const attained = largest([...silence, ...growing]);
    const bound = largestAdamStep(standard)!;
    expect(attained).toBeLessThan(bound);
    expect(attained).toBeGreaterThan(0.9999 * bound);
  });

  test("without end where β₁² ≥ β₂", () => {
    expect(largestAdamStep({ beta1: 0.9, beta2: 0.81 })).toBeUndefined();
    // By Cauchy–Schwarz gradients in the ratio β₂/β₁ go farthest: here they shrink, and 40 of them make a step of 1000λ.
    const shrinking = Array.from({ length: 40 }, (_, k) => (0.5 / 0.9) ** k);
    expect(Math.max(...steps({ name: "adam", beta2: 0.5, epsilon: 1e-300 }, shrinking).map(Math.abs))).toBeGreaterThan(
      100,
    );
    expect(optimizerFor({ name: "adam", beta2: 0.5 }, [[1]]).rule.promises.invariants).toBeUndefined();
  });
});
