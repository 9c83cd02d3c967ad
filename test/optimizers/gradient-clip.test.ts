import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { float64 } from "../../src/compute/float64.js";
import type { Layer } from "../../src/compute/layer.js";
import { trajectory } from "../../src/testing/trajectory.js";
import { optimizerOver } from "./rules.js";

const globalNorm = (maximum: number) => ({ method: "global-norm", maximum });
const adaptive = (factor: number, minimumWeightNorm = 1e-3) => ({ method: "adaptive", factor, minimumWeightNorm });

/** Δw of one step of plain gradient descent with λ = 1: the clipped gradient, its sign changed. */
function clipped(clipGradient: object, weights: number[][], gradients: number[][], shapes?: number[][]): number[][] {
  const config = { name: "sgd", learningRate: 1, clipGradient };
  const drive = { start: weights, gradients: [gradients], ...(shapes && { shapes }) };
  return trajectory(builtIn, config, drive)[0]!.map((update) => update.map((x) => 0 - x));
}

const close = (actual: readonly number[][], wanted: readonly number[][]) => {
  expect(actual.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  actual.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(wanted.flat()[i]!, 14);
  });
};

describe("by hand", () => {
  test("the global norm is that of all layers: ‖([3, 0], [4])‖ = 5", () => {
    const gradients = [[3, 0], [4]];
    close(clipped(globalNorm(1), [[1, 1], [1]], gradients), [[0.6, 0], [0.8]]);
    expect(clipped(globalNorm(5), [[1, 1], [1]], gradients)).toEqual(gradients);
    close(clipped(globalNorm(10), [[1, 1], [1]], [[0, 0], [0]]), [[0, 0], [0]]);
  });

  test("adaptively, each column of a kernel is a unit, a bias is one", () => {
    // Columns w = [3, 4] (5) and [0, 0.6] (0.6), g = [6, 8] (10) and [0.3, 0] (0.3); factor 1: limits 5 and 0.6.
    const shapes = [[2, 2], [2]];
    const weights = [
      [3, 0, 4, 0.6],
      [0, 2],
    ];
    const gradients = [
      [6, 0.3, 8, 0],
      [3, 4],
    ];
    close(clipped(adaptive(1), weights, gradients, shapes), [
      [3, 0.3, 4, 0],
      [3 * 0.4, 4 * 0.4],
    ]);
    // Weights of norm 0 count as ε = 0.5.
    close(clipped(adaptive(1, 0.5), [[0, 0]], [[3, 4]]), [[0.3, 0.4]]);
  });

  test("layers kept out of the rule are clipped too", () => {
    const config = { name: "lars", learningRate: 1, exclude: ["*_2"], clipGradient: globalNorm(1) };
    const [updates] = trajectory(builtIn, config, { start: [[1], [1]], gradients: [[[3], [4]]] });
    close(updates!, [[-1], [-0.8]]);
  });

  test("a gradient that is not finite stays visible", () => {
    for (const clip of [globalNorm(1), adaptive(1)]) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        expect(
          clipped(clip, [[1, 1]], [[bad, 1]])
            .flat()
            .every(Number.isFinite),
        ).toBe(false);
      }
    }
  });
});

const entries = (length: number) =>
  fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: length, maxLength: length });

test("AGC: ‖g'‖ ≤ c·max(‖w‖, ε) of every unit, and what is within it is left to the bit", () => {
  const column = (matrix: readonly number[], j: number) => Float64Array.from(matrix.filter((_, i) => i % 3 === j));
  fc.assert(
    fc.property(entries(12), entries(12), fc.double({ min: 1e-3, max: 3, noNaN: true }), (w, g, factor) => {
      const [after] = clipped(adaptive(factor, 0.01), [w], [g], [[4, 3]]);
      for (const j of [0, 1, 2]) {
        const limit = factor * Math.max(float64.norm(column(w, j), 2), 0.01);
        expect(float64.norm(column(after!, j), 2)).toBeLessThanOrEqual(limit * (1 + 1e-14));
        if (float64.norm(column(g, j), 2) <= limit)
          expect([...column(after!, j)]).toEqual([...column(g, j)].map((x) => 0 + x));
      }
    }),
    { seed: 6171, numRuns: 300 },
  );
});

