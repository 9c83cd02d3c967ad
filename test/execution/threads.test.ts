import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { productThreads, threadsVariable } from "../../src/compute/product-helpers.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { writeConfig } from "./support.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Its products are of 400 million multiplications. */
const config = {
  name: "wide",
  problem: { name: "mlp", hidden: [1024] },
  data: { name: "synthetic-digits", train: 1024, test: 64 },
  optimizer: { name: "lars", learningRate: 0.01 },
  save: "weights",
  sweep: { grid: { "optimizer.learningRate": [0.01, 0.02] } },
  backend: "wasm",
  batchSize: 512,
  steps: 6,
  evaluate: { every: "end", trainingExamples: 64 },
};

/** Hashes of all that the runs have written but times and the machine, by name. */
function filesOf(directory: string): Record<string, string> {
  const runs = join(directory, "wide", "runs");
  const names = readdirSync(runs).flatMap((run) => readdirSync(join(runs, run)).map((file) => join(run, file)));
  const compared = names.filter((name) => !/(run\.json|timing\.csv)$/.test(name)).sort();
  const hashOf = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(runs, name)))
      .digest("hex");
  return Object.fromEntries(compared.map((name) => [name, hashOf(name)]));
}

it("a run is the same to the byte however many threads it has, in this process and in workers", async () => {
  const made: Record<string, string>[] = [];
  for (const [threads, jobs] of [
    ["1", "1"],
    ["3", "1"],
    ["4", "2"],
  ] as const) {
    const directory = freshDirectory();
    const args = [writeConfig(directory, config), "-o", directory, "--jobs", jobs, "--quiet"];
    const { code, stderr } = await runTool(args, { env: { [threadsVariable]: threads } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    made.push(filesOf(directory));
  }
  const [alone, inThreads, inWorkers] = made;
  expect(Object.keys(alone!)).toHaveLength(2 * 3);
  expect(inThreads).toEqual(alone);
  expect(inWorkers).toEqual(alone);
});

it("there are as many threads as the variable says, shared by the jobs", () => {
  vi.stubEnv(threadsVariable, "7");
  expect([undefined, 2, 7, 8].map(productThreads)).toEqual([7, 3, 1, 1]);
  vi.stubEnv(threadsVariable, "");
  expect(productThreads()).toBeGreaterThanOrEqual(1);
});

it.each(["0", "-2", "1.5", "all"])("%s threads are refused", (threads) => {
  vi.stubEnv(threadsVariable, threads);
  expect(productThreads).toThrow(
    `RUN_EXPERIMENT_WASM_THREADS is "${threads}"; expected a whole number of threads, 1 or more`,
  );
});

it("a run with such a number of threads is refused in one line", async () => {
  const directory = freshDirectory();
  const { code, stderr } = await runTool([writeConfig(directory, config), "-o", directory, "--quiet"], {
    env: { [threadsVariable]: "all" },
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: .*RUN_EXPERIMENT_WASM_THREADS is "all"; expected a whole number.*\n$/);
});
