import { describe, expect, test } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import type { Objective } from "../../src/comparison/objective.js";
import { expectationSchema } from "../../src/config/expectation-schema.js";
import { defaultConditions } from "../../src/config/objective-schema.js";
import { ExpectationReader } from "../../src/expectations/evaluate.js";
import type { Manifest, Status } from "../../src/results/manifest.js";
import { rate } from "../comparison/fixture.js";

const objective: Objective = {
  ...{ column: "val_accuracy", statistic: "final", direction: "maximize", per: defaultConditions },
};
const schema = expectationSchema(bounds.map(({ name }) => name));

interface Cell {
  readonly optimizer: string;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Validation and test accuracy of each seed; none of one that diverged. */
  readonly accuracies: readonly (readonly [validation: number, test: number] | "diverged")[];
}

const manifestsOf = ({ optimizer, batchSize, learningRate, accuracies }: Cell): Manifest[] =>
  accuracies.map((accuracy, seed) => {
    const [valAccuracy, testAccuracy] = accuracy === "diverged" ? [] : accuracy;
    const measured = accuracy === "diverged" ? {} : { valAccuracy, testAccuracy };
    const status: Status = accuracy === "diverged" ? "diverged" : "completed";
    const label = `${optimizer} batchSize=${batchSize} learningRate=${learningRate} seed=${seed}`;
    const axes = { batchSize, [rate]: learningRate };
    return {
      ...{ id: label, label, optimizer, axes, seed, status, outcome: { steps: 1, final: measured, best: measured } },
    } as unknown as Manifest;
  });

const cells: readonly Cell[] = [
  // Validation chooses 0.1 (0.92 before 0.91), where the test set has less.
  {
    optimizer: "lamb",
    batchSize: 64,
    learningRate: 0.1,
    accuracies: [
      [0.91, 0.93],
      [0.92, 0.9],
      [0.93, 0.91],
    ],
  },
  {
    optimizer: "lamb",
    batchSize: 64,
    learningRate: 1,
    accuracies: [
      [0.91, 0.99],
      [0.9, 0.98],
      [0.91, 0.97],
    ],
  },
  {
    optimizer: "adam",
    batchSize: 64,
    learningRate: 0.1,
    accuracies: [
      [0.5, 0.5],
      [0.5, 0.51],
      [0.5, 0.49],
    ],
  },
  {
    optimizer: "adam",
    batchSize: 64,
    learningRate: 1,
    accuracies: [
      [0.9, 0.9],
      [0.9, 0.88],
      [0.9, 0.89],
    ],
  },
  { optimizer: "lamb", batchSize: 1024, learningRate: 0.1, accuracies: [[0.7, 0.7], "diverged", "diverged"] },
];
const reader = new ExpectationReader(cells.flatMap(manifestsOf), "nowhere", objective);
const evaluate = (expectation: object) =>
  reader.evaluate(schema.parse({ claim: "so", source: "here", ...expectation }));

const at64 = { runs: { batchSize: 64 } };
const of = (optimizer: string, more: object = {}) => ({ column: "test_accuracy", of: { optimizer }, ...more });

describe("what a tuned optimizer comes to", () => {
  test("is the median over seeds where the objective chose, whatever is measured there", () => {
    expect(evaluate({ ...at64, tuned: of("lamb"), near: { value: 0.91, absolute: 1e-12 } })).toMatchObject({
      met: true,
      expected: "tuned final test_accuracy = 0.91 ± 1e-12",
      measured: "0.91 (lamb at batchSize=64, learningRate=0.1, the best of 2 by final validation accuracy)",
    });
    expect(evaluate({ ...at64, tuned: of("lamb"), above: 0.91 }).met).toBe(false);
  });

  test("is, of a single configuration, what it came to untuned", () => {
    const untuned = { column: "test_accuracy", of: { optimizer: "adam", [rate]: 0.1 } };
    expect(evaluate({ ...at64, tuned: untuned, below: 0.51 })).toMatchObject({
      met: true,
      measured: "0.5 (adam at batchSize=64, learningRate=0.1)",
    });
  });

  test("may be held against another's, with the interval of the paired difference", () => {
    // 0.91 − 0.89; differences 0.03, 0.02, 0.02: mean 0.07/3, standard error 0.01/3, quantile 4.30265.
    const { met, measured, expected } = evaluate({
      ...at64,
      tuned: of("lamb", { minus: { optimizer: "adam" } }),
      near: { value: 0.02, absolute: 1e-12 },
    });
    expect(met).toBe(true);
    expect(expected).toBe("tuned final test_accuracy, difference = 0.02 ± 1e-12");
    const [low, high] = [-1, 1].map((sign) => (0.07 / 3 + sign * 4.302652729749462 * (0.01 / 3)).toPrecision(6));
    expect(measured).toBe(
      "0.02 (0.91 of lamb at batchSize=64, learningRate=0.1, the best of 2 by final validation accuracy; " +
        "0.89 of adam at batchSize=64, learningRate=1, the best of 2 by final validation accuracy; " +
        `95 % interval of the mean difference over 3 seeds: ${Number(low)} to ${Number(high)})`,
    );
  });

  test("is the worst there is where half of the seeds came to nothing", () => {
    const large = { runs: { batchSize: 1024 }, tuned: of("lamb") };
    expect(evaluate({ ...large, above: 0 })).toMatchObject({ met: false });
    expect(evaluate({ ...large, below: 0 })).toMatchObject({ measured: expect.stringMatching(/^-Infinity/) });
  });

  test("is not evaluated across conditions, nor where nothing is selected", () => {
    expect(evaluate({ tuned: of("lamb"), above: 0 })).toMatchObject({
      met: false,
      measured: expect.stringMatching(
        /^not evaluated: tuned: the runs are under 2 conditions \(batchSize=64; batchSize=1024/,
      ),
    });
    expect(evaluate({ ...at64, tuned: of("lars"), above: 0 }).measured).toMatch(/^not evaluated: no run is selected/);
    expect(evaluate({ ...at64, tuned: of("lamb", { minus: { optimizer: "sgd" } }), above: 0 }).met).toBe(false);
  });

  test("needs a relation, and a column that evaluations fill", () => {
    const parse = (expectation: object) => schema.safeParse({ claim: "so", source: "here", ...expectation });
    expect(parse({ tuned: of("lamb") }).error?.issues[0]?.message).toBe("tuned needs below, above or near");
    expect(parse({ tuned: { column: "loss" }, below: 1 }).success).toBe(false);
    expect(parse({ tuned: { column: "gap", statistic: "best" }, below: 1 }).success).toBe(true);
  });
});
