import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import type { Manifest } from "../../src/results/manifest.js";
import { until } from "../execution/support.js";
import { freshDirectory, root, runTool } from "./tool.js";

type Row = Record<string, string>;
const rowsOf = (path: string) => parse(readFileSync(path), { columns: true }) as Row[];

/** A small network on synthetic digits. */
const network = {
  name: "small",
  problem: { name: "mlp", hidden: [30, 20], bias: false },
  data: { name: "synthetic-digits", train: 600, test: 200 },
  optimizer: { name: "lars", learningRate: { schedule: "polynomial", initial: 0.03 } },
  batchSize: 50,
  epochs: 2,
  backend: "wasm",
};
const scalar = {
  name: "scalar",
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 50,
};

const cache = join(freshDirectory(), "cache");

/** Runs a config in a directory of its own, out/ being the results. */
async function experiment(config: object, args: readonly string[] = [], directory = freshDirectory()) {
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  const env = { RUN_EXPERIMENT_CACHE: cache, MNIST_DIR: "" };
  const ended = await runTool(["config.json", "--out", "out", ...args], { cwd: directory, env });
  return { ...ended, directory, ...resultsIn(directory) };
}

function resultsIn(directory: string) {
  const experiments = existsSync(join(directory, "out")) ? readdirSync(join(directory, "out")) : [];
  const runs = experiments.flatMap((name) => {
    const path = join(directory, "out", name, "runs");
    return readdirSync(path).map((id) => join(path, id));
  });
  const manifests = runs.map((run) => JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as Manifest);
  return { runs, manifests };
}

const bytes = (run: string) => ["trace.csv", "layers.csv"].map((name) => readFileSync(join(run, name), "utf8"));

describe("a network", () => {
  test("announces the backend that auto comes to once", async () => {
    const { code, stderr, stdout } = await experiment({ ...network, epochs: 0.1, backend: "auto" });
    expect(code).toBe(0);
    expect(`${stdout}${stderr}`.match(/^backend \w+ \(/gm)).toHaveLength(1);
  });

  test("that cannot be made leaves no table of runs", async () => {
    const directory = freshDirectory();
    const topology = JSON.parse(readFileSync(join(root, "configs/reference/small.model"), "utf8")) as {
      weightsManifest: { weights: { name: string }[] }[];
    };
    topology.weightsManifest[0]!.weights[0]!.name = "conv/other";
    writeFileSync(join(directory, "model.json"), JSON.stringify(topology));
    writeFileSync(
      join(directory, "small.weights.bin"),
      readFileSync(join(root, "configs/reference/small.weights.bin")),
    );
    const config = { ...network, problem: { name: "model", file: "model.json" } };
    const { code, stdout, stderr } = await experiment(config, [], directory);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^lars seed=0: failed: .*model\.json cannot be loaded: .*conv\/other/m);
    expect(stdout).toMatch(/^\nresults: .*\n$/);
  });

  test("is trained, traced, evaluated and summed up", async () => {
    const { code, stdout, runs, manifests, directory } = await experiment(network);
    expect(code).toBe(0);
    const trace = rowsOf(join(runs[0]!, "trace.csv"));
    const layers = rowsOf(join(runs[0]!, "layers.csv"));
    expect(trace.map(({ step }) => Number(step))).toEqual(Array.from({ length: 25 }, (_, k) => k)); // 2 × 600/50 steps
    for (const column of ["train_loss", "train_accuracy", "test_loss", "test_accuracy"]) {
      expect(trace.filter((row) => row[column] !== "").map(({ step }) => step)).toEqual(["0", "12", "24"]);
    }
    expect(new Set(layers.map(({ layer }) => layer))).toEqual(
      new Set(["dense_1/kernel", "dense_2/kernel", "dense_3/kernel"]),
    );
    expect(layers).toHaveLength(25 * 3);

    // T1 on what was written: the norm ratio is the scheduled learning rate, at every step and layer.
    const rate = new Map(trace.map((row) => [row.step, Number(row.learning_rate)]));
    for (const row of layers.filter(({ step }) => step !== "24")) {
      expect(Math.abs(Number(row.norm_ratio) / rate.get(row.step!)! - 1)).toBeLessThan(1e-4);
    }
    expect(trace[3]!.learning_rate).toBe(String(0.03 * (1 - 3 / 24) ** 2));

    const [summary] = rowsOf(join(directory, "out", "small", "summary.csv"));
    expect(summary).toMatchObject({
      status: "completed",
      optimizer: "lars",
      seed: "0",
      steps: "24",
      backend: "wasm",
      dataset: "synthetic-digits",
    });
    expect(summary!.final_test_accuracy).toBe(trace.at(-1)!.test_accuracy);
    expect(summary!.final_train_loss).toBe(trace.at(-1)!.train_loss);
    const trainLosses = ["0", "12", "24"].map((step) => Number(trace[Number(step)]!.train_loss));
    expect(Number(summary!.best_train_loss)).toBe(Math.min(...trainLosses));
    expect(manifests[0]!.evaluation).toEqual({ trainingExamples: 600, ofTrainingExamples: 600, testExamples: 200 });
    expect(manifests[0]!.config.evaluate).toEqual({ every: "epoch", trainingExamples: 10_000 });
    expect(manifests[0]!.verdicts!["norm-ratio"]).toMatchObject({ outcome: "held", checks: 2 * 24 * 3 });
    expect(stdout).toMatch(/lars seed=0 +completed/);
  });

  test("gives the same bytes again, and others with another seed", async () => {
    const [one, two, other] = [
      await experiment(network),
      await experiment(network),
      await experiment(network, ["--seed", "1"]),
    ];
    expect(bytes(two.runs[0]!)).toEqual(bytes(one.runs[0]!));
    expect(bytes(other.runs[0]!)[0]).not.toBe(bytes(one.runs[0]!)[0]);
    expect(other.manifests[0]!.seed).toBe(1);
  });

  test("falls back to synthetic digits where the config says so, aloud and on record", async () => {
    const data = { name: "mnist", mirrors: [], limit: { train: 600, test: 200 }, whenUnavailable: "synthetic-digits" };
    const { code, stderr, manifests, directory } = await experiment({ ...network, data });
    expect(code).toBe(0);
    expect(stderr).toMatch(/synthetic-digits/);
    expect(manifests[0]!.dataset).toMatchObject({ name: "synthetic-digits", fallbackFor: "mnist" });
    const [summary] = rowsOf(join(directory, "out", "small", "summary.csv"));
    expect(summary).toMatchObject({ dataset: "synthetic-digits", dataset_fallback_for: "mnist" });

    const refused = await experiment({ ...network, data: { ...data, whenUnavailable: undefined } });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/MNIST_DIR/);
    expect(refused.runs).toEqual([]);
  });
});

