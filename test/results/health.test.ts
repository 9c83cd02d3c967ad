import { describe, expect, test } from "vitest";
import { majorityShare } from "../../src/data/dataset.js";
import { type Chance, HealthReader } from "../../src/results/health.js";
import type { StepRecord } from "../../src/training/record.js";
import { freshDirectory } from "../cli/tool.js";
import { network } from "../execution/support.js";
import { execute } from "../report/support.js";

interface Step {
  readonly step: number;
  readonly accuracy?: number;
  /** Gradient norms of the layers a and b; absent at a step that is not traced. */
  readonly gradients?: readonly [a: number, b: number];
}

function recordOf({ step, accuracy, gradients }: Step): StepRecord {
  return {
    ...{ step, epoch: step, learningRate: 0.1, loss: 1, last: false },
    ...(accuracy !== undefined && { train: { loss: 1, accuracy } }),
    layers: (gradients ?? []).map((gradientNorm) => ({ gradientNorm })),
    evaluated: accuracy !== undefined,
    traced: gradients !== undefined,
  } as unknown as StepRecord;
}

const layers = ["a", "b"];

/** What is said of a run of 100 steps, taken up again in the middle. */
function warningsOf(steps: readonly Step[], chance?: Chance, final: object = { trainLoss: 1 }): string[] {
  const half = steps.length >> 1;
  const first = new HealthReader(layers);
  for (const step of steps.slice(0, half)) first.observe(recordOf(step));
  const second = new HealthReader(layers, structuredClone(first.state()));
  for (const step of steps.slice(half)) second.observe(recordOf(step));
  return second.warnings({ steps: 100, final, best: {} }, chance);
}

describe("a run is stuck at chance", () => {
  // 3·√(0.1·0.9/900) = 0.03 above a tenth.
  const chance = { examples: 900, majorityShare: 0.1 };
  const accuracies = (...values: number[]) => values.map((accuracy, i) => ({ step: 10 * i, accuracy }));

  test("if no evaluation after the start is above the largest class's share by more than noise", () => {
    const [warning] = warningsOf(accuracies(0.5, 0.1, 0.129, 0.08), chance);
    expect(warning).toBe(
      "stuck at chance: training accuracy never above 12.9 % after the start, and 10.0 % of the examples are of one class",
    );
    expect(warningsOf(accuracies(0.1, 0.1, 0.131, 0.1), chance)).toEqual([]);
    expect(warningsOf(accuracies(0.1, 0.1, 0.1, 0.131), chance)).toEqual([]);
  });

  test("never for want of evaluations, of classes, or of examples enough to tell", () => {
    expect(warningsOf(accuracies(0.1), chance)).toEqual([]);
    expect(warningsOf(accuracies(0.1, 0.1, 0.1))).toEqual([]);
    // 0.9 + 3·0.3/√9 = 1.2
    expect(warningsOf(accuracies(0.9, 0.9, 0.9), { examples: 9, majorityShare: 0.9 })).toEqual([]);
  });

  test("by the share of the class that most examples belong to", () => {
    const labels = Uint8Array.of(0, 2, 2, 1, 2);
    expect(majorityShare({ size: 5, pixels: new Uint8Array(5), labels }, 4)).toBe(0.6);
  });
});

describe("a run has dead units", () => {
  const every = (step: number, gradientsAt: (step: number) => readonly [number, number]): Step[] =>
    Array.from({ length: 100 / step + 1 }, (_, i) => ({ step: i * step, gradients: gradientsAt(i * step) }));

  test("if the gradient of a layer is exactly 0 at every traced step of the last tenth", () => {
    const gradients = (from: number) => every(5, (step) => [1, step >= from ? 0 : 1]);
    expect(warningsOf(gradients(35))).toEqual(["dead units: no gradient reaches b since step 35"]);
    expect(warningsOf(gradients(90))).toEqual(["dead units: no gradient reaches b since step 90"]);
    expect(warningsOf(gradients(95))).toEqual([]);
    expect(warningsOf(every(5, (step) => (step < 20 ? [1, 1] : [0, 0])))).toEqual([
      "dead units: no gradient reaches a, b since step 20",
    ]);
  });

  test("not if it comes back, nor if it is merely small", () => {
    expect(warningsOf(every(5, (step) => [1, step === 95 ? 1e-300 : 0]))).toEqual([]);
    expect(warningsOf(every(5, () => [1, 5e-324]))).toEqual([]);
  });

  test("not at the bottom of the loss, where every gradient is 0", () => {
    const silent = every(5, () => [0, 0]);
    expect(warningsOf(silent, undefined, { trainLoss: 0 })).toEqual([]);
    expect(warningsOf(silent, undefined, { trainLoss: 3, gap: 0 })).toEqual([]);
    // A saddle is none.
    expect(warningsOf(silent, undefined, { trainLoss: 3, gap: 1 })).toHaveLength(1);
  });

  test("not if nothing is traced in the last tenth: with mini-batches the last row has no gradient", () => {
    const gradients = every(50, (step) => (step === 100 ? [Number.NaN, Number.NaN] : [0, 0]));
    expect(warningsOf(gradients)).toEqual([]);
  });
});

test("real runs that learn nothing say so in their manifests, and one that learns does not", async () => {
  const config = { ...network, name: "flagged", problem: { name: "mlp", hidden: [8], bias: false }, epochs: 6 };
  const optimizers = [
    { label: "learns", name: "lars", learningRate: 0.03 },
    { label: "leaps", name: "sgd", learningRate: 30 },
    { label: "crawls", name: "sgd", learningRate: 1e-6 },
  ];
  const { manifests } = await execute({ ...config, optimizers }, freshDirectory());
  const kinds = manifests.map(({ warnings = [] }) => warnings.map((warning) => warning.split(":")[0]));
  expect(kinds).toEqual([[], ["stuck at chance", "dead units"], ["stuck at chance"]]);
});
