import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type RunResult, runExperiment } from "../../src/execution/run-experiment.js";
import { readColumns } from "../../src/trace/csv-columns.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { manifest, network, signalAt, startTool, summaryWithoutTime, traces, writeConfig } from "./support.js";

/** Four trials of two optimizers with two seeds, in rungs that end at the steps 10, 20 and 40. */
const config = {
  name: "halving",
  problem: { name: "quadratic", conditionNumber: 10 },
  optimizers: [
    { name: "lars", learningRate: { schedule: "cosine", initial: 1 } },
    { name: "sgd", learningRate: 1 },
  ],
  steps: 40,
  evaluate: 5,
  seeds: [0, 1],
  search: {
    trials: 4,
    space: { "optimizer.learningRate": { log: [1e-3, 1] } },
    successiveHalving: { rungs: 3, factor: 2 },
  },
};
const { search: _, ...unsearched } = config;

/** Status and reason of every run, by its id. */
function ends(experiment: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(experiment, "runs")).flatMap((id) => {
      // What was set aside as it had been killed before its first manifest
      if (!existsSync(join(experiment, "runs", id, "run.json"))) return [];
      const { status, stopReason = "" } = manifest(experiment, id);
      return [[id, `${status} ${stopReason}`]];
    }),
  );
}

/** Everything that the outcome of a search consists of. */
const outcomeOf = (experiment: string) => ({
  ends: ends(experiment),
  traces: traces(experiment),
  summary: summaryWithoutTime(experiment),
  search: readFileSync(join(experiment, "search.csv"), "utf8"),
});

async function made(change: object, args: readonly string[] = ["-j", "1"], at = freshDirectory()): Promise<string> {
  const { code, stderr } = await runTool([writeConfig(at, { ...config, ...change }), "-o", at, ...args]);
  expect(code, stderr).toBe(0);
  return join(at, "halving");
}

const count = (experiment: string, pattern: RegExp) =>
  Object.values(ends(experiment)).filter((end) => pattern.test(end)).length;

let reference: string;
/** A directory with a copy of its results. */
function copied(): string {
  const at = freshDirectory();
  cpSync(reference, join(at, "halving"), { recursive: true });
  return at;
}
beforeAll(async () => {
  reference = await made({});
});

describe("a search by successive halving", () => {
  test("makes the better half of each optimizer's trials go on, and says of the others why they do not", () => {
    // 4 → 2 → 1 trials, of two optimizers with two seeds
    expect(Object.keys(ends(reference))).toHaveLength(16);
    expect(count(reference, /^stopped rung 1 of 3 ended at step 10: rank [34] of 4$/)).toBe(8);
    expect(count(reference, /^stopped rung 2 of 3 ended at step 20: rank 2 of 2$/)).toBe(4);
    expect(count(reference, /^completed $/)).toBe(4);
  });

  test("ranks the trials of each optimizer by the median over their seeds at the end of the rung", () => {
    const runs = Object.keys(ends(reference)).map((id) => {
      const { optimizer, axes, status } = manifest(reference, id) as {
        optimizer: string;
        axes: object;
        status: string;
      };
      return {
        optimizer,
        trial: JSON.stringify(axes),
        status,
        trace: readColumns(join(reference, "runs", id, "trace.csv")),
      };
    });
    for (const optimizer of ["lars", "sgd"]) {
      let trials = [...new Set(runs.map(({ trial }) => trial))];
      for (const step of [10, 20]) {
        const gap = (trial: string) => {
          const seeds = runs.filter((run) => run.optimizer === optimizer && run.trial === trial);
          const [one, other] = seeds.map(({ trace }) =>
            Number(trace.get("gap")![trace.get("step")!.indexOf(String(step))]),
          );
          return (one! + other!) / 2;
        };
        trials = trials.toSorted((a, b) => gap(a) - gap(b)).slice(0, trials.length / 2);
      }
      const winners = runs.filter((run) => run.optimizer === optimizer && run.status === "completed");
      expect(winners.map(({ trial }) => trial)).toEqual([trials[0], trials[0]]);
    }
  });

  test("is the same with two workers", async () => {
    expect(outcomeOf(await made({}, ["-j", "2"]))).toEqual(outcomeOf(reference));
  });

  test("is the same when it is killed again and again", async () => {
    const at = freshDirectory();
    const args = [writeConfig(at, config), "-o", at, "-j", "1"];
    // Manifests are written twice a run and rung, and once where a rank is added.
    const moment = { call: "renameSync", path: "run.json", count: 15, signal: "SIGKILL" } as const;
    let sessions = 1;
    for (; (await startTool(args, signalAt(moment)).ended) === "SIGKILL"; sessions++) expect(sessions).toBeLessThan(9);
    expect(sessions).toBeGreaterThan(3);
    expect(outcomeOf(join(at, "halving"))).toEqual(outcomeOf(reference));
  });

  test("makes nothing again, and everything with --force", async () => {
    const again = await runTool([writeConfig(join(reference, ".."), config), "-o", join(reference, ".."), "--json"]);
    expect(JSON.parse(again.stdout)[0].skipped).toBe(16);
    const forced = copied();
    await made({}, ["-j", "1", "--force"], forced);
    const found = ends(join(forced, "halving"));
    const setAside = Object.keys(found).filter((id) => id.endsWith("~1"));
    expect(setAside).toHaveLength(16);
    for (const id of setAside) delete found[id];
    expect(found).toEqual(ends(reference));
  });

  test("leaves beginnings of whole runs: without the search they go on, to the byte", async () => {
    const at = copied();
    const all = await made({ search: { ...config.search, successiveHalving: undefined } });
    const stopped = traces(join(at, "halving"));
    const whole = traces(all);
    expect(Object.keys(stopped)).toEqual(
      expect.arrayContaining(Object.keys(whole).filter((path) => path.endsWith(".csv"))),
    );
    for (const [path, text] of Object.entries(stopped)) expect(whole[path]!.startsWith(text)).toBe(true);
    // The same runs as a sweep
    const ids = readdirSync(join(all, "runs"));
    const values = [
      ...new Set(ids.map((id) => (manifest(all, id).axes as Record<string, number>)["optimizer.learningRate"])),
    ];
    const swept = { ...unsearched, sweep: { grid: { "optimizer.learningRate": values } } };
    expect((await runTool([writeConfig(at, swept), "-o", at, "-j", "1"])).code).toBe(0);
    expect(traces(join(at, "halving"))).toEqual(whole);
    expect(count(join(at, "halving"), /^stopped/)).toBe(0);
  });

  test("that is widened keeps what was made, and lets go on what has come to be among the best", async () => {
    const wider = { search: { ...config.search, trials: 6 } };
    const [fresh, widened] = [await made(wider), await made(wider, ["-j", "1"], copied())];
    const [expected, found] = [ends(fresh), ends(widened)];
    const more = Object.keys(expected).filter((id) => found[id] !== expected[id]);
    // What had completed before has still; everything else is as if it had been one search from the first.
    for (const id of more) expect([found[id], ends(reference)[id]]).toEqual(["completed ", "completed "]);
    // 6 → 3 → 2 trials
    expect(count(fresh, /^completed/)).toBe(8);
  });
});

