import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { countRuns, runsOf } from "../../src/config/expand.js";
import { Fingerprints } from "../../src/config/fingerprints.js";
import { loadExperiment } from "../../src/config/load.js";
import { freshDirectory, measuringMemory, runTool } from "../cli/tool.js";

const base = {
  name: "matrix",
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 3,
};

async function experimentOf(change: object) {
  const path = join(freshDirectory(), "config.json");
  writeFileSync(path, JSON.stringify({ ...base, ...change }));
  return loadExperiment(path, builtIn);
}

test("what was added is known again, and what was not is new", () => {
  const property = fc.property(fc.array(fc.string()), (texts) => {
    const known = new Fingerprints();
    const seen = new Set<string>();
    for (const text of texts) {
      expect(known.add(text)).toBe(seen.has(text));
      seen.add(text);
    }
  });
  fc.assert(property, { seed: 1 });
  const many = new Fingerprints();
  const labels = Array.from({ length: 200_000 }, (_, i) => `lars learningRate=${i / 1e6} seed=${i % 7}`);
  expect(labels.filter((label) => many.add(label))).toEqual([]);
  expect(labels.every((label) => many.add(label))).toBe(true);
});

test("the runs are every combination, each optimizer and each seed, and as many as were counted", async () => {
  const experiment = await experimentOf({
    sweep: [
      { grid: { steps: [1, 2] }, zip: { "problem.start": { linspace: [1, 2, 2] }, "problem.curvature": [3, 4] } },
      { grid: { "optimizer.learningRate": { logspace: [0.1, 1, 2] } } },
    ],
    seeds: [0, 5],
  });
  const labels = [...runsOf(experiment)].map(({ label }) => label);
  // 2 · 2 zipped rows and 2 learning rates, two seeds each.
  expect(labels).toHaveLength(countRuns(experiment));
  expect(labels).toEqual(
    [
      "steps=1 start=1 curvature=3",
      "steps=1 start=2 curvature=4",
      "steps=2 start=1 curvature=3",
      "steps=2 start=2 curvature=4",
      "learningRate=0.1",
      "learningRate=1",
    ].flatMap((axes) => [`lars ${axes} seed=0`, `lars ${axes} seed=5`]),
  );
});

test("a run that occurs in two blocks of a sweep is told", async () => {
  const blocks = [{ grid: { steps: [1, 2] } }, { grid: { steps: [3, 2] } }];
  const experiment = await experimentOf({ sweep: blocks });
  expect(() => [...runsOf(experiment)]).toThrow(/the run "lars steps=2 seed=0" occurs twice/);
});

test("a dry run keeps none of the runs it prints", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config.json"), JSON.stringify({ ...base, seeds: { range: [0, 100_000, 1] } }));
  const peak = join(directory, "peak memory");
  const { code, stdout } = await runTool(["config.json", "--dry-run", "--json"], {
    cwd: directory,
    env: measuringMemory(peak),
  });
  expect(code).toBe(0);
  const [printed] = JSON.parse(stdout) as [{ name: string; runs: { config: { seed: number } }[] }];
  expect(printed.name).toBe("matrix");
  expect(printed.runs.map(({ config }) => config.seed)).toEqual(Array.from({ length: 100_000 }, (_, i) => i));
  expect(Number(readFileSync(peak, "utf8"))).toBeLessThan(250_000);
});
