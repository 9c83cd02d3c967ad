import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { groupsOf } from "../../src/comparison/groups.js";
import { scoreText } from "../../src/comparison/labels.js";
import { byStepsToTarget, objectiveOf, scoreOf, wordsOf } from "../../src/comparison/objective.js";
import { recordedTarget, TargetReader, toTargetOf, toTargetText } from "../../src/comparison/targets.js";
import { objectiveSchema } from "../../src/config/objective-schema.js";
import { targetsSchema } from "../../src/config/target-schema.js";
import type { Manifest, Status } from "../../src/results/manifest.js";
import { freshDirectory } from "../cli/tool.js";

interface Fixture {
  readonly optimizer?: string;
  readonly seed: number;
  readonly status?: Status;
  readonly every?: number | "epoch" | "end";
  /** Step and accuracies of each row of the trace; an epoch has ten steps. */
  readonly rows: readonly (readonly [step: number, validation: number | "", test?: number | ""])[];
  readonly timing?: readonly (readonly [step: number, seconds: number])[];
}

/** Runs of an experiment as they lie on the disk. */
function written(fixtures: readonly Fixture[]): { directory: string; runs: Manifest[] } {
  const directory = freshDirectory();
  const runs = fixtures.map(({ optimizer = "lars", seed, status = "completed", every = "epoch", rows, timing }) => {
    const id = `${optimizer}-${seed}`;
    const run = join(directory, "runs", id);
    mkdirSync(run, { recursive: true });
    const lines = rows.map(([step, validation, test = ""]) => [step, step / 10, validation, test].join(","));
    writeFileSync(join(run, "trace.csv"), ["step,epoch,val_accuracy,test_accuracy", ...lines, ""].join("\n"));
    if (timing) writeFileSync(join(run, "timing.csv"), ["step,seconds", ...timing, ""].join("\n"));
    return {
      ...{ id, label: `${optimizer} seed=${seed}`, optimizer, seed, status, axes: {} },
      config: { evaluate: { every } },
      outcome: { steps: rows.at(-1)?.[0] ?? 0, final: {}, best: {} },
    } as unknown as Manifest;
  });
  return { directory, runs };
}

const above = (value: number) => targetsSchema.parse({ column: "val_accuracy", above: value });
const read = (fixtures: readonly Fixture[], targets = above(0.9)) => {
  const { directory, runs } = written(fixtures);
  return new TargetReader(targets).readAll(runs, directory);
};
const never: Fixture["rows"] = [
  [0, 0.1],
  [10, 0.85],
  [20, 0.9],
];
const at = (step: number): Fixture["rows"] => [
  [0, 0.1],
  [step, 0.91],
  [step + 10, 0.95],
];

describe("when a run met its target", () => {
  test("is its first evaluation past it, not that at which it was best, nor one at which it only touches it", () => {
    const rows: Fixture["rows"] = [
      [0, 0.1],
      [10, 0.9],
      [20, 0.93],
      [30, 0.99],
      [40, 0.8],
    ];
    const timing = [
      [0, 0.5],
      [10, 1],
      [20, 1.25],
      [30, 9],
    ] as const;
    const [run] = read([{ seed: 0, rows, timing }]);
    expect(run!.toTarget).toEqual({ outcome: "reached", steps: 20, epochs: 2, seconds: 1.25 });
    expect(read([{ seed: 0, rows, timing }], above(0.99))[0]!.toTarget).toEqual({ outcome: "not reached" });
  });

  test("is at an evaluation, though with full batches other rows of the trace have the column too", () => {
    const rows: Fixture["rows"] = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((step) => [step, step / 10]);
    const steps = (every: Fixture["every"], value: number) => {
      const { toTarget } = read([{ seed: 0, rows, every: every! }], above(value))[0]!;
      return toTarget?.outcome === "reached" ? toTarget.steps : toTarget?.outcome;
    };
    expect([steps(1, 0.45), steps(3, 0.45), steps(3, 0.65), steps(5, 0.45), steps("end", 0.45)]).toEqual([
      ...[5, 6, 8, 5, 8],
    ]);
    // Only w_0 and the last row are evaluations where an epoch has ten steps.
    expect([steps("epoch", 0.45), steps("end", 0.9)]).toEqual([8, "not reached"]);
  });

  test("is where all targets are met at once", () => {
    const rows: Fixture["rows"] = [
      [0, 0.1, 0.1],
      [10, 0.95, 0.5],
      [20, 0.8, 0.95],
      [30, 0.92, 0.91],
    ];
    const both = targetsSchema.parse([
      { column: "val_accuracy", above: 0.9 },
      { column: "test_accuracy", above: 0.9 },
    ]);
    expect(read([{ seed: 0, rows }], both)[0]!.toTarget).toMatchObject({ steps: 30 });
    const below = targetsSchema.parse({ column: "test_accuracy", below: 0.3 });
    expect(read([{ seed: 0, rows }], below)[0]!.toTarget).toMatchObject({ steps: 0 });
  });

  test("is told of a run that diverged later, and not of one that nobody measured", () => {
    const rows: Fixture["rows"] = [
      [0, 0.1],
      [10, 0.95],
      [13, ""],
    ];
    const runs = read([
      { seed: 0, status: "diverged", rows },
      { seed: 1, status: "diverged", rows: [[0, 0.1]] },
      { seed: 2, status: "diverged", rows: [[0, Number.NaN]] },
      { seed: 3, rows: [[0, ""]] },
    ]);
    expect(runs.map(({ toTarget }) => toTarget?.outcome)).toEqual([
      ...["reached", "not reached", "not reached", "not measured"],
    ]);
    const missing = written([{ seed: 0, rows }]);
    expect(new TargetReader(above(0.9)).read(missing.runs[0]!, freshDirectory()).toTarget).toEqual({
      outcome: "not measured",
    });
  });

  test("has no seconds where they were not written down", () => {
    expect(read([{ seed: 0, rows: at(10) }])[0]!.toTarget).toEqual({
      ...{ outcome: "reached", steps: 10, epochs: 1, seconds: undefined },
    });
    // The times begin after it: the run was taken up again where its times were lost.
    expect(read([{ seed: 0, rows: at(10), timing: [[20, 3]] }])[0]!.toTarget).toMatchObject({ seconds: undefined });
  });
});

