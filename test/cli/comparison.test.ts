import { describe, expect, test } from "vitest";
import { comparisonLines } from "../../src/cli/comparison.js";
import { widthOf } from "../../src/cli/table.js";
import { textOf } from "../../src/cli/tone.js";
import { compare } from "../../src/comparison/compare.js";
import type { Objective } from "../../src/comparison/objective.js";
import type { Manifest } from "../../src/results/manifest.js";
import { byAccuracy, byGap, rate, runsWith, type Score } from "../comparison/fixture.js";

const withData = (manifest: Manifest, data?: object) =>
  ({ ...manifest, config: { ...(data && { data }) } }) as Manifest;
const optimizers = ["sgd", "lars", "percent-delta", "proportional-infinity", "adam"];
/** 10^(−4 + k/2) */
const rates = Array.from({ length: 9 }, (_, k) => 10 ** (-4 + k / 2));

/** Five optimizers, nine rates, ten seeds; each a factor of 3 worse by half a decade off its best rate. */
const sweep = optimizers.flatMap((optimizer, i) =>
  rates.flatMap((learningRate, k) => {
    const scores = Array.from({ length: 10 }, (_, seed): Score => {
      if (k === 8 && i < 4) return seed < 3 ? "diverged" : 1;
      return (1 + i / 10) * 1e-5 * 3 ** Math.abs(k - 2 * i) * (1 + ((seed * 7 + i * 3) % 10) / 10);
    });
    return runsWith(byGap, optimizer, { [rate]: learningRate }, scores);
  }),
);

const printed = (manifests: readonly Manifest[], objective: Objective, width = 80) => {
  const lines = comparisonLines(
    compare(
      manifests.map((one) => withData(one)),
      objective,
    ),
    width,
  );
  return { lines, text: lines.map((line) => (typeof line === "string" ? line : line.map(textOf).join(""))).join("\n") };
};

describe("450 runs", () => {
  const { lines, text } = printed(sweep, byGap);

  test("are told in less than 40 lines of 80 columns", () => {
    expect(sweep).toHaveLength(450);
    // What the command says besides: an empty line before, and the places of the results after.
    expect(lines.length).toBeLessThan(40 - 5);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(80);
  });

  test("are answered: which optimizer, at which rate, how sensitive, and what to keep in mind", () => {
    // Of 1, 1.1, … 1.9 times 1e-5 the median is 1.45; of 1.1 times as much 1.595, of 1.4 times as much 2.03.
    expect(text).toMatch(/^sgd +! 0\.0001 +1\.5e-5 +\[1\.0e-5 – 1\.9e-5\] +≥ 0\.0$/m);
    expect(text).toMatch(/^lars +0\.001 +1\.6e-5 /m);
    expect(text).toMatch(/^adam +! 1 +2\.0e-5 /m);
    expect(text).toMatch(/^Best: sgd at learningRate=0\.0001, median final gap 1\.5e-5, of 9 configurations/m);
    expect(text).toMatch(/^Told apart by 10 seeds, better than proportional-infinity, adam\.$/m);
    expect(text).toMatch(/^No other learningRate that was tried is at most twice the best\.$/m);
    expect(text.replace(/\n {2}/g, " ")).toMatch(
      /^! The best of sgd has the smallest learningRate tried, 0\.0001, and a better one may lie beyond: the same command with --extend goes on with 3\.162e-5, 1e-5, 3\.162e-6 \(or with --sweep optimizer\.learningRate\+=list:3\.162e-5,1e-5,3\.162e-6\)\.$/m,
    );
    expect(text.replace(/\n {2}/g, " ")).toMatch(/^! 12 of 450 runs diverged and count as the worst\.$/m);
    expect(text).not.toMatch(/\d{5}(?!\d*\))/);
  });
});

test("problems are told one by one, and budgets, single seeds and what was chosen by the training loss with them", () => {
  const on = (conditionNumber: number, optimizer: string, learningRate: number, score: Score) =>
    runsWith(byGap, optimizer, { "problem.conditionNumber": conditionNumber, [rate]: learningRate }, [score]);
  const manifests = [
    ...[on(10, "lars", 0.1, 4), on(10, "lars", 0.2, 1), on(10, "sgd", 0.1, 2)],
    ...[on(99, "lars", 0.1, 8), on(99, "lars", 0.2, "failed"), on(99, "sgd", 0.1, "diverged")],
  ].flat();
  const { text } = printed(manifests, byGap);
  expect(text).toMatch(/^conditionNumber=99 +sgd +– +– +1\/1$/m);
  expect(text.replace(/\n {2}(?=\S)/g, " ")).toMatch(
    /^conditionNumber=10: lars with 1 at learningRate=0\.2; not told apart from the others by one seed\.$/m,
  );
  expect(text).toMatch(/^conditionNumber=99: lars with 8 at learningRate=0\.1\.$/m);
  expect(text).toMatch(/^! Budgets differ: configurations tried are lars 2, sgd 1\.$/m);
  expect(text).toMatch(/^! One seed each: another one may rank them otherwise\.$/m);
  expect(text).toMatch(/^! 1 run did not come to an end and count/m);

  const byTest: Objective = { ...byAccuracy, column: "test_accuracy" };
  const images = [0.1, 0.2].flatMap((value) => runsWith(byTest, "lars", { [rate]: value }, [0.5]));
  const chosen = comparisonLines(
    compare(
      images.map((one) => withData(one, { name: "mnist" })),
      byTest,
    ),
    200,
  );
  expect(chosen.flat().map(textOf)).toContain(
    "! Chosen by the test set, which flatters what was chosen (data.validation sets some apart to choose by).",
  );
});

test("of very many conditions the best optimizer of each is told, of some of them", () => {
  const manifests = Array.from({ length: 30 }, (_, problem) =>
    optimizers.flatMap((optimizer, i) => runsWith(byGap, optimizer, { "problem.seed": problem }, [problem + i + 1])),
  ).flat();
  const { lines, text } = printed(manifests, byGap);
  expect(lines.length).toBeLessThan(40 - 5);
  expect(text).toMatch(/^seed=19 +sgd +20$/m);
  expect(text.replace(/\n {2}/g, " ")).toMatch(/the best optimizer under each condition; 10 more are in the report/);
});

test("an accuracy has its unit once, and a standard error one digit where it is small", () => {
  const row = (objective: Objective, scores: readonly Score[]) => {
    const runs = runsWith(objective, "lars", { [rate]: 0.1 }, scores);
    return printed(runs, objective)
      .text.split("\n")
      .find((line) => line.startsWith("lars"));
  };
  // Mean 0.97; deviations ±0.01: standard error √(0.0002/2/3).
  expect(row(byAccuracy, [0.96, 0.97, 0.98])).toMatch(/^lars +97\.00 % +\[96\.00 – 98\.00 %\] +97\.00 ± 0\.58 %$/);
  // Deviations ±1e-4: standard error 5.8e-5.
  expect(row(byGap, [0.0019, 0.002, 0.0021])).toMatch(/^lars +0\.002 +\[0\.0019 – 0\.0021\] +0\.002 ± 6e-5$/);
});
