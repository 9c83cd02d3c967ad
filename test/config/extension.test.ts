import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeJson } from "../../src/base/files.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { allowsValue } from "../../src/config/allowed-values.js";
import { expand } from "../../src/config/expand.js";
import { extendExperiment } from "../../src/config/extension.js";
import { loadExperiment } from "../../src/config/load.js";
import { withRecordedExtension } from "../../src/execution/recorded-extension.js";
import { freshDirectory } from "../cli/tool.js";

const directory = freshDirectory();
const rate = "optimizer.learningRate";
const config = join(directory, "config.yaml");
const base = "name: sweep\nproblem: {name: quadratic}\noptimizer: {name: lars, learningRate: 0.1}\nsteps: 3\n";
const logspace = `sweep: {grid: {${rate}: {logspace: [0.01, 0.1, 3]}}}\n`;

async function load(sweeps: readonly string[] = [], text = base + logspace) {
  writeFileSync(config, text);
  return loadExperiment(config, builtIn, [], sweeps);
}
const rates = (experiment: Awaited<ReturnType<typeof load>>) =>
  expand(experiment).map((run) => run.config.optimizer.learningRate);
const given = [0.01, 10 ** -1.5, 0.1];

describe("an extended sweep", () => {
  test("keeps the values it had, to the last digit, and goes on", async () => {
    expect(rates(await load([`${rate}+=list:0.3162,1`]))).toEqual([...given, 0.3162, 1]);
    expect(rates(await load([`${rate}+=logspace:1:100:3`, `${rate}+=list:0.001`]))).toEqual([
      ...given,
      1,
      10,
      100,
      0.001,
    ]);
    // A value that is there already is no other run.
    expect(rates(await load([`${rate}+=list:0.1,1`]))).toEqual([...given, 1]);
    const blocks = `sweep: [{grid: {${rate}: [1, 2], steps: [4, 5]}}, {grid: {steps: [7]}}]\n`;
    expect(rates(await load([`${rate}+=list:3`], base + blocks))).toEqual([1, 1, 2, 2, 3, 3, 0.1]);
  });

  test("is one of an axis that is there, and advances with no other", async () => {
    await expect(load(["optimizer.momentum+=list:0.9"])).rejects.toThrow(
      /--sweep optimizer\.momentum\+=list:0\.9: optimizer\.momentum is no axis of the sweep, whose axes are: optimizer\.learningRate; give its values with = in place of \+=/,
    );
    await expect(load([`${rate}+=list:1`], `${base}sweep: {zip: {${rate}: [1, 2], steps: [3, 4]}}\n`)).rejects.toThrow(
      /the config zips optimizer\.learningRate with other paths; extend them together there/,
    );
    await expect(load([`${rate}+=1,2`])).rejects.toThrow(/expected path=list:/);
    await expect(load(["optimizer.__proto__+=list:1"])).rejects.toThrow(/unknown key "__proto__"/);
  });

  test("is what a later run of the same sweep goes on from, and a changed one does not", async () => {
    const extended = extendExperiment(extendExperiment(await load(), [{ path: rate, values: [1] }]), [
      { path: rate, values: [10] },
    ]);
    const recorded = join(directory, "sweep", "experiment.json");
    writeJson(recorded, { config: extended.raw, extended: extended.extended, runs: [] });
    const again = withRecordedExtension(await load(), directory);
    expect(rates(again)).toEqual([...given, 1, 10]);
    expect(again.extended).toEqual(extended.extended);
    expect(again.notes).toEqual(["optimizer.learningRate: with 1, 10 too, by which the sweep was extended before"]);
    expect(rates(withRecordedExtension(await load([`${rate}+=list:10,100`]), directory))).toEqual([
      ...given,
      ...[10, 100, 1],
    ]);
    expect(rates(withRecordedExtension(await load([`${rate}=list:5`]), directory))).toEqual([5]);
    expect(rates(withRecordedExtension(await load(), join(directory, "elsewhere")))).toEqual(given);
  });
});

test("an axis may go on to values that the options of the rule take", async () => {
  const [run] = expand(await load());
  const allows = (path: string, value: unknown) => allowsValue(builtIn, run!.config, path, value);
  expect([0, 0.9, 1, -0.1].map((value) => allows("optimizer.momentum", value))).toEqual([true, true, false, false]);
  expect([0.5, -1].map((value) => allows("optimizers[0].learningRate", value))).toEqual([true, false]);
  expect([3, 3.5, 0].map((value) => allows("steps", value))).toEqual([true, false, false]);
});
