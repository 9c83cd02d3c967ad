import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { bounds } from "../../src/bounds/registry.js";
import { selectedBounds, watchBounds } from "../../src/bounds/verdict.js";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { boundContext } from "../../src/execution/bound-context.js";
import type { PreparedRun } from "../../src/execution/plan.js";
import type { Problem } from "../../src/problems/problem.js";
import { optimizerOver } from "../optimizers/rules.js";
import { keepsSubnormals, testedBackends } from "../tested-backends.js";
import { collect } from "./support.js";

const layers = [
  { name: "one", shape: [6, 7] },
  { name: "two", shape: [5] },
];

/** Entries of size up to `scale`, none of them near 0. */
function entries(name: string, scale: number): number[][] {
  const stream = randomStream({ seed: 5, name });
  const entry = () => scale * (0.2 + 0.8 * stream.uniform()) * (stream.uniform() < 0.5 ? -1 : 1);
  return layers.map(({ shape }) => Array.from({ length: shape.reduce((a, b) => a * b) }, entry));
}

/** One step from weights of one size along a gradient of another: its records and the verdict on eq. (1). */
async function step<V, S>(algebra: Algebra<V, S>, rule: object, weightScale: number, gradientScale: number) {
  const vectors = (name: string, scale: number) =>
    entries(name, scale).map((values, i) => algebra.vector(values, layers[i]!.shape));
  const problem = { layers, defaultPrecision: algebra.precision } as unknown as Problem;
  const objective = {
    initialWeights: () => vectors("weights", weightScale),
    lossAndGradients: () => ({ loss: algebra.scalar(1), gradients: vectors("gradients", gradientScale) }),
  };
  const { records } = await collect(algebra, problem, objective, rule as Record<string, unknown>, { steps: 1 });
  const run = { config: { batchSize: "full" } };
  const optimizer = optimizerOver(layers, rule, 1);
  const watch = watchBounds(
    selectedBounds(bounds, ["norm-ratio", "norm-growth", "step-range", "elementwise-proportionality"]),
    boundContext({ problem, optimizer, steps: 1, precision: algebra.precision, run } as unknown as PreparedRun),
  );
  for (const record of records) watch.observe(record);
  return { record: records[0]!, verdicts: Object.values(watch.verdicts()) };
}

const rules = [
  { name: "lars" },
  { name: "percent-delta" },
  { name: "proportional-infinity" },
  { name: "proportional", p: 3 },
  { name: "percent-delta-elementwise", epsilon: 0 },
];
/** Gradients that float32 holds only with lost digits, and sizes whose squares or quotients leave it. */
const gradientScales = [1e-43, 1e-40, 1e-24, 1e-19, 1, 1e19, 1e36];
const weightScales = [1e-19, 1, 1e19];
const rates = [1e-38, 1e-30, 0.178];
const smallestNormal = 2 ** -126;

describe.each(["float64", ...testedBackends])("on %s", (name) => {
  test.each(rules)("$name takes the step of its formula at every scale", async (rule) => {
    const take = async (config: object, w: number, g: number) =>
      name === "float64" ? step(float64, config, w, g) : step((await startBackend(name)).algebra, config, w, g);
    for (const scope of ["layer", "global"]) {
      for (const weightScale of weightScales) {
        for (const gradientScale of gradientScales) {
          for (const learningRate of rates) {
            const { record, verdicts } = await take({ ...rule, scope, learningRate }, weightScale, gradientScale);
            const where = `${scope} w ${weightScale} g ${gradientScale} λ ${learningRate}: ${JSON.stringify(record)}`;
            expect(
              verdicts.map(({ outcome }) => outcome),
              where,
            ).not.toContain("violated");
            for (const { updateNorm, normRatio, gradientNorm } of record.layers) {
              if (keepsSubnormals(name) || gradientScale > 1e3 * smallestNormal) {
                expect(gradientNorm, where).toBeGreaterThan(0);
              }
              expect(Number.isFinite(updateNorm), where).toBe(true);
              const isRepresentable =
                name === "float64" ||
                (learningRate * weightScale > 1e3 * smallestNormal &&
                  gradientScale > 1e-37 &&
                  (keepsSubnormals(name) || learningRate > smallestNormal));
              if (isRepresentable && scope === "layer") expect(normRatio / learningRate, where).toBeCloseTo(1, 5);
            }
          }
        }
      }
    }
  });
});
