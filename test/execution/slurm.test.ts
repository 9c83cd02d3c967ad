import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freshDirectory, root, runTool } from "../cli/tool.js";
import { manifest, network, startTool, summaryWithoutTime, traces, until, writeConfig } from "./support.js";

const script = join(root, "scripts/private-slurm.sh");
const cluster = freshDirectory();

function unavailable(): string | undefined {
  for (const command of ["sbatch", "slurmctld", "slurmd", "munged"]) {
    try {
      execFileSync("sh", ["-c", `command -v ${command}`], { stdio: "ignore" });
    } catch {
      return `${command} is not installed (Debian: slurmctld slurmd slurm-client munge)`;
    }
  }
  return process.getuid?.() === 0 ? undefined : "a private Slurm can only be started as root";
}

const reason = unavailable();
if (reason) process.stderr.write(`skipped: tests on a real Slurm: ${reason}\n`);
const onCluster = test.skipIf(reason !== undefined);
const env = { SLURM_CONF: join(cluster, "slurm.conf") };
const slurm = (command: string, ...args: string[]) =>
  execFileSync(command, args, { env: { ...process.env, ...env }, encoding: "utf8" });

beforeAll(() => {
  if (!reason) execFileSync(script, ["up", cluster], { stdio: ["ignore", "ignore", "inherit"] });
});
afterAll(() => {
  if (!reason) execFileSync(script, ["down", cluster], { stdio: "inherit" });
});

/** 24 convex runs, quick ones. */
const sweep = {
  name: "cluster",
  problem: { name: "quadratic", conditionNumber: 10 },
  optimizers: [
    { name: "lars", learningRate: 0.01 },
    { name: "sgd", learningRate: 0.01 },
  ],
  steps: 50,
  seeds: [0, 1, 2],
  sweep: { grid: { "optimizer.learningRate": { logspace: [1e-3, 1e-1, 4] } } },
  slurm: { runsPerTask: 6, throttle: 2, pollSeconds: 0.5 },
};

/** One run that takes as long as it is left. */
const long = {
  ...sweep,
  optimizers: undefined,
  optimizer: { name: "lars", learningRate: 0.1 },
  sweep: undefined,
  seeds: [0],
  steps: 400_000,
  trace: { every: 1000 },
  checkpoint: { everySteps: 2000 },
};

const jobOf = (text: string) => /Slurm job (\d+)/.exec(text)![1]!;
const runIds = (experiment: string) =>
  existsSync(join(experiment, "runs")) ? readdirSync(join(experiment, "runs")).sort() : [];
const hasCheckpoint = (experiment: string) =>
  runIds(experiment).some((id) => existsSync(join(experiment, "runs", id, "checkpoint")));

/** The process that makes a run, as the run's own manifest names it. */
const processOf = (experiment: string) => (manifest(experiment, runIds(experiment)[0]!).process as { pid: number }).pid;

onCluster("a sweep as a job array gives the same results as here", async () => {
  const [here, there] = [freshDirectory(), freshDirectory()];
  expect((await runTool([writeConfig(here, sweep), "-o", here, "-j", "1"])).code).toBe(0);
  const args = [writeConfig(there, sweep), "-o", there, "--executor", "slurm"];
  const { code, stderr } = await runTool(args, { env });
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/24 runs submitted as Slurm job \d+, 4 tasks/);
  expect(traces(join(there, "cluster"))).toEqual(traces(join(here, "cluster")));
  expect(summaryWithoutTime(join(there, "cluster"))).toEqual(summaryWithoutTime(join(here, "cluster")));

  const again = await runTool(args, { env });
  expect(again.code).toBe(0);
  expect(again.stdout).toContain("24 of the runs had been made before");
  expect(again.stderr).not.toContain("submitted");
});

