import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import { executeExperiment } from "../../src/execution/experiment.js";
import { Resources } from "../../src/execution/resources.js";
import { plannedRegistry } from "../../src/registry/plugins.js";
import { freshDirectory } from "../cli/tool.js";
import { silent } from "../report/support.js";
import { manifest, planFirst, startTool, until, writeConfig } from "./support.js";

const lars = { name: "lars", learningRate: 0.1 };

/** Knows no problem: fails a test that makes one. */
class NoProblems extends Resources {
  override problem(): never {
    throw new Error("a problem was made");
  }
}

const planned = (config: Record<string, unknown>, resources: Resources) => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config.json"), JSON.stringify({ name: "planned", ...config }));
  return planFirst(join(directory, "config.json"), resources);
};

describe("planning", () => {
  test.each([
    lars,
    { ...lars, learningRate: { schedule: "polynomial", initial: 0.1 } },
    { ...lars, learningRate: { schedule: "cosine", initial: 0.1, warmupSteps: 10 } },
  ])("goes through no steps: 10¹² of them with %j", async (optimizer) => {
    const config = { problem: { name: "scalar" }, optimizer, steps: 1e12 };
    expect(await planned(config, new Resources(() => {}))).toMatchObject({ steps: 1e12, precision: "float64" });
  });

  test.each([
    [
      "least squares",
      { name: "least-squares", data: { source: "generated", examples: 20_000, weights: { dimension: 100, norm: 1 } } },
    ],
    ["a quadratic", { name: "quadratic", dimension: 800 }],
  ])("makes no large problem: %s", async (_, problem) => {
    const config = { problem, optimizer: lars, steps: 5 };
    expect(await planned(config, new NoProblems(() => {}))).toMatchObject({ steps: 5, precision: "float64" });
    // The same problem, small, is made: what only it can tell is told before the first run.
    const small = { problem: { name: "quadratic", dimension: 3 }, optimizer: lars, steps: 5 };
    await expect(planned(small, new NoProblems(() => {}))).rejects.toThrow("a problem was made");
  });

  test("a run of 10¹² steps that a signal ended is made as far as it came", async () => {
    const directory = freshDirectory();
    const config = {
      name: "endless",
      problem: { name: "scalar" },
      optimizer: lars,
      steps: 1e12,
      trace: { every: 1e6 },
    };
    const { child, ended, stderr } = startTool([writeConfig(directory, config), "-o", directory, "-q"]);
    const runs = join(directory, "endless", "runs");
    await until("the run to start", () => existsSync(runs) && readdirSync(runs).length > 0);
    child.kill("SIGTERM");
    expect(await ended, stderr()).toBe(130);
    expect(manifest(join(directory, "endless"), readdirSync(runs)[0]!)).toMatchObject({ status: "interrupted" });
  });

  test("lets a signal through, and then has written nothing", async () => {
    const directory = freshDirectory();
    const path = writeConfig(directory, {
      name: "many",
      problem: { name: "scalar" },
      optimizer: lars,
      steps: 5,
      seeds: { range: [0, 20_000, 1] },
    });
    const experiment = await loadExperiment(path, builtIn);
    const controller = new AbortController();
    // Set off by a timer: it fires only if planning lets it.
    setTimeout(() => controller.abort(), 1);
    const execution = { out: directory, force: false, jobs: 1, signal: controller.signal };
    await expect(executeExperiment(experiment, expand(experiment), execution, silent)).rejects.toMatchObject({
      message: "interrupted while planning; no run was begun",
      reason: "interrupted",
    });
    expect(readdirSync(directory)).toEqual(["many.json"]);
  });
});

test("a plugin that is not what it was when the run was planned is not loaded", async () => {
  const path = join(freshDirectory(), "own.mjs");
  writeFileSync(path, 'throw new Error("it was loaded");');
  const reference = { name: "./own.mjs", path, sha256: "0".repeat(64) };
  await expect(plannedRegistry(builtIn, [reference])).rejects.toThrow(
    `plugin ./own.mjs: ${path} is not what it was when the run was planned; start the command again`,
  );
});
