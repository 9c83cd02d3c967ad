import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { manifest, network, signalAt, startTool, traces, writeConfig } from "./support.js";

const rates = [0.01, 0.02, 0.03, 0.05];

/** A sweep of four learning rates and two seeds on the small network. */
const sweep = {
  ...network,
  backend: "wasm",
  steps: 24,
  optimizer: { name: "lars", learningRate: 0.01, momentum: 0.5 },
  sweep: { grid: { "optimizer.learningRate": rates } },
  seeds: [0, 1],
  evaluate: { every: 8, trainingExamples: 50 },
  checkpoint: { everySteps: 6 },
};

const runsOf = (directory: string): string[] =>
  JSON.parse(readFileSync(join(directory, "experiment.json"), "utf8")).runs.map(({ id }: { id: string }) => id);

const train = (config: string, out: string, ...options: string[]) =>
  runTool(["run", config, "--out", out, "--quiet", "--jobs", "1", ...options]);

/** The numbers of two executions of the same runs, which differ by no more than rounding. */
function expectAlike(found: Record<string, string>, wanted: Record<string, string>): void {
  const isCsv = (name: string) => name.endsWith(".csv");
  expect(Object.keys(found)).toEqual(Object.keys(wanted));
  for (const name of Object.keys(wanted).filter(isCsv)) {
    const [some, others] = [found[name]!, wanted[name]!].map((text) => text.split("\n").map((line) => line.split(",")));
    expect(some!.length, name).toBe(others!.length);
    others!.forEach((cells, i) => {
      cells.forEach((cell, j) => {
        const value = some![i]![j]!;
        if (cell === "" || !Number.isFinite(Number(cell))) expect(value, name).toBe(cell);
        else {
          const error = Math.abs(Number(value) - Number(cell));
          expect(error, `${name}, line ${i + 1}: ${value}, not ${cell}`).toBeLessThan(
            1e-3 * Math.abs(Number(cell)) + 1e-6,
          );
        }
      });
    });
  }
}

test("runs that train together write what each writes alone, and say so", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { name: "sweep", ...sweep });
  const [alone, together] = [join(directory, "alone"), join(directory, "together")];
  expect(await train(config, alone, "--batch-runs", "off")).toMatchObject({ code: 0, stderr: "" });
  expect(await train(config, together, "--batch-runs", "8")).toMatchObject({ code: 0, stderr: "" });
  const [found, wanted] = [traces(join(together, "sweep")), traces(join(alone, "sweep"))];
  expectAlike(found, wanted);
  const ids = runsOf(join(together, "sweep"));
  expect(ids).toHaveLength(8);
  for (const id of ids) {
    expect(manifest(join(together, "sweep"), id)).toMatchObject({ status: "completed", trainedTogether: 8 });
    expect(manifest(join(alone, "sweep"), id)).not.toHaveProperty("trainedTogether");
  }
  // By default nothing is trained together where the bytes of each run alone are promised.
  expect(await train(config, join(directory, "default"))).toMatchObject({ code: 0 });
  expect(traces(join(directory, "default", "sweep"))).toEqual(wanted);
  // What is there is kept, and the rest trains together in workers too.
  const [first, ...rest] = ids as [string, ...string[]];
  const before = readFileSync(join(together, "sweep", "runs", first, "run.json"), "utf8");
  for (const id of rest) rmSync(join(together, "sweep", "runs", id), { recursive: true });
  const again = await runTool(["run", config, "--out", together, "--quiet", "--jobs", "2", "--batch-runs", "8"]);
  expect(again).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(together, "sweep", "runs", first, "run.json"), "utf8")).toBe(before);
  // With how many others a run is trained makes no difference.
  expect(traces(join(together, "sweep"))).toEqual(found);
  expect(rest.map((id) => manifest(join(together, "sweep"), id).trainedTogether).sort()).toEqual([3, 3, 3, 4, 4, 4, 4]);
});

test("a run that diverges leaves the others to themselves", async () => {
  const directory = freshDirectory();
  const optimizer = { name: "sgd", learningRate: 0.1 };
  const values = [0.1, 1e30, 0.2];
  const config = writeConfig(directory, {
    ...{ name: "diverging", ...sweep, optimizer, seeds: [0] },
    sweep: { grid: { "optimizer.learningRate": values } },
  });
  const [alone, together] = [join(directory, "alone"), join(directory, "together")];
  await train(config, alone, "--batch-runs", "off");
  expect(await train(config, together, "--batch-runs", "3")).toMatchObject({ code: 0 });
  const states = (out: string) =>
    runsOf(join(out, "diverging")).map((id) => {
      const { status, outcome } = manifest(join(out, "diverging"), id);
      return [status, (outcome as { steps: number }).steps];
    });
  expect(states(together)).toEqual(states(alone));
  expect(states(together).map(([status]) => status)).toEqual(["completed", "diverged", "completed"]);
});

test("runs that are cut off together go on together", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { name: "cut", ...sweep });
  const [alone, together] = [join(directory, "alone"), join(directory, "together")];
  expect(await train(config, alone, "--batch-runs", "off")).toMatchObject({ code: 0 });
  const options = ["run", config, "--out", together, "--quiet", "--jobs", "1", "--batch-runs", "8"];
  for (const [signal, code] of [
    ["SIGKILL", "SIGKILL"],
    ["SIGINT", 130],
  ] as const) {
    // In the middle of the second round of checkpoints: some runs have it, others the one before.
    const { ended } = startTool(options, signalAt({ call: "renameSync", path: "checkpoint", count: 12, signal }));
    expect(await ended).toBe(code);
  }
  expect(await runTool(options)).toMatchObject({ code: 0, stderr: "" });
  expectAlike(traces(join(together, "cut")), traces(join(alone, "cut")));
  const resumed = runsOf(join(together, "cut")).map((id) => manifest(join(together, "cut"), id).resumed);
  expect(resumed.filter(Boolean).length).toBeGreaterThan(0);
});

test("what cannot train together is told, and trains one by one", async () => {
  const directory = freshDirectory();
  const problem = { name: "cnn", layers: [{ layer: "conv", filters: 2 }] };
  const convolutional = writeConfig(directory, { name: "conv", ...sweep, steps: 2, seeds: [0], problem });
  const [host, slow] = [
    { problem: { name: "quadratic" }, backend: "float64", batchSize: "full", data: undefined },
    { stop: { wallSeconds: 100 } },
  ].map((own, i) => writeConfig(directory, { ...sweep, name: `other-${i}`, steps: 2, seeds: [0], ...own }));
  const lineOf = async (config: string, ...options: string[]) => {
    const out = join(directory, "out");
    const { code, stderr } = await runTool(["run", config, "--out", out, "--jobs", "1", ...options]);
    expect(code).toBe(0);
    return stderr.split("\n").filter((line) => line.includes("--batch-runs"));
  };
  expect(await lineOf(convolutional, "--batch-runs", "4")).toEqual([
    expect.stringMatching(
      /^--batch-runs 4: runs are trained one by one: their network has layers other than fully connected ones/,
    ),
  ]);
  expect(await lineOf(host!, "--batch-runs", "4")).toEqual([expect.stringContaining("on the host, in float64")]);
  expect(await lineOf(slow!, "--batch-runs", "4")).toEqual([expect.stringContaining("stop.wallSeconds")]);
  expect(await lineOf(convolutional)).toEqual([]);
  const wrong = await runTool(["run", convolutional, "--batch-runs", "1"]);
  expect(wrong).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("--batch-runs: expected auto, off, or how many"),
  });
});
