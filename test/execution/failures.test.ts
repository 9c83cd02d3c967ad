import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type * as executor from "../../src/execution/executor.js";
import type * as resources from "../../src/execution/resources.js";
import { Resources } from "../../src/execution/resources.js";
import type * as workerPool from "../../src/execution/worker-pool.js";
import { freshDirectory, root, runTool } from "../cli/tool.js";
import { executeOne, manifest, network, planFirst, startTool, until, writeConfig } from "./support.js";

const quadratic = {
  problem: { name: "quadratic", conditionNumber: 10 },
  optimizer: { name: "lars", learningRate: 0.1 },
};
const ids = (experiment: string) => readdirSync(join(experiment, "runs")).sort();

test("a worker that runs out of memory fails its run only, with the reason", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { ...quadratic, name: "memory", steps: 200, seeds: [0] });
  // 1500 layers of one unit are some 60 MB of TensorFlow.js objects.
  const problem = { ...network.problem, hidden: Array(1500).fill(1) };
  const large = writeConfig(directory, {
    ...network,
    name: "large",
    problem,
    optimizer: quadratic.optimizer,
    steps: 5,
  });
  const resources = new Resources(() => {});
  const plan = (path: string) => planFirst(path, resources);
  const [small, tooLarge] = [await plan(config), await plan(large)];

  // Workers are threads of the built product.
  const built = join(root, "dist/execution/worker-pool.js");
  const { WorkerPool } = (await import(built)) as typeof workerPool;
  const pool = new WorkerPool({ jobs: 2, resources, heapMegabytes: 32 });
  try {
    const results = await Promise.allSettled([tooLarge, small].map((run) => executeOne(pool, run, directory)));
    expect(results[0]).toMatchObject({ status: "rejected", reason: { message: "its worker ran out of memory" } });
    expect(results[1]).toMatchObject({ status: "fulfilled", value: { status: "completed" } });
    expect((await executeOne(pool, { ...small, run: small.run }, directory, { force: true })).status).toBe("completed");
  } finally {
    await pool.close();
  }
});

test("a bug fails its run only, with its stack, and the next run has a fresh worker", async () => {
  const directory = freshDirectory();
  const path = writeConfig(directory, { ...quadratic, name: "bug", steps: 20, seeds: [0] });
  const planned = await planFirst(path, new Resources(() => {}));
  const { run: healthy } = planned;
  const broken = { ...planned, run: { ...healthy, config: { ...healthy.config, problem: { name: "no such" } } } };
  const built = async <T>(name: string) => (await import(join(root, `dist/execution/${name}.js`))) as T;
  const { WorkerPool } = await built<typeof workerPool>("worker-pool");
  const { inProcess } = await built<typeof executor>("executor");
  const { Resources: BuiltResources } = await built<typeof resources>("resources");
  const workers = async () => new WorkerPool({ jobs: 1, resources: new BuiltResources(() => {}) });
  for (const one of [await workers(), inProcess(new BuiltResources(() => {}), workers)]) {
    try {
      const failure = await executeOne(one, broken, directory).catch((error: Error) => error);
      expect(failure).toMatchObject({
        message: expect.stringMatching(/undefined/),
        stack: expect.stringMatching(/plan/),
      });
      expect((await executeOne(one, planned, directory, { force: true })).status).toBe("completed");
    } finally {
      await one.close();
    }
  }
});

test.concurrent.each(["1", "2"])(
  "a bug ends one run of a sweep, is recorded with its stack, and exits with 1: --jobs %s",
  async (jobs) => {
    const directory = freshDirectory();
    const config = writeConfig(directory, { ...quadratic, name: "one", steps: 20, seeds: [0, 1, 2, 3] });
    const fault = fileURLToPath(new URL("one-bug.mjs", import.meta.url));
    const { code, stderr, stdout } = await runTool([config, "-o", directory, "--jobs", jobs], {
      env: { NODE_OPTIONS: `--import ${fault}`, ONE_BUG_FILE: join(directory, "done") },
    });
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(/lars seed=\d: failed by a bug: a mistake of the tool/);
    expect(stderr).toMatch(/This is a bug in run-experiment .*\nTypeError: a mistake of the tool\n +at .*trainInto/s);
    expect(stdout.match(/completed/g)).toHaveLength(3);
    const manifests = ids(join(directory, "one")).map((id) => manifest(join(directory, "one"), id));
    const [failed, ...others] = manifests.filter(({ status }) => status !== "completed");
    expect(others).toEqual([]);
    expect(failed).toMatchObject({
      status: "failed",
      stopReason: "a mistake of the tool",
      stack: expect.stringMatching(/TypeError: a mistake of the tool\n.*trainInto/s),
    });
  },
);

test("planning says how far it is and ends at a signal", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, {
    ...quadratic,
    name: "planned",
    steps: 1e12,
    seeds: { range: [0, 200_000, 1] },
  });
  const { child, ended, stderr } = startTool([config, "-o", directory]);
  await until("a line", () => /planning: \d+ of 200000 runs/.test(stderr()));
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(stderr()).toMatch(/error: interrupted while planning; no run was begun\n$/);
  expect(existsSync(join(directory, "planned"))).toBe(false);
});

