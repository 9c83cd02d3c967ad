import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { type Moment, manifest, network, signalAt, startTool, traces, writeConfig } from "./support.js";

/** More kills than the default suite has time for: KILLS=20. */
const kills = Number(process.env.KILLS ?? 4);
const mostCheckpoints = 8;

const momentum = { name: "sgd", learningRate: { schedule: "inverse-sqrt", initial: 0.05 }, momentum: 0.9 };
const stepsOf = (everySteps: number) => ({
  steps: (kills + 1) * mostCheckpoints * everySteps,
  checkpoint: { everySteps },
});
const cases = {
  network: {
    ...network,
    name: "network",
    optimizer: momentum,
    evaluate: { every: 9, trainingExamples: 100 },
    averageWeights: { decay: 0.9, fromStep: 20 },
    // An epoch has ten steps: checkpoints lie within epochs.
    ...stepsOf(7),
  },
  // Running statistics, and noise that differs from step to step.
  normalised: {
    ...network,
    name: "normalised",
    problem: {
      name: "cnn",
      layers: [
        { layer: "conv", filters: 2, stride: 3, activation: "linear", bias: false },
        { layer: "batch-norm" },
        { layer: "activation" },
        { layer: "max-pool", size: 3 },
        { layer: "dropout", rate: 0.3 },
      ],
    },
    optimizer: momentum,
    evaluate: { every: 9, trainingExamples: 100 },
    averageWeights: { decay: 0.9, fromStep: 20 },
    save: "weights",
    ...stepsOf(7),
  },
  convex: {
    name: "convex",
    problem: { name: "quadratic", conditionNumber: 50, dimension: 20 },
    optimizer: { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.1 } },
    ...stepsOf(200),
  },
};

/** Places at which a run is cut off in the middle of what it writes; each comes once a checkpoint. */
const places = [
  { call: "writeSync", path: "trace.csv" },
  { call: "fsyncSync", path: "layers.csv" },
  { call: "fsyncSync", path: "checkpoint.tmp" },
  { call: "renameSync", path: "checkpoint" },
] as const;

/** Before the second of the checkpoints kept is written over by the third. */
const atThirdCheckpoint: Moment = { call: "renameSync", path: "checkpoint.previous", count: 2, signal: "SIGKILL" };

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

test.each(["normalised", "convex"] as const)("killed again and again as it writes, and resumed: %s", async (name) => {
  const expected = await reference(name);
  const stream = randomStream({ seed: kills, name });
  const directory = freshDirectory();
  const args = [writeConfig(directory, cases[name]), "-o", directory];
  const experiment = join(directory, name);
  for (let killed = 0; killed < kills; killed++) {
    const place = places[killed % places.length]!;
    const moment: Moment = { ...place, count: stream.integer(2, mostCheckpoints), signal: "SIGKILL" };
    expect(await startTool(args, signalAt(moment)).ended, JSON.stringify(moment)).toBe("SIGKILL");
  }
  const { code, stderr } = await runTool(args);
  expect(code, stderr).toBe(0);
  expect(traces(experiment)).toEqual(traces(expected));
  const id = onlyRun(experiment);
  expect(readdirSync(join(experiment, "runs"))).toEqual([id]);
  expect(readdirSync(join(experiment, "runs", id)).sort()).toEqual([
    ...("averageWeights" in cases[name] ? ["averaged-weights.npz"] : []),
    "layers.csv",
    "run.json",
    "timing.csv",
    "trace.csv",
    "weights.npz",
  ]);
  const [made, wanted] = [manifest(experiment, id), manifest(expected, id)];
  // Every session but the first went on from a checkpoint: each was killed after its first.
  expect(made.resumed).toHaveLength(kills);
  expect(made.status).toBe("completed");
  expect(made.outcome).toEqual(wanted.outcome);
  // By their checksums: the weights, and the running statistics beside them.
  expect(made.files).toEqual(wanted.files);
  expect(made.verdicts).toEqual(wanted.verdicts);
});

test("velocity and the order of the examples go on in the middle of an epoch", async () => {
  const expected = await reference("network");
  const directory = freshDirectory();
  const args = [writeConfig(directory, cases.network), "-o", directory];
  expect(await startTool(args, signalAt(atThirdCheckpoint)).ended).toBe("SIGKILL");
  const { code, stderr } = await runTool(args);
  expect(code).toBe(0);
  expect(stderr).toContain("going on from step 14");
  expect(traces(join(directory, "network"))).toEqual(traces(expected));
});

test("SIGTERM finishes the step, saves and exits with 130; the same command goes on", async () => {
  const expected = await reference("convex");
  const directory = freshDirectory();
  const config = { ...cases.convex, checkpoint: { everySeconds: 1000 } };
  const args = [writeConfig(directory, config), "-o", directory];
  const experiment = join(directory, "convex");
  const moment: Moment = { call: "writeSync", path: "trace.csv", count: 3, signal: "SIGTERM" };
  expect(await startTool(args, signalAt(moment)).ended).toBe(130);
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

/** A convex run that was killed with two checkpoints. */
async function killedRun(): Promise<{ directory: string; args: string[]; run: string }> {
  const directory = freshDirectory();
  const args = [writeConfig(directory, cases.convex), "-o", directory];
  expect(await startTool(args, signalAt(atThirdCheckpoint)).ended).toBe("SIGKILL");
  return { directory, args, run: join(directory, "convex", "runs", onlyRun(join(directory, "convex"))) };
}

test("a damaged checkpoint is noticed: the previous one is used, and without it the run starts over", async () => {
  const expected = traces(await reference("convex"));
  const killed = await killedRun();
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
    expect(stderr, how).toContain("going on from step 200\n");
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
  const { stdout } = await runTool([writeConfig(directory, changed), "-o", directory]);
  expect(stdout).toContain("1 of the runs had been made before");
  expect(readdirSync(join(directory, "convex", "runs"))).toHaveLength(1);
});