test("runs that diverge come last, and mini-batches, running statistics and averages go on as they were", async () => {
  const stack = {
    ...network,
    name: "halving",
    optimizers: undefined,
    optimizer: { name: "sgd", momentum: 0.5, learningRate: 1 },
    problem: { name: "mlp", hidden: [6], bias: false },
    averageWeights: { decay: 0.9 },
    steps: 20,
    evaluate: 5,
    seeds: [0],
    stop: { lossAbove: 50 },
    objective: "val_accuracy",
    data: { name: "synthetic-digits", train: 200, test: 50, validation: 60 },
  };
  // The largest rates diverge.
  const search = {
    method: "random",
    trials: 5,
    space: { "optimizer.learningRate": { log: [1e-2, 1e4] } },
    successiveHalving: { rungs: 2, factor: 4 },
  };
  const [halved, whole] = [
    await made({ ...stack, search }),
    await made({ ...stack, search: { ...search, successiveHalving: undefined } }),
  ];
  const diverged = count(whole, /^diverged/);
  expect(diverged).toBeGreaterThan(0);
  expect(count(halved, /^diverged/)).toBe(diverged);
  expect(count(halved, /^completed/)).toBe(2);
  expect(count(halved, /^stopped rung 1 of 2 ended at step 5: rank \d of 5$/)).toBe(5 - 2 - diverged);
  const all = traces(whole);
  for (const [path, text] of Object.entries(traces(halved))) expect(all[path]!.startsWith(text)).toBe(true);
});

test("what is stopped is a result: verify holds it against its files, show and the report say so", async () => {
  const verified = await runTool(["verify", reference, "--all"]);
  expect(verified.stdout).toContain("16 finished");
  expect(verified.code).toBe(0);
  expect(readFileSync(join(reference, "report.html"), "utf8")).toContain("rung 1 of 3 ended at step 10: rank 4 of 4");
  const [id] = Object.entries(ends(reference)).find(([, end]) => end.startsWith("stopped"))!;
  const shown = await runTool(["show", join(reference, "runs", id)]);
  expect(shown.stdout).toMatch(/stopped \(rung \d of 3 ended at step \d+: rank \d of \d\)/);

  const damaged = copied();
  appendFileSync(join(damaged, "halving", "runs", id, "trace.csv"), "1");
  const found = await runTool(["verify", join(damaged, "halving")]);
  expect([found.code, found.stdout]).toEqual([4, expect.stringContaining("trace.csv has")]);
});

test("sixty-four trials find a rate within 10 % of the best of a fine grid", async () => {
  const quadratic = {
    ...{
      name: "fine",
      problem: { name: "quadratic", conditionNumber: 10 },
      steps: 60,
      trace: { every: 60 },
      bounds: [],
    },
    optimizer: { name: "sgd", learningRate: 1 },
  };
  const path = "optimizer.learningRate";
  /** The rate with the smallest final loss of all runs. */
  async function best(change: object): Promise<{ rate: number; runs: number }> {
    let [rate, least, runs] = [Number.NaN, Number.POSITIVE_INFINITY, 0];
    const onResult = ({ run, end, outcome }: RunResult) => {
      runs += 1;
      if (end.outcome !== "completed" || outcome.final.gap! >= least) return;
      [rate, least] = [Number(/learningRate=(\S+)/.exec(run)![1]), outcome.final.gap!];
    };
    for await (const _ of runExperiment({ ...quadratic, ...change }, { onResult }));
    return { rate, runs };
  }
  // 1000 rates a factor of 1.0069 apart
  const grid = await best({ sweep: { grid: { [path]: { logspace: [1e-3, 1, 1000] } } } });
  expect(grid.runs).toBe(1000);
  // One trial in each 64th of three decades: neighbours are a factor of 1.114 apart in the mean.
  for (const seed of [0, 1, 2, 3]) {
    const found = await best({ search: { seed, trials: 64, space: { [path]: { log: [1e-3, 1] } } } });
    expect(found.runs).toBe(64);
    expect(Math.abs(found.rate / grid.rate - 1), `seed ${seed}: ${found.rate}, grid ${grid.rate}`).toBeLessThan(0.1);
  }
});