test("wasm that runs out of memory fails its run only, in one process and in workers", async () => {
  const directory = freshDirectory();
  // Few weights, but activations of 3000·400000·4 bytes, more than the 4 GiB that wasm can address.
  const sweep = {
    ...network,
    data: { ...network.data, train: 3000 },
    batchSize: 3000,
    evaluate: "end",
    backend: "wasm",
    steps: 3,
    optimizer: quadratic.optimizer,
    sweep: { grid: { "problem.hidden": [[4], [1, 400_000], [5], [1, 400_001], [6]] } },
  };
  const runs = ["1", "2"].map((jobs) =>
    runTool([writeConfig(directory, { ...sweep, name: `jobs-${jobs}` }), "-o", directory, "--jobs", jobs]),
  );
  for (const { code, stderr, stdout } of await Promise.all(runs)) {
    expect(code, stderr).toBe(3);
    for (const hidden of ["[1,400000]", "[1,400001]"]) {
      expect(stderr).toContain(`hidden=${hidden} seed=0: failed: out of memory of wasm: 4578 MiB more do not fit`);
    }
    expect(stdout.match(/completed/g)).toHaveLength(3);
  }
});

test("the time limit is enforced from outside, keeps the trace and says so", async () => {
  const directory = freshDirectory();
  const config = {
    ...quadratic,
    name: "limited",
    steps: 100_000_000,
    trace: { every: 1000 },
    stop: { wallSeconds: 1 },
    sweep: { grid: { steps: [100, 100_000_000] } },
  };
  const { code, stderr } = await runTool([writeConfig(directory, config), "-o", directory]);
  expect(code).toBe(3);
  expect(stderr).toContain("time limit of 1 s");
  const experiment = join(directory, "limited");
  const manifests = ids(experiment).map((id) => manifest(experiment, id));
  expect(manifests.map(({ status }) => status).sort()).toEqual(["completed", "failed"]);
  const failed = manifests.find(({ status }) => status === "failed")!;
  expect(failed.stopReason).toBe("time limit of 1 s");
  const trace = readFileSync(join(experiment, "runs", String(failed.id), "trace.csv"), "utf8");
  expect(trace.split("\n").length).toBeGreaterThan(2);

  // With more time it goes on where it was stopped.
  const resumed = startTool([...[writeConfig(directory, config), "-o", directory], "--set", "stop.wallSeconds=50"]);
  await until("the run to go on", () => resumed.stderr().includes("going on from step"));
  resumed.child.kill("SIGTERM");
  expect(await resumed.ended).toBe(130);
});

test("a time limit longer than Node's longest timer does not end a run at once", async () => {
  const directory = freshDirectory();
  const stop = { wallSeconds: 2_147_484 };
  const config = writeConfig(directory, { ...quadratic, name: "patient", steps: 20, stop });
  expect((await runTool([config, "-o", directory, "-q"])).code).toBe(0);
});

test("a run directory that is deleted in the middle fails that run, and the other is made", async () => {
  const directory = freshDirectory();
  const config = { ...quadratic, name: "deleted", steps: 150_000, seeds: [0, 1], trace: { every: 1000 } };
  const { ended, stderr } = startTool([writeConfig(directory, config), "-o", directory, "--jobs", "1"]);
  const experiment = join(directory, "deleted");
  await until("the first run", () => existsSync(join(experiment, "runs")) && ids(experiment).length > 0);
  const [id] = ids(experiment);
  // The second of the two files that are opened.
  await until("its traces", () => existsSync(join(experiment, "runs", id!, "layers.csv")));
  rmSync(join(experiment, "runs", id!), { recursive: true });
  expect(await ended).toBe(3);
  expect(stderr()).toMatch(/seed=0: failed: .*(trace|layers|timing)\.csv: it was deleted while the run was being made/);
  expect(ids(experiment)).toHaveLength(1);
  expect(manifest(experiment, ids(experiment)[0]!)).toMatchObject({ status: "completed", seed: 1 });
});

test("a results directory that cannot be written is one clear line", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { ...quadratic, name: "blocked", steps: 5 });
  writeFileSync(join(directory, "blocked"), "in the way");
  const { code, stderr } = await runTool([config, "-o", directory]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: cannot create .*blocked: E(EXIST|NOTDIR).*\n$/);
});

function mountSmall(path: string): boolean {
  mkdirSync(path);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=400k", "tmpfs", path], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test("a full disk is a clear error, and what fits is made", async ({ skip }) => {
  const directory = freshDirectory();
  const disk = join(directory, "disk");
  if (!mountSmall(disk)) {
    process.stderr.write("skipped: mounting a small tmpfs is not permitted here\n");
    skip();
  }
  try {
    const config = { ...quadratic, name: "full", sweep: { grid: { steps: [20_000, 20] } } };
    const { code, stderr } = await runTool([writeConfig(directory, config), "-o", disk, "--jobs", "1", "--quiet"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/steps=20000 seed=0: cannot write .*: ENOSPC: no space left on device/);
    expect(stderr).not.toContain("This is a bug");
    const statuses = ids(join(disk, "full")).map((id) => existsSync(join(disk, "full", "runs", id, "run.json")));
    expect(statuses.length).toBeGreaterThan(0);
  } finally {
    execFileSync("umount", [disk]);
  }
});