describe("equation (1) after clipping", () => {
  const layers: readonly Layer[] = [
    { name: "kernel", shape: [2, 3] },
    { name: "bias", shape: [3] },
  ];
  const [kernel, bias] = layers as [Layer, Layer];
  const answer = (of: readonly Layer[], config: object) =>
    optimizerOver(of, { name: "lars", learningRate: 0.1, ...config }, 1).equationOne;
  const turned = {
    holds: false,
    reason: "gradients are clipped unit by unit to 0.1 of the weights, which turns them, so it is not equation (1)",
  };
  const is = { holds: true, norm: 2, coefficient: 1 };

  test.each<[string, readonly Layer[], object, object]>([
    ["the global norm scales all gradients alike", layers, { clipGradient: globalNorm(1) }, is],
    ["so it does with scope global", layers, { clipGradient: globalNorm(1), scope: "global" }, is],
    ["units of one layer are scaled apart", layers, { clipGradient: adaptive(0.1) }, turned],
    ["neuron by neuron each unit is a block", layers, { clipGradient: adaptive(0.1), scope: "neuron" }, is],
    ["a vector is one unit", [bias], { clipGradient: adaptive(0.1) }, is],
    ["as is a kernel with one output", [{ name: "kernel", shape: [3, 1] }], { clipGradient: adaptive(0.1) }, is],
    ["two vectors in one block are two", [bias, bias], { clipGradient: adaptive(0.1), scope: "global" }, turned],
    ["excluded layers do not count", [kernel, bias], { clipGradient: adaptive(0.1), exclude: ["kernel"] }, is],
  ])("%s", (_, of, config, expected) => {
    const named = of.map((layer, i) => (of.indexOf(layer) === i ? layer : { ...layer, name: `${layer.name}_${i}` }));
    expect(answer(named, config)).toEqual(expected);
  });

  test("a rule that is not equation (1) gives its own reason", () => {
    expect(answer(layers, { momentum: 0.9, clipGradient: adaptive(0.1) })).toMatchObject({
      holds: false,
      reason: expect.stringMatching(/momentum 0\.9/),
    });
  });

  test("where it holds, the steps are the unclipped ones to rounding; where it does not, they are others", () => {
    const shapes = layers.map(({ shape }) => shape);
    fc.assert(
      fc.property(entries(6), entries(3), entries(6), entries(3), (w1, w2, g1, g2) => {
        fc.pre(float64.norm(Float64Array.from(g1), 2) > 0.1 && float64.norm(Float64Array.from(g2), 2) > 0.1);
        const step = (config: object) =>
          trajectory(builtIn, { name: "lars", ...config }, { start: [w1, w2], gradients: [[g1, g2]], shapes })[0]!;
        for (const config of [{ clipGradient: globalNorm(0.01) }, { clipGradient: adaptive(1e-3), scope: "neuron" }]) {
          const { clipGradient: _, ...unclipped } = { scope: "layer", ...config };
          step(config)
            .flat()
            .forEach((value, i) => {
              expect(Math.abs(value - step(unclipped).flat()[i]!)).toBeLessThan(1e-13);
            });
        }
      }),
      { seed: 6172, numRuns: 100 },
    );
    const kernelStep = (more: object) =>
      trajectory(
        builtIn,
        { name: "lars", ...more },
        { start: [[1, 5]], gradients: [[[1, 1]]], shapes: [[1, 2]] },
      )[0]![0]!;
    expect(
      kernelStep({ clipGradient: adaptive(0.01) })[1]! / kernelStep({ clipGradient: adaptive(0.01) })[0]!,
    ).toBeCloseTo(5, 12);
    expect(kernelStep({})[1]! / kernelStep({})[0]!).toBeCloseTo(1, 12);
  });
});

describe("what clipping leaves of the form of a step", () => {
  const formOf = (config: object, shape: number[]) =>
    Object.keys(optimizerOver([{ name: "w", shape }], { learningRate: 0.1, ...config }, 3).form);

  test.each<[rule: object, clip: object | undefined, shape: number[], form: string[]]>([
    [{ name: "sgd" }, undefined, [2, 2], ["alongGradient"]],
    [{ name: "sgd" }, globalNorm(1), [2, 2], ["alongGradient"]],
    [{ name: "sgd" }, adaptive(1), [2], ["alongGradient"]],
    [{ name: "sgd" }, adaptive(1), [2, 2], []],
    [{ name: "sgd", momentum: 0.9 }, undefined, [2], ["heavyBall"]],
    // Its s_k is λ times what clipping leaves of the gradient, which is not measured.
    [{ name: "sgd", momentum: 0.9 }, globalNorm(1), [2], []],
    [{ name: "lars", momentum: 0.9 }, globalNorm(1), [2], ["heavyBall"]],
    [{ name: "lars", momentum: 0.9, nesterov: true }, undefined, [2], []],
    [{ name: "larc" }, undefined, [2], ["alongGradient", "clippedRate"]],
    [{ name: "larc" }, globalNorm(1), [2], ["alongGradient"]],
    [{ name: "fromage" }, globalNorm(1), [2], ["shrunk"]],
    [{ name: "lars", weightDecay: 0.1 }, undefined, [2], ["decayed"]],
    [{ name: "lars", weightDecay: 0.1 }, globalNorm(1), [2], []],
    [{ name: "lars", weightDecay: 0.1, weightDecayNorm: "combined" }, undefined, [2], []],
    [{ name: "adam" }, undefined, [2], []],
  ])("%j clipped %j in shape %j: %j", (rule, clipGradient, shape, form) => {
    expect(formOf({ ...rule, ...(clipGradient && { clipGradient }) }, shape)).toEqual(form);
  });
});
