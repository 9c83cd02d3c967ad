import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { manifest, network, startTool, traces, until, writeConfig } from "./support.js";

/** More kills than the default suite has time for: KILLS=20. */
const kills = Number(process.env.KILLS ?? 4);

const momentum = { name: "sgd", learningRate: { schedule: "inverse-sqrt", initial: 0.05 }, momentum: 0.9 };
const cases = {
  network: {
    ...network,
    name: "network",
    optimizer: momentum,
    steps: 150 * kills,
    evaluate: { every: 7, trainingExamples: 100 },
    checkpoint: { everySteps: 15 },
  },
  convex: {
    name: "convex",
    problem: { name: "quadratic", conditionNumber: 50, dimension: 20 },
    optimizer: { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.1 } },
    steps: 8000 * kills,
    checkpoint: { everySteps: 200 },
  },
};

const onlyRun = (experiment: string) => readdirSync(join(experiment, "runs"))[0]!;

/** Uninterrupted results of a case, made once. */
const references = new Map<string, Promise<string>>();
function reference(name: keyof typeof cases): Promise<string> {
  const made =
    references.get(name) ??
    (async () => {
      const directory = freshDirectory();
      const { code, stderr } = await runTool([writeConfig(directory, cases[name]), "-o", directory, "-q"]);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      return join(directory, name);
    })();
  references.set(name, made);
  return made;
}

test.each(["network", "convex"] as const)("killed at random moments and resumed: %s", async (name) => {
  const expected = await reference(name);
  // On average the kills leave more than half of the run's own time to the last process, however fast the machine is.
  const span = (800 * (manifest(expected, onlyRun(expected)).wallSeconds as number)) / kills;
  const directory = freshDirectory();
  const args = [writeConfig(directory, cases[name]), "-o", directory];
  const experiment = join(directory, name);
  let killed = 0;
  while (killed < kills) {
    const { child, ended, stderr } = startTool(args);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    await until("the run to start", () => stderr().includes(": started") || isOver);
    await wait(Math.random() * span);
    child.kill("SIGKILL");
    if ((await ended) !== "SIGKILL") break;
    killed++;
  }
  const { code, stderr } = await runTool(args);
  expect(code, stderr).toBe(0);
  expect(killed).toBeGreaterThanOrEqual(Math.min(kills, 3));
  expect(traces(experiment)).toEqual(traces(expected));
  const id = onlyRun(experiment);
  expect(readdirSync(join(experiment, "runs"))).toEqual([id]);
  expect(readdirSync(join(experiment, "runs", id)).sort()).toEqual([
    "layers.csv",
    "run.json",
    "trace.csv",
    "weights.npz",
  ]);
  const [made, wanted] = [manifest(experiment, id), manifest(expected, id)];
  const resumptions = (made.resumed as unknown[] | undefined)?.length ?? 0;
  process.stderr.write(`${name}: killed ${killed} times, went on from a checkpoint ${resumptions} times\n`);
  expect(made.status).toBe("completed");
  // With many kills it would take a conspiracy for all of them to fall before the first checkpoint.
  if (kills >= 10) expect(resumptions).toBeGreaterThan(0);
  expect(made.outcome).toEqual(wanted.outcome);
  expect(made.verdicts).toEqual(wanted.verdicts);
});

test("SIGTERM finishes the step, saves and exits with 130; the same command goes on", async () => {
  const expected = await reference("convex");
  const directory = freshDirectory();
  const config = { ...cases.convex, checkpoint: { everySeconds: 1000 } };
  const args = [writeConfig(directory, config), "-o", directory];
  const experiment = join(directory, "convex");
  const { child, ended, stderr } = startTool(args);
  await until("the run to start", () => stderr().includes("started"));
  child.kill("SIGTERM");
  expect(await ended).toBe(130);
  const id = onlyRun(experiment);
  const interrupted = manifest(experiment, id);
  expect(interrupted.status).toBe("interrupted");
  const { steps } = interrupted.outcome as { steps: number };

  const resumed = await runTool(args);
  expect(resumed.code).toBe(0);
  expect(resumed.stderr).toContain(`going on from step ${steps}`);
  expect(traces(experiment)).toEqual(traces(expected));
  const after = manifest(experiment, id);
  expect(after).toMatchObject({ status: "completed", resumed: [{ step: steps }] });
  expect(after.wallSeconds).toBeGreaterThan(interrupted.wallSeconds as number);
});

