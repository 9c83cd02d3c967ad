import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";

/** A scalar quadratic: gradient descent is done in one step of 1, and diverges beyond 2. */
const config = {
  name: "edge",
  problem: { name: "scalar", start: 3 },
  optimizer: { name: "sgd", learningRate: 0.1 },
  steps: 4,
  stop: { lossAbove: 100 },
  sweep: { grid: { "optimizer.learningRate": { logspace: [0.001, 0.1, 3] } } },
};
const rates = [0.001, 0.01, 0.1];

interface Printed {
  readonly skipped: number;
  readonly runs: readonly { readonly label: string }[];
  readonly comparison: readonly {
    readonly best: string;
    readonly winners: readonly {
      readonly axes: Record<string, number>;
      readonly edges: readonly { readonly side: string; readonly further: number[]; readonly option: string }[];
    }[];
  }[];
}

/** Runs the config in this directory, with what it prints as JSON. */
async function run(directory: string, args: readonly string[] = [], text: object = config) {
  writeFileSync(join(directory, "edge.json"), JSON.stringify(text));
  const { code, stdout, stderr } = await runTool(["edge.json", "--json", "--jobs", "1", ...args], { cwd: directory });
  expect(code, stderr).toBe(0);
  const [printed] = JSON.parse(stdout) as [Printed];
  return { ...printed, stderr, tried: printed.runs.map(({ label }) => Number(/=(\S+)/.exec(label)![1])) };
}

const winnerOf = ({ comparison }: Printed) => comparison[0]!.winners[0]!;

test("the best at the end of an axis is told with what goes on beyond; --extend does it, and a rerun goes as far", async () => {
  const directory = freshDirectory();
  const first = await run(directory);
  expect(first.tried).toEqual(rates);
  expect(winnerOf(first)).toMatchObject({
    axes: { "optimizer.learningRate": 0.1 },
    edges: [{ side: "largest", further: [1, 10], option: "--sweep optimizer.learningRate+=list:1,10" }],
  });

  const extended = await run(directory, ["--extend"]);
  expect(extended.stderr).toMatch(/^the best of sgd has the largest learningRate tried, 0\.1$/m);
  expect(extended.stderr).toMatch(/^extending, round 1 of 3: optimizer\.learningRate goes on with 1, 10$/m);
  // A step of 1 is the best there is, and one of 10 diverges: no second round.
  expect(extended.stderr).not.toMatch(/round 2/);
  expect(extended.tried).toEqual([...rates, 1, 10]);
  expect(extended.skipped).toBe(3);
  expect(winnerOf(extended)).toMatchObject({ axes: { "optimizer.learningRate": 1 }, edges: [] });

  const { config: recorded, extended: by } = JSON.parse(
    readFileSync(join(directory, "results/edge/experiment.json"), "utf8"),
  );
  expect(recorded.sweep.grid["optimizer.learningRate"]).toEqual({ concat: [{ logspace: [0.001, 0.1, 3] }, [1, 10]] });
  expect(by).toEqual({ from: config.sweep, by: [{ path: "optimizer.learningRate", values: [1, 10] }] });

  const again = await run(directory);
  expect([again.tried, again.skipped]).toEqual([[...rates, 1, 10], 5]);
  expect(again.stderr).toMatch(
    /^note: optimizer\.learningRate: with 1, 10 too, by which the sweep was extended before$/m,
  );
  const verified = await runTool(["verify", "results/edge", "--json"], { cwd: directory });
  const checks = JSON.parse(verified.stdout) as { experiment: string; kind: string; detail: string }[];
  const found = checks.filter(({ experiment, kind }) => experiment === "edge" && kind === "run");
  expect(found.map(({ detail }) => detail)).toEqual(["5 finished"]);
});

test("an axis that gets better for ever is extended three times, and no further than the rule allows", async () => {
  // From far away every step of this size is too short; momentum ends below 1.
  const slow = {
    ...config,
    problem: { name: "scalar", start: 1e9 },
    optimizer: { name: "sgd", learningRate: 1e-9 },
    stop: { lossAbove: 1e30 },
    sweep: { grid: { "optimizer.momentum": [0, 0.45, 0.9] } },
  };
  const directory = freshDirectory();
  const { runs, stderr } = await run(directory, ["--extend"], slow);
  // In the spacing of 0.45 the next one is 1.35.
  expect(runs).toHaveLength(3);
  expect(stderr).not.toMatch(/extending/);

  const sweep = { grid: { "optimizer.learningRate": { logspace: [1e-12, 1e-10, 3] } } };
  const far = await run(freshDirectory(), ["--extend"], { ...slow, sweep });
  expect(far.stderr.match(/round \d of 3/g)).toEqual(["round 1 of 3", "round 2 of 3", "round 3 of 3"]);
  // Three at first, then two a round: a quarter of five and seven is less.
  expect(far.runs).toHaveLength(3 + 2 + 2 + 2);
  expect(winnerOf(far).edges).toHaveLength(1);
});

test("--extend needs to see all runs", async () => {
  const { code, stderr } = await runTool(["lars-mnist", "--extend", "--shard", "1/2"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: --extend: it goes by the results of all runs; leave --shard out/);
});