onCluster(
  "successive halving is an array a rung, with the trials, rungs and winners it has here; killed too",
  async () => {
    const [here, there] = [freshDirectory(), freshDirectory()];
    const config = {
      ...sweep,
      name: "halved",
      sweep: undefined,
      seeds: [0],
      search: {
        trials: 4,
        space: { "optimizer.learningRate": { log: [1e-3, 1e-1] } },
        successiveHalving: { rungs: 3, factor: 2 },
      },
      slurm: { runsPerTask: 3, pollSeconds: 0.5 },
    };
    expect((await runTool([writeConfig(here, config), "-o", here, "-j", "1"])).code).toBe(0);
    const args = [writeConfig(there, config), "-o", there, "--executor", "slurm"];
    const experiment = join(there, "halved");
    // The submitting process dies while the second rung is made, and goes on with what it finds.
    const first = startTool(args, env);
    await until(
      "the second rung",
      () => /rung 2 of 3: 4 runs/.test(first.stderr()) && /4 runs submitted/.test(first.stderr()),
    );
    first.child.kill("SIGKILL");
    await first.ended;
    const { code, stderr } = await runTool([...args, "--attach"], { env });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/rung 3 of 3: 2 runs, to step 50\n.*2 runs submitted as Slurm job \d+, 1 tasks/);
    expect(stderr).not.toMatch(/8 runs submitted|ended without it/);
    expect(traces(experiment)).toEqual(traces(join(here, "halved")));
    expect(summaryWithoutTime(experiment)).toEqual(summaryWithoutTime(join(here, "halved")));
    expect(summaryWithoutTime(experiment).filter((line) => line.includes(",completed,"))).toHaveLength(2);
  },
);

onCluster("a task that is killed is submitted again and goes on where it was", async () => {
  const [here, there] = [freshDirectory(), freshDirectory()];
  const reference = runTool([writeConfig(here, { ...long, name: "killed" }), "-o", here, "-q"]);
  const experiment = join(there, "killed");
  const config = writeConfig(there, { ...long, name: "killed" });
  const { ended, stderr } = startTool([config, "-o", there, "--executor", "slurm"], env);
  await until("a checkpoint", () => hasCheckpoint(experiment));
  process.kill(processOf(experiment), "SIGKILL");
  expect(await ended, stderr()).toBe(0);
  expect(stderr()).toContain("its Slurm task ended without it");
  expect(stderr()).toContain("submitted again (attempt 2)");
  expect((await reference).code).toBe(0);
  expect(traces(experiment)).toEqual(traces(join(here, "killed")));
  expect(manifest(experiment, runIds(experiment)[0]!).resumed).toHaveLength(1);
});

onCluster("the submitting process may die: --attach follows what goes on", async () => {
  const directory = freshDirectory();
  const experiment = join(directory, "left");
  // Still at work when the second process attaches.
  const config = { ...long, name: "left", steps: 1_500_000, checkpoint: { everySteps: 20_000 } };
  const args = [writeConfig(directory, config), "-o", directory, "--executor", "slurm"];
  const nothing = await runTool([...args, "--attach"], { env });
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain("nothing was submitted from here");
  const first = startTool(args, env);
  await until("a checkpoint", () => hasCheckpoint(experiment));
  first.child.kill("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");

  const second = await runTool([...args, "--attach"], { env });
  expect(second.code, second.stderr).toBe(0);
  expect(second.stderr).toContain(`attached to Slurm job ${jobOf(first.stderr())}`);
  expect(second.stderr).not.toContain("submitted");
  expect(manifest(experiment, runIds(experiment)[0]!)).toMatchObject({ status: "completed" });
  expect(readFileSync(join(experiment, "summary.csv"), "utf8")).toContain(",completed,");
});

