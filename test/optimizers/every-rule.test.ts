import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Norm } from "../../src/compute/algebra.js";
import { float64 } from "../../src/compute/float64.js";
import { optimizers } from "../../src/optimizers/registry.js";
import { optimizerFor, trajectory } from "./rules.js";

const runs = { numRuns: 100, seed: 1801 };
const entry = fc.double({ min: -10, max: 10, noNaN: true }).filter((x) => Math.abs(x) > 1e-3);
const layer = fc
  .integer({ min: 1, max: 8 })
  .chain((n) =>
    fc.tuple(fc.array(entry, { minLength: n, maxLength: n }), fc.array(entry, { minLength: n, maxLength: n })),
  );
const rate = fc.double({ min: 1e-6, max: 0.5, noNaN: true });

/** One row a variant: what it is called in a config, with the p of its norm ratio where it is eq. (1). */
const table: readonly { config: Record<string, unknown>; norm?: Norm; elementwise?: true; homogeneous?: true }[] = [
  { config: { name: "sgd" } },
  { config: { name: "sgd", momentum: 0.9 } },
  { config: { name: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 } },
  { config: { name: "lars" }, norm: 2, homogeneous: true },
  { config: { name: "lars", trustCoefficient: 0.5 }, norm: 2, homogeneous: true },
  { config: { name: "lars", momentum: 0.9 }, homogeneous: true },
  {
    config: { name: "lars", momentum: 0.9, nesterov: true, momentumOrder: "learning-rate-outside" },
    homogeneous: true,
  },
  {
    config: { name: "lars", momentum: 0.9, momentumOrder: "gradient", weightDecay: 0.01, weightDecayNorm: "combined" },
  },
  { config: { name: "lars", weightDecay: 0.1 } },
  { config: { name: "lars", weightDecay: 0.1, weightDecayNorm: "none" } },
  { config: { name: "lars", threshold: 0.01, epsilon: 0.1 } },
  { config: { name: "percent-delta" }, norm: 1, homogeneous: true },
  { config: { name: "proportional-infinity" }, norm: "infinity", homogeneous: true },
  { config: { name: "percent-delta-elementwise" }, elementwise: true, homogeneous: true },
];

test("the table has every registered rule", () => {
  expect(new Set(table.map(({ config }) => config.name))).toEqual(new Set(optimizers.map(({ name }) => name)));
});

describe.each(table.map((row) => [JSON.stringify(row.config), row] as const))(
  "%s",
  (_, { config, norm, elementwise, homogeneous }) => {
    const step = (weights: number[], gradient: number[], learningRate: number) =>
      trajectory({ ...config, learningRate }, [weights], [[gradient]])[0]![0]!;

    test("declares to be equation (1) exactly where it is (T1)", () => {
      const { rule } = optimizerFor(config, [[1]]);
      expect(rule.equationOne.holds).toBe(norm !== undefined);
      if (norm === undefined && !rule.equationOne.holds) expect(rule.equationOne.reason).toMatch(/equation \(1\)/);
      fc.assert(
        fc.property(layer, rate, ([w, g], learningRate) => {
          const update = Float64Array.from(step(w, g, learningRate));
          const weights = Float64Array.from(w);
          const measured = rule.proportion(float64, weights, update);
          if (norm === undefined && !elementwise) return;
          const coefficient = rule.equationOne.holds ? rule.equationOne.coefficient : 1;
          expect(measured / (learningRate * coefficient)).toBeCloseTo(1, 12);
          if (norm !== undefined) {
            expect(float64.norm(update, norm) / float64.norm(weights, norm)).toBeCloseTo(
              learningRate * coefficient,
              12,
            );
          }
        }),
        runs,
      );
    });

    test("moves against the gradient at the first step", () => {
      if ((config.weightDecay as number) > 0) return;
      fc.assert(
        fc.property(layer, rate, ([w, g], learningRate) => {
          const update = step(w, g, learningRate);
          const length = Math.hypot(...update);
          for (const [i, value] of update.entries()) expect(value / length).toBeCloseTo(-g[i]! / Math.hypot(...g), 10);
        }),
        runs,
      );
    });

    test(homogeneous ? "is blind to the scale of the loss (T7)" : "is not blind to the scale of the loss", () => {
      const gradients = [[[0.3, -0.2]], [[-0.1, 0.4]], [[0.2, 0.2]]];
      const scaled = gradients.map((layers) => layers.map((g) => g.map((x) => 1e6 * x)));
      const [once, million] = [trajectory(config, [[1, 2]], gradients), trajectory(config, [[1, 2]], scaled)];
      const differences = once.flatMap((layers, k) => layers[0]!.map((x, i) => Math.abs(x - million[k]![0]![i]!)));
      if (homogeneous) expect(Math.max(...differences)).toBeLessThan(1e-12);
      else expect(Math.max(...differences)).toBeGreaterThan(1e-6);
    });

    test("shows a gradient that is not finite in place of hiding it", () => {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const update = step([1, 2], [bad, 1], 0.1);
        expect(update.every(Number.isFinite)).toBe(false);
      }
    });

    test("with scope global acts on the concatenation as on one layer", () => {
      const separate = trajectory(
        { ...config, scope: "global" },
        [[1, -2], [3]],
        [
          [[0.5, 1], [-0.2]],
          [[0.1, 0.3], [0.4]],
        ],
      );
      const whole = trajectory(config, [[1, -2, 3]], [[[0.5, 1, -0.2]], [[0.1, 0.3, 0.4]]]);
      separate.forEach((layers, k) => {
        expect(layers.flat()).toEqual(whole[k]![0]!);
      });
    });

    test("leaves excluded layers to plain gradient steps", () => {
      const [first] = trajectory({ ...config, exclude: ["*_2"] }, [[1, -2], [3]], [[[0.5, 1], [-0.2]]]);
      expect(first![0]).toEqual(trajectory(config, [[1, -2]], [[[0.5, 1]]])[0]![0]);
      expect(first![1]![0]).toBeCloseTo(0.02, 15); // −0.1·−0.2
    });
  },
);