/** A convex run that was killed after two checkpoints at least. */
async function killedRun(): Promise<{ directory: string; args: string[]; run: string }> {
  const directory = freshDirectory();
  const args = [writeConfig(directory, cases.convex), "-o", directory];
  const runs = join(directory, "convex", "runs");
  const { child, ended } = startTool(args);
  const isSavedTwice = () =>
    existsSync(runs) && readdirSync(runs).some((id) => existsSync(join(runs, id, "checkpoint.previous")));
  await until("two checkpoints", isSavedTwice);
  child.kill("SIGKILL");
  expect(await ended).toBe("SIGKILL");
  return { directory, args, run: join(runs, readdirSync(runs)[0]!) };
}

test("a damaged checkpoint is noticed: the previous one is used, and without it the run starts over", async () => {
  const expected = traces(await reference("convex"));
  const killed = await killedRun();
  // Between the two renames of a write there is no newest one.
  if (!existsSync(join(killed.run, "checkpoint"))) {
    cpSync(join(killed.run, "checkpoint.previous"), join(killed.run, "checkpoint"));
  }
  const stepOf = (text: string) => Number(/going on from step (\d+)/.exec(text)?.[1]);
  const damaged = {
    truncated: (path: string) => truncateSync(path, statSync(path).size - 10),
    "one bit flipped": (path: string) => {
      const content = readFileSync(path);
      content[content.length - 20]! ^= 1;
      writeFileSync(path, content);
    },
    empty: (path: string) => truncateSync(path, 0),
  };
  for (const [how, damage] of Object.entries(damaged)) {
    const directory = freshDirectory();
    cpSync(killed.directory, directory, { recursive: true });
    const args = killed.args.map((arg) => arg.replace(killed.directory, directory));
    const run = killed.run.replace(killed.directory, directory);
    damage(join(run, "checkpoint"));
    const { code, stderr } = await runTool(args);
    expect(code, how).toBe(0);
    expect(stderr, how).toMatch(/checkpoint cannot be used: (its checksum is wrong|it is not a checkpoint)/);
    expect(stepOf(stderr) % 200, how).toBe(0);
    expect(traces(join(directory, "convex")), how).toEqual(expected);
  }

  damaged.truncated(join(killed.run, "checkpoint"));
  rmSync(join(killed.run, "checkpoint.previous"));
  const { code, stderr } = await runTool(killed.args);
  expect(code).toBe(0);
  expect(stderr).toContain("checkpoint cannot be used");
  expect(stderr).not.toContain("going on");
  expect(traces(join(killed.directory, "convex"))).toEqual(expected);
});

test("rows that a checkpoint counts on and that are gone make it unusable", async () => {
  const { args, directory, run } = await killedRun();
  truncateSync(join(run, "layers.csv"), 100);
  const { code, stderr } = await runTool(args);
  expect(code).toBe(0);
  expect(stderr).toContain("layers.csv lacks rows that were there when it was made");
  expect(traces(join(directory, "convex"))).toEqual(traces(await reference("convex")));
});

test("when and how often a run is saved, and how long it may take, are not part of its identity", async () => {
  const directory = freshDirectory();
  const small = { ...cases.convex, steps: 5 };
  await runTool([writeConfig(directory, small), "-o", directory, "-q"]);
  const changed = { ...small, checkpoint: { everySeconds: 1 }, stop: { wallSeconds: 60 } };
  const { stdout } = await runTool([writeConfig(directory, changed), "-o", directory, "-q"]);
  expect(stdout).toContain("1 of the runs had been made before");
  expect(readdirSync(join(directory, "convex", "runs"))).toHaveLength(1);
});