onCluster("what is cancelled is reported as cancelled, and not submitted again", async () => {
  const directory = freshDirectory();
  const experiment = join(directory, "cancelled");
  const config = { ...long, name: "cancelled", seeds: [0, 1], slurm: { throttle: 1, pollSeconds: 0.5 } };
  const args = [writeConfig(directory, { ...config, steps: 100_000_000 }), "-o", directory, "--executor", "slurm"];
  const { ended, stderr } = startTool(args, env);
  await until("a checkpoint", () => hasCheckpoint(experiment));
  slurm("scancel", jobOf(stderr()));
  expect(await ended).toBe(3);
  expect(stderr()).toContain("lars seed=0: cancelled");
  expect(stderr()).toContain("lars seed=1: cancelled");
  expect(stderr()).not.toContain("again");
  expect(manifest(experiment, runIds(experiment)[0]!).status).toBe("interrupted");

  // Interrupted with --cancel: what was submitted does not go on.
  const cancelling = startTool([...args, "--cancel"], env);
  await until("a submission", () => cancelling.stderr().includes("submitted as"));
  cancelling.child.kill("SIGTERM");
  expect(await cancelling.ended).toBe(130);
  const job = jobOf(cancelling.stderr());
  expect(cancelling.stderr()).toContain(`Slurm job ${job} cancelled`);
  const isGone = () => !/RUNNING|PENDING/.test(slurm("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%T"));
  await until("the job to end", isGone);
});

onCluster("each run of a sweep over backends equals the run made alone", async () => {
  const [there, here] = [freshDirectory(), freshDirectory()];
  const config = {
    ...network,
    name: "backends",
    optimizer: { name: "lars", learningRate: 0.02 },
    steps: 5,
    slurm: { runsPerTask: 2, pollSeconds: 0.5 },
  };
  const backends = ["wasm", "cpu"];
  const swept = { ...config, sweep: { grid: { backend: backends } } };
  expect((await runTool([writeConfig(there, swept), "-o", there, "--executor", "slurm"], { env })).code).toBe(0);
  const together = Object.entries(traces(join(there, "backends")));
  for (const backend of backends) {
    const name = `alone-${backend}`;
    expect((await runTool([writeConfig(here, { ...config, name, backend }), "-o", here, "-q"])).code).toBe(0);
    const files = together.filter(([path]) => path.includes(`backend=${backend}`)).map(([, text]) => text);
    expect(files).toEqual(Object.values(traces(join(here, name))));
  }
});

onCluster(
  "a path of blanks, quotes, % and backslashes keeps a log a task; a node that cannot keep to the plan says why",
  async () => {
    const directory = join(freshDirectory(), `o "d\\q %u's é`);
    mkdirSync(directory);
    const config = {
      ...sweep,
      ...network,
      name: "odd = +@ name",
      // What the tasks find out again by themselves: a backend, and that there is no MNIST.
      backend: "auto",
      data: {
        name: "mnist",
        directory: "nowhere",
        mirrors: [],
        limit: { train: 300, test: 50 },
        whenUnavailable: "synthetic-digits",
      },
      steps: 3,
      sweep: undefined,
      seeds: [0],
    };
    const args = [writeConfig(directory, config), "-o", directory, "--executor", "slurm"];
    // A cache without the native backend, which auto would take.
    const bare = { ...env, RUN_EXPERIMENT_CACHE: freshDirectory() };
    expect((await runTool(args, { env: bare })).code).toBe(0);
    const experiment = join(directory, "odd = +@ name");
    const files = join(experiment, "slurm", "0");
    expect(readdirSync(files).sort()).toEqual(["task-0.log", "tasks.json"]);
    expect(readFileSync(join(files, "task-0.log"), "utf8")).toContain("completed");

    expect(manifest(experiment, runIds(experiment)[0]!)).toMatchObject({
      status: "completed",
      dataset: { name: "synthetic-digits", fallbackFor: "mnist" },
    });

    const file = JSON.parse(readFileSync(join(files, "tasks.json"), "utf8"));
    const [[planned]] = file.tasks;
    const elsewhere: readonly [id: string, change: object, reason: RegExp][] = [
      [
        "native TensorFlow",
        { backend: { name: "tensorflow", device: "CPU", kernels: "1" } },
        /cannot keep to what was planned: backend tensorflow: not installed/,
      ],
      [
        "MNIST",
        { dataset: { name: "mnist", checksum: "0123456789abcdef", train: 300, test: 50 } },
        /cannot keep to what was planned: data set mnist \(300 examples, checksum 0123456789ab\), here data set synthetic-digits/,
      ],
    ];
    for (const [id, change, reason] of elsewhere) {
      // As if it had been planned where there is this.
      writeFileSync(join(files, "tasks.json"), JSON.stringify({ ...file, tasks: [[{ ...planned, id, ...change }]] }));
      const { code, stderr } = await runTool(["task", join(files, "tasks.json"), "0"], {
        env: { RUN_EXPERIMENT_CACHE: freshDirectory() },
      });
      expect(code).toBe(3);
      expect(stderr).toMatch(reason);
      expect(manifest(experiment, id)).toMatchObject({ status: "failed", stopReason: expect.stringMatching(reason) });
    }
  },
);

