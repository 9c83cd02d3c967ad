import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { network, traces, writeConfig } from "./support.js";

const backends = ["wasm", "cpu"] as const;
const config = {
  ...network,
  backend: undefined,
  optimizer: { name: "lars", learningRate: 0.05, momentum: 0.9 },
  steps: 12,
  evaluate: 5,
};

/** The bytes of the CSVs by the backend in their run's id. */
async function run(directory: string, name: string, change: Record<string, unknown>, jobs: string) {
  const { code, stderr } = await runTool([
    writeConfig(directory, { ...config, name, ...change }),
    "-o",
    directory,
    "--jobs",
    jobs,
  ]);
  expect(code, stderr).toBe(0);
  const files = Object.entries(traces(join(directory, name)));
  return (backend: string) => files.filter(([path]) => path.includes(backend)).map(([, text]) => text);
}

test("each run of a sweep over backends equals the run made alone, in one process and in two workers", async () => {
  const directory = freshDirectory();
  const sweep = { sweep: { grid: { backend: backends } } };
  const alone = await Promise.all(backends.map((backend) => run(directory, `alone-${backend}`, { backend }, "1")));
  const together = await Promise.all(["1", "2"].map((jobs) => run(directory, `jobs-${jobs}`, sweep, jobs)));
  for (const [i, backend] of backends.entries()) {
    const expected = alone[i]!("");
    // trace.csv, layers.csv and weights.npz
    expect(expected).toHaveLength(3);
    for (const files of together) expect(files(`backend=${backend}`)).toEqual(expected);
  }
  // The two backends add up in different orders: were both computed on one, this would be equal.
  expect(alone[0]!("")).not.toEqual(alone[1]!(""));
});
