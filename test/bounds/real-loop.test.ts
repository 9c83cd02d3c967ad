import fc from "fast-check";
import { expect, test } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import { watchBounds } from "../../src/bounds/verdict.js";
import { float64 } from "../../src/compute/float64.js";
import { boundContext } from "../../src/execution/bound-context.js";
import type { PreparedRun } from "../../src/execution/plan.js";
import { optimizerOver } from "../optimizers/rules.js";
import { makeProblem } from "../problems/support.js";
import { collect } from "../training/support.js";

const dimension = fc.integer({ min: 1, max: 12 });
const start = fc.double({ min: 0.01, max: 3, noNaN: true }).map((distance) => ({ distance }));
const sizes = {
  data: fc.constant({ source: "generated", examples: 20, weights: { dimension: 4, norm: 1 }, noise: 0.3 }),
};

const problem = fc.oneof(
  fc.record({
    name: fc.constant("scalar"),
    loss: fc.constantFrom("quadratic", "absolute"),
    target: fc.double({ min: 0.5, max: 2, noNaN: true }),
    start: fc.double({ min: -3, max: 3, noNaN: true }),
  }),
  fc
    .tuple(dimension, fc.double({ min: 1, max: 1000, noNaN: true }), start, fc.boolean())
    .map(([n, kappa, start, centred]) => ({
      name: "quadratic",
      dimension: n,
      conditionNumber: n === 1 ? 1 : kappa,
      start,
      ...(centred && { optimum: "zero" }),
    })),
  fc.record({ name: fc.constant("block-quadratic"), start }),
  fc.record({ name: fc.constantFrom("least-squares", "huber", "absolute-loss"), start, ...sizes }),
  fc.record({
    name: fc.constantFrom("logistic-regression", "robust-regression"),
    lossScale: fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
  }),
);

const rule = fc.record({
  norm: fc.constantFrom<object>(
    ...Array<object>(5).fill({ name: "lars" }),
    { name: "percent-delta" },
    { name: "proportional", p: 1.4 },
    { name: "proportional", p: 7 },
    { name: "proportional-infinity" },
    { name: "percent-delta-elementwise" },
  ),
  scope: fc.constantFrom("layer", "global"),
  clipGradient: fc.constantFrom<object | undefined>(
    ...Array<undefined>(5).fill(undefined),
    { method: "global-norm", maximum: 0.1 },
    { method: "adaptive", factor: 0.05 },
  ),
  learningRate: fc.oneof(
    fc.double({ min: 1e-4, max: 1.5, noNaN: true }),
    fc.record({
      schedule: fc.constantFrom("polynomial", "inverse-sqrt", "inverse-time", "cosine"),
      initial: fc.double({ min: 1e-3, max: 1, noNaN: true }),
      warmupSteps: fc.integer({ min: 0, max: 20 }),
    }),
  ),
});

test("the real rules on the real problems, in the real loop, violate no bound", async () => {
  const held = new Set<string>();
  await fc.assert(
    fc.asyncProperty(problem, rule, fc.integer({ min: 0, max: 1000 }), async (options, { norm, ...common }, seed) => {
      const steps = 150;
      const config = { ...norm, ...common };
      const problem = await makeProblem(options, seed);
      const optimizer = optimizerOver(problem.layers, config, steps);
      const run = { config: { batchSize: "full" } };
      const watch = watchBounds(
        bounds,
        boundContext({ problem, optimizer, steps, precision: "float64", run } as PreparedRun),
      );
      const { records } = await collect(float64, problem, problem.onHost!(float64), config, {
        steps,
        lossLimit: Number.POSITIVE_INFINITY,
      });
      for (const record of records) watch.observe(record);
      for (const [name, verdict] of Object.entries(watch.verdicts())) {
        expect(verdict.outcome, `${name}: ${JSON.stringify(verdict)}`).not.toBe("violated");
        if (verdict.outcome === "held") held.add(name);
      }
    }),
    { numRuns: 400, seed: 3137 },
  );
  // Every bound was put to the test by some of the runs.
  expect(held.size).toBeGreaterThanOrEqual(15);
});
