import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../../src/results/checkpoint.js";
import { freshDirectory, root, runTool } from "../cli/tool.js";
import { manifest, network, signalAt, startTool, traces, until, writeConfig } from "./support.js";

const tool = join(root, "bin/run-experiment.js");
const convex = {
  problem: { name: "quadratic", conditionNumber: 10 },
  optimizer: { name: "lars", learningRate: 0.1, momentum: 0.5 },
  steps: 30,
};
const long = { ...convex, steps: 10_000, trace: { every: 500 }, checkpoint: { everySteps: 1000 } };
const atSecondCheckpoint = { call: "renameSync", path: "checkpoint.previous", count: 1 } as const;

const only = (experiment: string) => readdirSync(join(experiment, "runs"))[0]!;
const hasCheckpoint = (experiment: string) =>
  existsSync(join(experiment, "runs")) &&
  readdirSync(join(experiment, "runs")).some((id) => existsSync(join(experiment, "runs", id, "checkpoint")));

const strace = spawnSync("strace", ["-V"]).status === 0;
if (!strace) process.stderr.write("skipped: order of writes to the disk: strace is not installed (Debian: strace)\n");

test.skipIf(!strace)(
  "traces are on the disk before the manifest says so, and the manifest before checkpoints go",
  () => {
    const directory = freshDirectory();
    const config = writeConfig(directory, { ...convex, name: "order", checkpoint: { everySteps: 10 } });
    const log = join(directory, "calls");
    const calls = "openat,fsync,rename,renameat,renameat2,unlink,unlinkat,close";
    execFileSync("strace", [
      "-f",
      "-y",
      "-o",
      log,
      "-e",
      `trace=${calls}`,
      process.execPath,
      tool,
      config,
      "-o",
      directory,
      "-q",
      "-j",
      "1",
    ]);
    const lines = readFileSync(log, "utf8").split("\n");
    const last = (pattern: RegExp) => lines.findLastIndex((line) => pattern.test(line));
    const order = [
      last(/fsync\(\d+<.*trace\.csv>/),
      last(/fsync\(\d+<.*layers\.csv>/),
      last(/fsync\(\d+<.*run\.json\.[^/]*\.tmp>/),
      last(/rename.*run\.json\.[^/]*\.tmp".*run\.json"/),
      last(/fsync\(\d+<.*\/runs\/[^/]*>/),
      last(/unlink.*\/checkpoint"/),
    ];
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  },
);

test("a finished run whose trace was cut or deleted is made again, and verify tells it", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { ...convex, name: "cut" });
  const args = [config, "-o", directory];
  expect((await runTool(args)).code).toBe(0);
  const experiment = join(directory, "cut");
  const before = traces(experiment);
  const trace = join(experiment, "runs", only(experiment), "trace.csv");
  const whole = readFileSync(trace, "utf8");

  writeFileSync(trace, whole.replace("0.1", "0.2"));
  const changed = await runTool(["verify", experiment]);
  expect([changed.code, changed.stdout]).toEqual([
    4,
    expect.stringMatching(/lars seed=0: trace\.csv has been changed/),
  ]);

  writeFileSync(trace, whole.slice(0, -20));
  expect((await runTool(["verify", experiment])).stdout).toMatch(/trace\.csv has \d+ bytes in place of \d+/);
  const again = await runTool(args);
  expect(again.code).toBe(0);
  expect(again.stderr).toMatch(
    /trace\.csv has \d+ bytes in place of \d+: it is made again, and what is left of it set aside/,
  );
  expect(readFileSync(trace, "utf8")).toBe(whole);

  rmSync(join(trace, "..", "layers.csv"));
  expect((await runTool(args)).stderr).toContain("layers.csv is missing: it is made again");
  expect(traces(experiment)).toMatchObject(before);
});

test("a row changed by hand in the middle of a run that was cut off is noticed", async () => {
  const [directory, other] = [freshDirectory(), freshDirectory()];
  const reference = runTool([writeConfig(other, { ...long, name: "edited" }), "-o", other, "-q"]);
  const args = [writeConfig(directory, { ...long, name: "edited" }), "-o", directory];
  const experiment = join(directory, "edited");
  expect(await startTool(args, signalAt({ ...atSecondCheckpoint, signal: "SIGKILL" })).ended).toBe("SIGKILL");
  const trace = join(experiment, "runs", only(experiment), "trace.csv");
  writeFileSync(trace, readFileSync(trace, "utf8").replace(/^0,0,0\.1,/m, "0,0,0.3,"));
  const { code, stderr } = await runTool(args);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("trace.csv has been changed since");
  expect((await reference).code).toBe(0);
  expect(traces(experiment)).toMatchObject(traces(join(other, "edited")));
});

test("a process that stood still while another took its run over writes nothing more", async () => {
  const [directory, other] = [freshDirectory(), freshDirectory()];
  const reference = runTool([writeConfig(other, { ...long, name: "fence" }), "-o", other, "-q"]);
  const args = [writeConfig(directory, { ...long, name: "fence" }), "-o", directory, "-j", "1"];
  const experiment = join(directory, "fence");
  // Two machines that share a directory.
  const on = (host: string) => ({ RUN_EXPERIMENT_HOST: host, RUN_EXPERIMENT_LOCK_SECONDS: "1" });
  const sleeper = startTool(args, { ...on("one"), ...signalAt({ ...atSecondCheckpoint, signal: "SIGSTOP" }) });
  await until("a checkpoint", () => hasCheckpoint(experiment));
  const successor = startTool(args, on("two"));
  await until("the other one to go on", () => successor.stderr().includes("going on from step"));
  process.kill(sleeper.child.pid!, "SIGCONT");
  expect([await sleeper.ended, await successor.ended]).toEqual([0, 0]);
  expect(sleeper.stderr()).toContain("another process took it over while this one stood still: left to it");
  expect((await reference).code).toBe(0);
  expect(traces(experiment)).toEqual(traces(join(other, "fence")));
  expect(manifest(experiment, only(experiment))).toMatchObject({ status: "completed" });
});

test("damaged and obstructed files of a run are told or set aside, and never followed out of its directory", async () => {
  const directory = freshDirectory();
  const args = [writeConfig(directory, { ...convex, name: "odd" }), "-o", directory];
  const experiment = join(directory, "odd");
  expect((await runTool(args)).code).toBe(0);
  const id = only(experiment);
  const run = join(experiment, "runs", id);
  const before = traces(experiment);

  for (const content of [
    "{}",
    "[]",
    "null",
    '{"id": 5}',
    "{",
    readFileSync(join(run, "run.json"), "utf8").replace('"completed"', '"done"'),
  ]) {
    writeFileSync(join(run, "run.json"), content);
    writeFileSync(join(experiment, "runs", "a neighbour's stray file"), "x");
    mkdirSync(join(experiment, "locks"), { recursive: true });
    const { code, stderr } = await runTool(args);
    expect([code, stderr], content).toEqual([0, expect.not.stringContaining("bug")]);
    expect(readFileSync(join(run, "trace.csv"), "utf8")).toBe(before[`${id}/trace.csv`]);
  }

  const precious = join(directory, "precious");
  writeFileSync(precious, "mine");
  rmSync(run, { recursive: true });
  mkdirSync(run);
  const started = { ...manifest(experiment, `${id}~1`), status: "running" };
  symlinkSync(precious, join(run, "trace.csv"));
  writeFileSync(
    join(run, "run.json"),
    JSON.stringify({ ...JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8")), ...started }),
  );
  const { code, stderr } = await runTool(args);
  expect(readFileSync(precious, "utf8")).toBe("mine");
  expect([code, stderr]).toEqual([expect.any(Number), expect.not.stringContaining("bug")]);

  mkdirSync(join(experiment, "locks", id));
  const blocked = await runTool([...args, "--force"]);
  expect([blocked.code, blocked.stderr]).toEqual([3, expect.stringContaining("a directory is in its place")]);
});

test("a checkpoint of another shape is told and not gone on from", () => {
  const directory = freshDirectory();
  const numbers = Float64Array.of(1);
  const files = { trace: { bytes: 0, sha256: createHash("sha256").digest("hex") } };
  const whole = {
    id: "run",
    training: { step: 3, weights: [numbers], optimizer: [{ velocity: numbers }] },
    outcome: { steps: 3, final: {}, best: {} },
    bounds: {},
    files,
    timing: files.trace,
    health: { silentSince: {} },
    wallSeconds: 1,
  };
  const read = (checkpoint: object) => {
    rmSync(join(directory, "checkpoint"), { force: true });
    writeCheckpoint(directory, checkpoint as Checkpoint);
    const lines: string[] = [];
    return { checkpoint: readCheckpoint(directory, "run", (line) => lines.push(line)), lines };
  };
  writeFileSync(join(directory, "trace.csv"), "");
  expect(read(whole)).toEqual({ checkpoint: whole, lines: [] });
  const odd: readonly [change: object, place: string][] = [
    [{ training: undefined }, "training"],
    [{ training: { ...whole.training, step: "3" } }, "training.step"],
    [{ training: { ...whole.training, weights: [[1]] } }, "training.weights.0"],
    [{ training: { ...whole.training, optimizer: [{ velocity: null }] } }, "training.optimizer.0.velocity"],
    [{ sampler: { position: 1 } }, "sampler.epochStart"],
    [{ outcome: {} }, "outcome.steps"],
    [{ files: {} }, "files.trace"],
    [{ timing: {} }, "timing.bytes"],
    [{ health: { silentSince: { w: "never" } } }, "health.silentSince.w"],
  ];
  for (const [change, place] of odd) {
    const { checkpoint, lines } = read({ ...whole, ...change });
    expect(checkpoint).toBeUndefined();
    expect(lines[0]).toBe(`${join(directory, "checkpoint")} cannot be used: its ${place} is not what it should be`);
    rmSync(join(directory, "checkpoint.previous"), { force: true });
  }
});

test("directories in the place of a run's files are told or set aside, and no bug", async () => {
  const directory = freshDirectory();
  const args = [writeConfig(directory, { ...convex, name: "blocked" }), "-o", directory];
  const experiment = join(directory, "blocked");
  expect((await runTool(args)).code).toBe(0);
  const id = only(experiment);
  const run = join(experiment, "runs", id);
  const before = traces(experiment)[`${id}/trace.csv`];
  const inPlaceOf = (...names: string[]) => {
    for (const name of names) {
      rmSync(join(run, name), { recursive: true, force: true });
      mkdirSync(join(run, name, "inside"), { recursive: true });
    }
  };
  for (const names of [["run.json"], ["trace.csv"], ["checkpoint", "checkpoint.previous", "checkpoint.tmp"]]) {
    inPlaceOf(...names);
    if (names[0] !== "run.json") {
      const path = join(run, "run.json");
      writeFileSync(path, readFileSync(path, "utf8").replace('"completed"', '"interrupted"'));
    }
    const { code, stderr } = await runTool(args);
    expect(stderr, names[0]).not.toContain("bug");
    expect(code, stderr).toBe(0);
    expect(readFileSync(join(run, "trace.csv"), "utf8")).toBe(before);
  }
});

test("a lock that says nothing is not waited for for ever", async () => {
  const directory = freshDirectory();
  const args = [writeConfig(directory, { ...convex, name: "lock" }), "-o", directory];
  expect((await runTool(args)).code).toBe(0);
  const experiment = join(directory, "lock");
  writeFileSync(join(experiment, "locks", only(experiment)), "{}");
  expect((await runTool([...args, "--force"])).code).toBe(0);
});

test("an unwritable summary fails the command, with --quiet too", async () => {
  const directory = freshDirectory();
  const args = [writeConfig(directory, { ...convex, name: "summary" }), "-o", directory, "-q"];
  mkdirSync(join(directory, "summary", "summary.csv"), { recursive: true });
  const { code, stderr } = await runTool(args);
  expect([code, stderr]).toEqual([3, expect.stringMatching(/^error: cannot write .*summary\.csv: EISDIR/)]);
  expect(Object.keys(traces(join(directory, "summary")))).toHaveLength(3);
});

test("results of changed code are told, not taken for new ones", async () => {
  const directory = freshDirectory();
  const args = [
    writeConfig(directory, {
      ...network,
      ...{ optimizer: { name: "lars", learningRate: 0.01 } },
      name: "old",
      steps: 2,
    }),
    "-o",
    directory,
  ];
  expect((await runTool(args)).code).toBe(0);
  const experiment = join(directory, "old");
  const path = join(experiment, "runs", only(experiment), "run.json");
  const { versions } = manifest(experiment, only(experiment)) as { versions: Record<string, string> };
  expect(Object.keys(versions).sort()).toEqual(["bounds", "data set", "problem", "results", "rule"]);
  writeFileSync(path, readFileSync(path, "utf8").replace(/"lars \d+"/, '"lars 0"'));
  const verified = await runTool(["verify", experiment]);
  expect([verified.code, verified.stdout]).toEqual([
    4,
    expect.stringMatching(/made by other code \(rule: lars 0, now lars \d+\); run it again/),
  ]);
  expect((await runTool(["show", join(path, "..")])).stdout).toMatch(/made by other code \(rule: lars 0/);
});
