import { rmSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import { objectiveOf } from "../../src/comparison/objective.js";
import { expectationSchema } from "../../src/config/expectation-schema.js";
import { ExpectationReader } from "../../src/expectations/evaluate.js";
import { Traces } from "../../src/results/traces.js";
import { temporaryDirectory } from "../report/support.js";
import { writeRuns } from "./runs.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const manifests = writeRuns(directory);
const reader = new ExpectationReader(manifests, directory, objectiveOf(undefined, manifests));

const schema = expectationSchema(bounds.map(({ name }) => name));
const said = { claim: "it is so", source: "here" };
const evaluate = (expectation: object) => reader.evaluate(schema.parse({ ...said, ...expectation }));

const lars = { optimizer: "lars" };
const first = { ...lars, "optimizer.learningRate": 0.1 };
const second = { ...lars, "optimizer.learningRate": 0.2 };
const finalLoss = { column: "loss", statistic: "final" };
const slope = { of: finalLoss, against: "optimizer.learningRate" };
const near = (value: number, absolute = 1e-12) => ({ near: { value, absolute } });
const value = (column: string, statistic: string, more: object = {}) => ({
  runs: first,
  value: { column, statistic, ...more },
});

/**
 * The losses of the lars runs are 16·2^(−k), 4 and 16 times that, at k = 0, 1, 2, 4, 8: finally 1/16, 1/4 and 1; the gap
 * is k^(−2).
 */
const met: readonly [what: string, expectation: object, measured: string, expected: string][] = [
  ["a final value", { ...value("loss", "final"), ...near(1 / 16) }, "0.0625", "final loss = 0.0625 ± 1e-12"],
  ["a mean", { ...value("loss", "mean"), ...near(29.0625 / 5) }, "5.8125", "mean loss = 5.8125 ± 1e-12"],
  ["a maximum", { ...value("loss", "maximum"), above: 15.9 }, "16", "maximum loss > 15.9"],
  ["a minimum", { ...value("loss", "minimum"), below: 0.1, above: 0 }, "0.0625", "minimum loss < 0.1 > 0"],
  // The last ⌊5·0.4⌋ = 2 of 16, 8, 4, 1, 1/16
  [
    "a tail",
    { ...value("loss", "tail-mean", { tail: 0.4 }), ...near(0.53125) },
    "0.53125",
    "tail-mean loss = 0.53125 ± 1e-12",
  ],
  ["empty fields are left out", { ...value("accuracy", "mean"), ...near(0.5) }, "0.5", "mean accuracy = 0.5 ± 1e-12"],
  ["all layers", { ...value("norm_ratio", "mean"), ...near(0.3125) }, "0.3125", "mean norm_ratio = 0.3125 ± 1e-12"],
  [
    "one layer",
    { ...value("norm_ratio", "mean", { layer: "a" }), ...near(0.25) },
    "0.25",
    "mean norm_ratio of a = 0.25 ± 1e-12",
  ],
  [
    "a reference number",
    { ...value("loss", "final"), below: { reference: "median" } },
    "0.0625",
    "final loss < median",
  ],
  [
    "a share of the value",
    { ...value("loss", "maximum"), near: { value: 20, relative: 0.2 } },
    "16",
    "maximum loss = 20 ± 20 %",
  ],
  [
    "absolute and relative room together",
    { ...value("loss", "maximum"), near: { value: 20, relative: 0.1, absolute: 2 } },
    "16",
    "maximum loss = 20 ± 2",
  ],
  [
    "a share of a slope",
    { slope, runs: lars, near: { value: 2, relative: 0.01 } },
    "2",
    "log-log slope of final loss against optimizer.learningRate = 2 ± 1 %",
  ],
  [
    "a held bound",
    { runs: lars, verdict: { bound: "norm-ratio", outcome: "held" } },
    "held in 16 checks, smallest slack 0.25",
    "norm-ratio held",
  ],
  [
    "a violated bound",
    { runs: { optimizer: "broken" }, verdict: { bound: "norm-ratio", outcome: "violated" } },
    "violated at step 7",
    "norm-ratio violated",
  ],
  [
    "a bound that does not apply",
    { runs: { optimizer: "sgd" }, verdict: { bound: "norm-ratio", outcome: "not applicable" } },
    "not applicable: sgd is not equation (1)",
    "norm-ratio not applicable",
  ],
  ["a status", { runs: lars, status: "completed" }, "completed", "run completed"],
  // ln y = −2 ln 4, −ln 4, 0 at x = 0.1, 0.2, 0.4: y is 6.25·x²
  [
    "a slope of logarithms",
    { runs: lars, slope, ...near(2) },
    "2",
    "log-log slope of final loss against optimizer.learningRate = 2 ± 1e-12",
  ],
  // Deviations of x: −4/30, −1/30, 5/30, of ln y: −ln 4, 0, ln 4: ln 4·(9/30)/(42/900)
  [
    "a slope against the axis itself",
    { runs: lars, slope: { ...slope, scale: "semi-log" }, ...near(Math.log(4) * (45 / 7)) },
    "8.91189",
    `semi-log slope of final loss against optimizer.learningRate = ${Math.log(4) * (45 / 7)} ± 1e-12`,
  ],
  [
    "a slope up to a point of the axis, which counts",
    // From 1/16 to 1/4 between 0.1 and 0.2
    { runs: lars, slope: { ...slope, scale: "semi-log", to: 0.2 }, ...near(Math.log(4) / 0.1) },
    "13.8629",
    `semi-log slope of final loss against optimizer.learningRate = ${Math.log(4) / 0.1} ± 1e-12`,
  ],
  [
    "a slope over a part of the axis",
    // From 1/4 to 1 between 0.2 and 0.4
    { runs: lars, slope: { ...slope, scale: "semi-log", from: 0.2 }, ...near(Math.log(4) / 0.2) },
    "6.93147",
    `semi-log slope of final loss against optimizer.learningRate = ${Math.log(4) / 0.2} ± 1e-12`,
  ],
  [
    "a slope against the step, in each run",
    {
      runs: lars,
      slope: { column: "loss", against: "step", scale: "semi-log" },
      near: { value: -Math.LN2, relative: 1e-12 },
    },
    "-0.693147",
    `semi-log slope of loss against step = ${-Math.LN2} ± 1e-10 %`,
  ],
  [
    "a slope from a step on, to another",
    { runs: first, slope: { column: "gap", against: "step", from: 1, to: 4 }, ...near(-2) },
    "-2",
    "log-log slope of gap against step = -2 ± 1e-12",
  ],
  [
    "a ratio",
    { runs: second, ratio: { of: finalLoss, over: first }, ...near(4) },
    "4",
    "ratio of final loss = 4 ± 1e-12",
  ],
  [
    "a difference",
    { runs: second, difference: { column: "loss", from: first }, ...near(3) },
    "3",
    "relative difference of loss = 3 ± 1e-12",
  ],
  [
    "a tuned value",
    { tuned: { column: "train_loss", of: lars }, ...near(1 / 16) },
    "0.0625 (lars at learningRate=0.1, the best of 3 by final training loss)",
    "tuned final train_loss = 0.0625 ± 1e-12",
  ],
  [
    "series of different length differ",
    { runs: { optimizer: "sgd" }, difference: { column: "gap", from: first }, above: 1e300 },
    "Infinity",
    "relative difference of gap > 1e+300",
  ],
];

const unmet: readonly [what: string, expectation: object, measured: string][] = [
  ["below is strict", { ...value("loss", "maximum"), below: 16 }, "16"],
  ["above is strict", { ...value("loss", "maximum"), above: 16 }, "16"],
  ["both relations count", { ...value("loss", "maximum"), below: 17, above: 16.5 }, "16"],
  ["too far away", { ...value("loss", "maximum"), ...near(20, 3.9) }, "16"],
  ["too far away by a share of the value", { ...value("loss", "maximum"), near: { value: 20, relative: 0.19 } }, "16"],
  ["one run of several", { runs: lars, value: finalLoss, below: 0.9 }, "1"],
  ["NaN is not below", { runs: { optimizer: "sgd" }, value: finalLoss, below: 1e300 }, "NaN"],
  ["NaN is not above", { runs: { optimizer: "sgd" }, value: finalLoss, above: -1e300 }, "NaN"],
  ["NaN is near nothing", { runs: { optimizer: "sgd" }, value: finalLoss, ...near(0, 1e300) }, "NaN"],
  ["another slope", { runs: lars, slope, ...near(1, 0.9) }, "2"],
  ["a slope of a single point", { runs: first, slope, above: -1e300 }, "NaN"],
  ["a slope against no axis", { runs: lars, slope: { ...slope, against: "steps" }, above: -1e300 }, "NaN"],
  ["another ratio", { runs: second, ratio: { of: finalLoss, over: first }, below: 4 }, "4"],
  ["a difference", { runs: second, difference: { column: "loss", from: first }, below: 3 }, "3"],
  [
    "another tuned value",
    { tuned: { column: "train_loss", of: second }, below: 0.25 },
    "0.25 (lars at learningRate=0.2)",
  ],
  ["another status", { status: "completed" }, "diverged"],
  [
    "held, of a bound that was violated",
    { runs: { optimizer: "broken" }, verdict: { bound: "norm-ratio", outcome: "held" } },
    "violated at step 7",
  ],
  [
    "violated, of a bound that held",
    { runs: lars, verdict: { bound: "norm-ratio", outcome: "violated" } },
    "held in 16 checks, smallest slack 0.25",
  ],
  [
    "held in all runs, of one that held in some",
    { verdict: { bound: "norm-ratio", outcome: "held" } },
    "not applicable: sgd is not equation (1)",
  ],
  ["not applicable, of one that held", { verdict: { bound: "norm-ratio", outcome: "not applicable" } }, "held"],
];

const notEvaluated: readonly [what: string, expectation: object, reason: string][] = [
  [
    "a column that is not there",
    { ...value("lss", "final"), below: 1 },
    "there is no column lss in the traces of run-0",
  ],
  [
    "a bound that was not watched",
    { verdict: { bound: "radius", outcome: "held" } },
    'the run lars learningRate=0.1 has no verdict on the bound "radius"',
  ],
  [
    "an unknown axis",
    { runs: { rate: 1 }, status: "completed" },
    'expect: runs cannot be selected by "rate"; expected one of optimizer, seed, optimizer.learningRate',
  ],
  ["no run", { runs: { seed: 1 }, status: "completed" }, 'no run is selected by {"seed":1}'],
  [
    "a ratio over several runs",
    { ratio: { of: finalLoss, over: lars }, below: 1 },
    '{"optimizer":"lars"} selects 3 runs; expected one',
  ],
  [
    "a difference from no run",
    { difference: { column: "loss", from: { seed: 7 } }, below: 1 },
    'no run is selected by {"seed":7}',
  ],
  [
    "an unknown reference number",
    { ...value("loss", "final"), below: { reference: "mode" } },
    'the problem has no reference number "mode"; it has median',
  ],
  [
    "a reference number of a problem without",
    { runs: second, value: finalLoss, above: { reference: "mode" } },
    'the problem has no reference number "mode"; it has none',
  ],
];

describe("expectations by hand", () => {
  test.each(met)("%s is met", (_, expectation, measured, expected) => {
    expect(evaluate(expectation)).toMatchObject({ ...said, met: true, measured, expected });
  });

  test.each(unmet)("%s: not met", (_, expectation, measured) => {
    expect(evaluate(expectation)).toMatchObject({ ...said, met: false, measured });
  });

  test.each(notEvaluated)("%s: not evaluated, so not met", (_, expectation, reason) => {
    expect(evaluate(expectation)).toMatchObject({ ...said, met: false, runs: 0, measured: `not evaluated: ${reason}` });
  });

  test("every kind of claim and relation is among them, both met and not", () => {
    const words = new Set(["claim", "source", "runs"]);
    const kinds = Object.keys(schema.shape).filter((key) => !words.has(key));
    for (const table of [met, unmet]) {
      const used = new Set(table.flatMap(([, expectation]) => Object.keys(expectation)));
      expect(kinds.filter((kind) => !used.has(kind))).toEqual([]);
    }
  });

  test("several runs are counted and summed up", () => {
    const numbers = evaluate({ runs: lars, value: finalLoss, below: 2 });
    expect(numbers).toMatchObject({ met: true, runs: 3, measured: "0.0625 … 1" });
    const two = evaluate({
      runs: { ...lars, seed: 0 },
      ratio: { of: { column: "gap", statistic: "final" }, over: first },
      above: 0,
    });
    expect(two).toMatchObject({ met: true, runs: 3, measured: "1" });
    expect(
      evaluate({ runs: { "optimizer.learningRate": 0.1 }, value: { column: "loss", statistic: "maximum" }, above: 0 }),
    ).toMatchObject({
      met: false,
      runs: 3,
      measured: "NaN",
    });
  });
});

describe("what is no expectation is refused", () => {
  const below = { below: 1 };
  const table: readonly [what: string, expectation: object, message: RegExp][] = [
    ["no subject", below, /expected exactly one of value, verdict, status, slope, ratio, difference, tuned; got none/],
    ["two subjects", { value: finalLoss, status: "completed", ...below }, /exactly one of .*; got value, status/],
    ["a number without a relation", { value: finalLoss }, /value needs below, above or near/],
    ["a slope without a relation", { slope }, /slope needs below, above or near/],
    ["a status with a relation", { status: "completed", near: { value: 1 } }, /status takes no below, above or near/],
    [
      "a verdict with a relation",
      { verdict: { bound: "radius", outcome: "held" }, above: 1 },
      /verdict takes no below/,
    ],
    ["a slope of two things", { slope: { ...slope, column: "loss" }, ...below }, /give either of .* or column/],
    ["a slope of nothing", { slope: { against: "step" }, ...below }, /give either of .* or column/],
    ["an unknown key", { status: "completed", statsu: 1 }, /Unrecognized key/],
  ];
  test.each(table)("%s", (_, expectation, message) => {
    const { success, error } = schema.safeParse({ ...said, ...expectation });
    expect(success).toBe(false);
    expect(error!.message).toMatch(message);
  });
});

test("the layers of a run are named once each, and none where layers.csv was not written", () => {
  const traces = new Traces(directory);
  expect(traces.layers(manifests[0]!)).toEqual(["a", "b"]);
  rmSync(`${directory}/runs/run-1/layers.csv`);
  expect(traces.layers(manifests[1]!)).toEqual([]);
  // A file is read once.
  expect(traces.series(manifests[0]!, "norm_ratio", "b")).toEqual({ steps: [0, 1], values: [0.25, 0.5] });
  rmSync(`${directory}/runs/run-0/layers.csv`);
  expect(traces.layers(manifests[0]!)).toEqual(["a", "b"]);
});
