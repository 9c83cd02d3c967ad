import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";

const directory = mkdtempSync(join(tmpdir(), "sweep-option-"));
afterAll(() => rmSync(directory, { recursive: true }));

const config = join(directory, "config.yaml");
const base = "name: sweep\nproblem: {name: quadratic}\noptimizer: {name: lars, learningRate: 0.1}\nsteps: 3\n";

async function runsOf(sweeps: readonly string[], text = base) {
  writeFileSync(config, text);
  return expand(await loadExperiment(config, builtIn, [], sweeps));
}

const rates = async (sweeps: readonly string[], text?: string) =>
  (await runsOf(sweeps, text)).map(({ config }) => config.optimizer.learningRate);

test("generators and lists become axes of the grid", async () => {
  expect(await rates(["optimizer.learningRate=logspace:1e-4:1:5"])).toEqual([1e-4, 1e-3, 1e-2, 1e-1, 1]);
  expect(await rates(["optimizer.learningRate=linspace:0.1:0.3:3"])).toEqual([0.1, 0.2, 0.3]);
  expect(await rates(["optimizer.learningRate=range:1:4:1"])).toEqual([1, 2, 3]);
  expect((await rates(["optimizer.learningRate=list:3.16e-7,{schedule: constant, initial: 1}"], base))[0]).toBe(
    3.16e-7,
  );
  expect(await rates(["optimizer.learningRate=list:1,2", "steps=list:4,5"])).toEqual([1, 1, 2, 2]);
});

test("a config's own axis of the same path is replaced, others stay, in every block", async () => {
  const sweep = "sweep: [{grid: {optimizer.learningRate: [7, 8], steps: [1, 2]}}, {grid: {steps: [5]}}]\n";
  const runs = await runsOf(["optimizer.learningRate=list:1,2"], base + sweep);
  expect(runs.map(({ config }) => [config.optimizer.learningRate, config.steps])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
    [1, 5],
    [2, 5],
  ]);
});

test("seeds are an axis of their own", async () => {
  expect((await runsOf(["seeds=range:0:4:2"])).map(({ config, axes }) => [config.seed, axes])).toEqual([
    [0, {}],
    [2, {}],
  ]);
});

test("what cannot be read is named", async () => {
  const message = async (sweep: string, text?: string) => {
    try {
      await runsOf([sweep], text);
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };
  expect(await message("optimizer.learningRate")).toContain("--sweep optimizer.learningRate: expected path=list:a,b,c");
  expect(await message("optimizer.learningRate=logspace:1:2")).toContain("path=logspace:first:last:count");
  expect(await message("optimizer.learningRate=logspce:1:2:3")).toContain("expected path=list");
  expect(await message("optimizer.learningRate=list:fast")).toContain("optimizer.learningRate");
  expect(await message("steps=list:1,2", `${base}sweep: {zip: {steps: [1], optimizer.learningRate: [1]}}\n`)).toContain(
    "the config zips steps",
  );
});

test("ten thousand runs are ten thousand runs: nothing is capped, rounded or merged", async () => {
  const sweeps = [
    "optimizer.learningRate=logspace:1e-7:1:100",
    "problem.conditionNumber=linspace:1:2:10",
    "seeds=range:0:10:1",
  ];
  const started = performance.now();
  const runs = await runsOf(sweeps);
  process.stderr.write(`${runs.length} runs expanded in ${Math.round(performance.now() - started)} ms\n`);
  expect(new Set(runs.map(({ label }) => label)).size).toBe(10_000);
  const rates = new Set(runs.map(({ config }) => config.optimizer.learningRate as number));
  expect(rates.size).toBe(100);
  // 10^(−7 + 7/99)
  expect([...rates][1]).toBeCloseTo(1.1768119524349979e-7, 20);
});
