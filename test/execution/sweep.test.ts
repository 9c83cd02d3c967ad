import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import {
  type Moment,
  manifest,
  network,
  type Process,
  signalAt,
  startTool,
  summaryWithoutTime,
  traces,
  until,
  writeConfig,
} from "./support.js";

/** 24 runs: 4 learning rates × 2 rules × 3 seeds. */
const sweep = {
  ...network,
  name: "sweep",
  optimizers: [
    { name: "lars", learningRate: 0.01 },
    { name: "sgd", learningRate: 0.01, momentum: 0.9 },
  ],
  steps: 30,
  trace: { every: 2 },
  seeds: [0, 1, 2],
  sweep: { grid: { "optimizer.learningRate": { logspace: [1e-3, 1, 4] } } },
  checkpoint: { everySteps: 10 },
};

const statuses = (experiment: string) => {
  const runs = join(experiment, "runs");
  if (!existsSync(runs)) return [];
  const ids = readdirSync(runs).filter((id) => existsSync(join(runs, id, "run.json")));
  return ids.map((id) => String(manifest(experiment, id).status));
};

/** Runs this process has completed. */
const made = ({ stderr }: Process) => [...stderr().matchAll(/: completed/g)].length;

let reference: Promise<string> | undefined;
/** The sweep's results, made in one process, one run after the other. */
function inOneProcess(): Promise<string> {
  reference ??= (async () => {
    const directory = freshDirectory();
    const { code, stderr } = await runTool([writeConfig(directory, sweep), "-o", directory, "-j", "1"]);
    expect(code, stderr).toBe(0);
    return join(directory, "sweep");
  })();
  return reference;
}

test("a sweep under two workers, killed as a whole and resumed: every run once, the same summary", async () => {
  const expected = await inOneProcess();
  const directory = freshDirectory();
  const args = [writeConfig(directory, sweep), "-o", directory, "--jobs", "2"];
  const experiment = join(directory, "sweep");
  const completed = () => statuses(experiment).filter((status) => status === "completed").length;
  for (const session of [1, 2]) {
    // As the first of the two workers is about to call its third run completed: each run writes its manifest twice.
    const moment: Moment = { call: "renameSync", path: "run.json", count: 6, signal: "SIGKILL" };
    expect(await startTool(args, signalAt(moment)).ended).toBe("SIGKILL");
    expect(completed()).toBeGreaterThanOrEqual(2 * session);
  }
  const before = completed();
  expect(before).toBeLessThan(24);
  const { code, stderr, stdout } = await runTool(args);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(`${before} of the runs had been made before`);
  expect(traces(experiment)).toEqual(traces(expected));
  expect(summaryWithoutTime(experiment)).toEqual(summaryWithoutTime(expected));
  expect(summaryWithoutTime(experiment)).toHaveLength(1 + 24);
  expect(readdirSync(join(experiment, "locks"))).toEqual([]);
});

test("two processes at work at once share the runs", async () => {
  const expected = await inOneProcess();
  const directory = freshDirectory();
  const args = [writeConfig(directory, sweep), "-o", directory, "--jobs", "1"];
  const experiment = join(directory, "sweep");
  // The first stands still in the middle of its third run until the second has made one.
  const first = startTool(args, signalAt({ call: "renameSync", path: "run.json", count: 6, signal: "SIGSTOP" }));
  await until("two runs of the first", () => made(first) === 2);
  const second = startTool(args);
  await until("a run of the second", () => made(second) > 0);
  first.child.kill("SIGCONT");
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  expect(made(first)).toBeGreaterThanOrEqual(3);
  expect(made(first) + made(second)).toBe(24);
  expect(traces(experiment)).toEqual(traces(expected));
  expect(summaryWithoutTime(experiment)).toEqual(summaryWithoutTime(expected));
});

test("a run that another host is at work on is left to it and waited for", async () => {
  const directory = freshDirectory();
  const config = { ...sweep, name: "locked", steps: 2, seeds: [0], sweep: undefined };
  const args = [writeConfig(directory, config), "-o", directory, "--jobs", "1"];
  const experiment = join(directory, "locked");
  expect((await runTool(args)).code).toBe(0);
  const [id] = readdirSync(join(experiment, "runs"));
  const lock = join(experiment, "locks", id!);
  const holder = { pid: 4711, host: "far away", token: "x" };
  writeFileSync(lock, JSON.stringify(holder));
  const before = traces(experiment);

  const waiting = startTool([...args, "--force"]);
  await until("the other run to be made", () => made(waiting) === 1);
  expect(waiting.stderr()).toContain("process 4711 on far away is at work on");
  expect(JSON.parse(readFileSync(lock, "utf8"))).toEqual(holder);
  rmSync(lock);
  expect(await waiting.ended).toBe(0);
  expect(made(waiting)).toBe(2);
  for (const [path, text] of Object.entries(before)) expect(traces(experiment)[path]).toBe(text);
});