onCluster("an array that is refused does not orphan the one before it; a damaged record of them is told", async () => {
  const directory = freshDirectory();
  const commands = freshDirectory();
  const counter = join(commands, "count");
  const script = (name: string, body: string) => {
    writeFileSync(join(commands, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  };
  // A cluster whose arrays hold two tasks, and which takes no second array.
  script("scontrol", "echo 'MaxArraySize = 3'");
  script(
    "sbatch",
    `if [ -e ${counter} ]; then echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2; exit 1; fi\ntouch ${counter}\nexec ${execFileSync("which", ["sbatch"], { encoding: "utf8" }).trim()} "$@"`,
  );
  const config = { ...sweep, name: "limited", optimizers: sweep.optimizers.slice(0, 1), slurm: { pollSeconds: 0.5 } };
  const args = [writeConfig(directory, { ...config, sweep: undefined }), "-o", directory, "--executor", "slurm"];
  const refused = await runTool(args, { env: { ...env, PATH: `${commands}:${process.env.PATH}` } });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("error: sbatch: QOSMaxSubmitJobPerUserLimit");
  const again = await runTool([...args, "--attach"], { env });
  expect(again.stdout.match(/completed/g), again.stderr).toHaveLength(2);
  const late = await runTool([...args, "--attach"], { env });
  expect(late.stdout.match(/completed/g), late.stderr).toHaveLength(2);

  const record = join(directory, "limited", "slurm", "submissions.json");
  writeFileSync(record, readFileSync(record, "utf8").replace('"job"', '"jib"'));
  const damaged = await runTool(args, { env });
  expect(damaged.code).toBe(2);
  expect(damaged.stderr).toContain(`error: ${record} is damaged (tasks.0.job`);
  const { code, stderr } = await runTool([...args, "--set", "slurm.time=x", "-o", freshDirectory()], { env });
  expect([code, stderr]).toEqual([2, "error: sbatch: Invalid --time specification\n"]);
});

test("without Slurm the error is one line", async () => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { ...sweep, name: "none" });
  const { code, stderr } = await runTool([config, "-o", directory, "--executor", "slurm"], {
    env: { PATH: "/nonexistent" },
  });
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: \w+ is not installed here; the Slurm executor needs Slurm's client commands\n$/);
});

test("shards are disjoint parts of the matrix, and together all of it", async () => {
  const [whole, parts] = [freshDirectory(), freshDirectory()];
  expect((await runTool([writeConfig(whole, sweep), "-o", whole, "-j", "1"])).code).toBe(0);
  const args = [writeConfig(parts, sweep), "-o", parts, "-j", "1"];
  for (const shard of ["1/3", "2/3", "3/3"]) {
    const { code, stdout } = await runTool([...args, "--shard", shard, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)[0].skipped).toBe(0);
  }
  expect(existsSync(join(parts, "cluster", "summary.csv"))).toBe(false);
  expect((await runTool(["summarize", parts])).code).toBe(0);
  expect(summaryWithoutTime(join(parts, "cluster"))).toEqual(summaryWithoutTime(join(whole, "cluster")));
  expect((await runTool([...args, "--shard", "4/3"])).stderr).toContain("--shard: i/n: i must be at most n");
});