test("expands optimizers, seeds and a sweep; a dry run prints the matrix and writes nothing", async () => {
  const config = {
    ...scalar,
    optimizer: undefined,
    optimizers: [scalar.optimizer, { ...scalar.optimizer, name: "percent-delta" }],
    seeds: [0, 1],
    sweep: { grid: { "optimizer.learningRate": { logspace: [3.16e-7, 1e-3, 3] } } },
  };
  const dry = await experiment(config, ["--dry-run", "--json"]);
  expect(dry.code).toBe(0);
  expect(dry.runs).toEqual([]);
  const [{ runs }] = JSON.parse(dry.stdout) as [
    { runs: { label: string; config: { optimizer: { learningRate: number } } }[] },
  ];
  expect(runs).toHaveLength(12);
  expect(runs[0]!.config.optimizer.learningRate).toBe(3.16e-7);
  expect(runs.map(({ label }) => label)).toContain("percent-delta learningRate=0.001 seed=1");

  const { manifests, directory } = await experiment(config);
  expect(manifests).toHaveLength(12);
  const summary = rowsOf(join(directory, "out", "scalar", "summary.csv"));
  expect(new Set(summary.map((row) => row["axis.optimizer.learningRate"]))).toContain("3.16e-7");
});

test("--set is typed by the schema", async () => {
  const set = ["optimizer.momentum=0.9", "name=123", "trace.layers=false", "seeds=[4]"].flatMap((one) => [
    "--set",
    one,
  ]);
  const { code, manifests, runs } = await experiment(scalar, set);
  expect(code).toBe(0);
  expect(manifests[0]).toMatchObject({ experiment: "123", seed: 4, config: { optimizer: { momentum: 0.9 } } });
  expect(readdirSync(runs[0]!).sort()).toEqual(["run.json", "timing.csv", "trace.csv", "weights.npz"]);
});

test("extends merges, and another variant replaces", async () => {
  const directory = freshDirectory();
  mkdirSync(join(directory, "base"));
  writeFileSync(
    join(directory, "base", "base.yaml"),
    "name: base\nproblem: {name: scalar, start: 3}\noptimizer: {name: lars, learningRate: 0.1, momentum: 0.5}\nsteps: 7\n",
  );
  const { manifests } = await experiment(
    {
      name: "child",
      extends: "base/base.yaml",
      optimizer: { name: "sgd", learningRate: 0.2 },
      problem: { name: "scalar", curvature: 2 },
    },
    [],
    directory,
  );
  expect(manifests[0]!.config).toMatchObject({
    name: "child",
    steps: 7,
    problem: { start: 3, curvature: 2 },
    optimizer: { name: "sgd", momentum: 0 },
  });
});

test("finished runs are kept; --force makes them again and sets the earlier ones aside", async () => {
  const first = await experiment(scalar);
  const again = await experiment(scalar, [], first.directory);
  expect(again.stdout).toMatch(/1 of the runs had been made before and were kept/);
  expect(again.manifests).toEqual(first.manifests);
  const changed = await experiment({ ...scalar, steps: 60 }, [], first.directory);
  expect(changed.runs).toHaveLength(2);
  const forced = await experiment(scalar, ["--force"], first.directory);
  expect(forced.runs).toHaveLength(3);
  expect(forced.runs.filter((run) => run.endsWith("~1"))).toHaveLength(1);
  expect(rowsOf(join(first.directory, "out", "scalar", "summary.csv"))).toHaveLength(2);
});