describe("the median over seeds", () => {
  test("in words tells how many got there, unless all did", () => {
    const words = (...fixtures: Fixture[]) => toTargetText({ runs: read(fixtures) });
    expect(words(timed(0, 10), timed(1, 20))).toBe("15");
    expect(words(timed(0, 10), timed(1, 20), lost(2))).toBe("20 (2/3)");
    expect(words(timed(0, 10), lost(1), lost(2))).toBe("not reached (1/3)");
    expect(words({ seed: 0, rows: [[0, ""]] })).toBe("");
  });

  const group = (fixtures: readonly Fixture[]) => toTargetOf(groupsOf(read(fixtures), { per: [] })[0]!);
  const timed = (seed: number, step: number): Fixture => ({
    seed,
    rows: at(step),
    timing: [
      [0, 1],
      [step, step / 100],
    ],
  });
  const lost = (seed: number): Fixture => ({ seed, rows: never });

  test("is finite where three of five got there: the slowest of them", () => {
    // 10, 20, 40, ∞, ∞
    expect(group([timed(0, 40), lost(1), timed(2, 10), lost(3), timed(4, 20)])).toEqual({
      ...{ reached: 3, of: 5, steps: 40, epochs: 4, seconds: 0.4 },
    });
  });

  test("is infinite where two of five got there, or two of four", () => {
    const infinite = { steps: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY };
    expect(group([timed(0, 40), lost(1), timed(2, 10), lost(3), lost(4)])).toMatchObject({ reached: 2, ...infinite });
    expect(group([timed(0, 40), lost(1), timed(2, 10), lost(3)])).toMatchObject({ reached: 2, of: 4, ...infinite });
    expect(group([timed(0, 40), lost(1), lost(2), lost(3)])).toMatchObject({ reached: 1, of: 4, ...infinite });
  });

  test("counts a run that diverged before as one that never got there", () => {
    const gone: Fixture = { seed: 2, status: "diverged", rows: [[0, 0.1]] };
    expect(group([timed(0, 10), timed(1, 20), gone])).toMatchObject({ reached: 2, of: 3, steps: 20 });
    expect(group([timed(0, 10), gone])).toMatchObject({ reached: 1, steps: Number.POSITIVE_INFINITY });
  });

  test("has no seconds where a seed that got there lacks them", () => {
    expect(group([timed(0, 10), { seed: 1, rows: at(20) }])).toMatchObject({ steps: 15, seconds: undefined });
  });

  test("is not there without a target, or where nobody measures it", () => {
    expect(toTargetOf(groupsOf(written([timed(0, 10)]).runs, { per: [] })[0]!)).toBeUndefined();
    expect(group([{ seed: 0, rows: [[0, ""]] }])).toBeUndefined();
  });
});

test("runs are compared by their steps to the target where the objective says so, unreached the worst", () => {
  const runs = read([
    { seed: 0, rows: at(10) },
    { seed: 1, rows: never },
    { seed: 2, status: "diverged", rows: at(20) },
  ]);
  const objective = objectiveOf(objectiveSchema.parse({ statistic: "target" }), runs);
  expect(wordsOf(objective)).toBe("steps to target");
  expect([2535, 2535.5, Number.POSITIVE_INFINITY].map((steps) => scoreText(objective, steps))).toEqual([
    "2535",
    "2540",
    "∞",
  ]);
  expect(runs.map((run) => scoreOf(objective, run))).toEqual([10, Number.POSITIVE_INFINITY, 20]);
  expect(objective).toEqual(byStepsToTarget(objectiveOf(undefined, runs)));
});

test("the target of results is that of the config they were last run with", () => {
  const directory = freshDirectory();
  expect(recordedTarget(directory)).toBeUndefined();
  const config = { target: { column: "gap", below: 1e-3 } };
  writeFileSync(join(directory, "experiment.json"), JSON.stringify({ config }));
  expect(recordedTarget(directory)).toEqual([config.target]);
});