test("a changed data file makes a new run beside the old one", async () => {
  const directory = freshDirectory();
  const config = {
    ...scalar,
    name: "file",
    problem: { name: "least-squares", data: { source: "csv", file: "data.csv", target: "y" } },
  };
  writeFileSync(join(directory, "data.csv"), "x,y\n1,2\n2,4\n3,6.5\n");
  const first = await experiment(config, [], directory);
  expect(first.code, first.stderr).toBe(0);
  expect((await experiment(config, [], directory)).runs).toEqual(first.runs);
  writeFileSync(join(directory, "data.csv"), "x,y\n1,2\n2,4\n3,6\n");
  expect((await experiment(config, [], directory)).runs).toHaveLength(2);
});

test("divergence is a recorded result with its partial trace, and the other runs go on", async () => {
  const optimizers = [{ name: "sgd", learningRate: 3 }, scalar.optimizer];
  const { code, manifests, runs, directory } = await experiment({
    ...scalar,
    optimizer: undefined,
    optimizers,
    stop: { lossAbove: 1e6 },
  });
  expect(code).toBe(0);
  expect(manifests.map(({ status }) => status).sort()).toEqual(["completed", "diverged"]);
  const diverged = manifests.findIndex(({ status }) => status === "diverged");
  expect(manifests[diverged]!.stopReason).toMatch(
    /^diverged at step 11: the loss \d+\.\d+ is above the limit 1000000$/,
  );
  expect(rowsOf(join(runs[diverged]!, "trace.csv"))).toHaveLength(12);
  expect(rowsOf(join(directory, "out", "scalar", "summary.csv")).map(({ status }) => status)).toContain("diverged");
});

test("--json prints results for machines, and only that, on standard output", async () => {
  const { stdout, code } = await experiment(scalar, ["--json"]);
  expect(code).toBe(0);
  const [result] = JSON.parse(stdout) as [{ runs: { status: string; steps: number }[] }];
  expect(result.runs).toEqual([expect.objectContaining({ status: "completed", steps: 50 })]);
});

test("Ctrl-C keeps what is there and says so", async () => {
  const directory = freshDirectory();
  writeFileSync(
    join(directory, "config.json"),
    JSON.stringify({ ...scalar, steps: 1e8, bounds: [], trace: { every: 1000 } }),
  );
  const tool = spawn(process.execPath, [join(root, "bin/run-experiment.js"), "config.json", "--out", "out"], {
    cwd: directory,
  });
  let output = "";
  for (const stream of [tool.stdout, tool.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  const ended = new Promise((resolve) => tool.on("exit", resolve));
  // Rows are on the disk a while after the start.
  const results = join(directory, "out", "scalar", "runs");
  const hasRows = (trace: string) => existsSync(trace) && readFileSync(trace, "utf8").includes("\n1000,");
  await until("rows of the trace", () => {
    return existsSync(results) && readdirSync(results).some((id) => hasRows(join(results, id, "trace.csv")));
  });
  tool.kill("SIGINT");
  const code = await ended;
  expect(code).toBe(130);
  expect(output).toMatch(/interrupted: what was finished is kept/);
  const { manifests, runs } = resultsIn(directory);
  expect(manifests[0]!.status).toBe("interrupted");
  const trace = rowsOf(join(runs[0]!, "trace.csv"));
  expect(trace.length).toBeGreaterThan(1);
  expect(Number(trace.at(-1)!.step)).toBeLessThanOrEqual(manifests[0]!.outcome!.steps);
});

test("help and errors of a config cost no TensorFlow", async () => {
  const hook = join(freshDirectory(), "hook.mjs");
  const list = `${hook}.txt`;
  writeFileSync(
    hook,
    `import { writeFileSync } from "node:fs"; import { createRequire } from "node:module";
    process.on("exit", () => writeFileSync(${JSON.stringify(list)}, Object.keys(createRequire(import.meta.url).cache).join("\\n")));`,
  );
  for (const args of [["--help"], ["absent.json"], ["list"]]) {
    await runTool(args, { env: { NODE_OPTIONS: `--import ${hook}` } });
    expect(readFileSync(list, "utf8")).not.toMatch(/tfjs/);
  }
});

const mnist = process.env.MNIST_DIR;
if (!mnist) console.log("MNIST_DIR is not set: training on the original MNIST is skipped");

test.skipIf(!mnist)("configs/lars-mnist.json reaches 98 % on MNIST", async () => {
  const out = freshDirectory();
  const { code } = await runTool(
    ["configs/lars-mnist.json", "--out", out, "--backend", "wasm", "-q", "--set", "trace.every=20"],
    { env: { MNIST_DIR: mnist! } },
  );
  expect(code).toBe(0);
  const [summary] = rowsOf(join(out, "lars-mnist", "summary.csv"));
  expect(summary).toMatchObject({ dataset: "mnist", dataset_fallback_for: "" });
  expect(Number(summary!.final_test_accuracy)).toBeGreaterThanOrEqual(0.98);
});
