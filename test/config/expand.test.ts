import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { countRuns, expand, runsOf } from "../../src/config/expand.js";
import { experimentOf } from "../../src/config/load.js";

const base = { name: "one", problem: { name: "quadratic" }, optimizer: { name: "lars", learningRate: 0.1 }, steps: 3 };
const network = { ...base, problem: { name: "mlp" }, data: { name: "synthetic-digits" } };
const { optimizer: _, ...none } = base;

const of = (change: object, config: object = base) => experimentOf({ ...config, ...change }, "here", builtIn);

test("a run has its label, its optimizer, its axes and every default", async () => {
  const optimizers = [base.optimizer, { name: "sgd", learningRate: 1, label: "plain" }];
  const sweep = { grid: { "optimizer.momentum": [0.5], trace: [{ every: 2 }] } };
  const runs = expand(await of({ optimizers, sweep, seeds: [3], $schema: "x", plugins: [], expect: [] }, none));
  const axes = { "optimizer.momentum": 0.5, trace: { every: 2 } };
  expect(runs).toMatchObject([
    {
      ...{ label: 'lars momentum=0.5 trace={"every":2} seed=3', optimizer: "lars", axes, directory: "here" },
      config: { seed: 3, steps: 3, optimizer: { name: "lars", momentum: 0.5 }, trace: { every: 2, layers: true } },
    },
    { label: 'plain momentum=0.5 trace={"every":2} seed=3', optimizer: "plain", axes },
  ]);
  for (const { config } of runs) {
    for (const key of ["seeds", "sweep", "expect", "slurm", "$schema", "plugins", "optimizers", "epochs"]) {
      expect(config).not.toHaveProperty(key);
    }
  }
});

test("a cell's own options are read anew, whatever the one before had", async () => {
  const sweep = [
    { grid: { "problem.dimension": [2, 3] } },
    { grid: { steps: [5] } },
    { grid: { "stop.lossAbove": [7] } },
  ];
  const found = expand(await of({ sweep, seeds: [0, 1] })).map(({ config }) => [
    (config.problem as unknown as { dimension: number }).dimension,
    config.steps,
    config.stop.lossAbove,
    config.seed,
  ]);
  const dimension = found.at(-1)![0];
  expect(found).toEqual(
    [
      [2, 3, 1e30],
      [3, 3, 1e30],
      [dimension, 5, 1e30],
      [dimension, 3, 7],
    ].flatMap((cell) => [0, 1].map((seed) => [...cell, seed])),
  );
});

describe("what depends on each other", () => {
  test.each<[what: string, config: object, message: string | undefined]>([
    ["neither steps nor epochs", { ...base, steps: undefined }, "give either steps or epochs"],
    ["both", { ...base, epochs: 1 }, "give either steps or epochs"],
    ["epochs", { ...base, steps: undefined, epochs: 1 }, undefined],
    ["no data", { ...network, data: undefined }, "data: problem mlp needs a data set, such as data: {name: mnist}"],
    ["data", network, undefined],
    ["data of its own", { ...base, data: network.data }, "data: problem quadratic makes its own data; leave data out"],
    [
      "float32 on the host",
      { ...base, precision: "float32", backend: "float64" },
      "precision float32 contradicts backend float64",
    ],
    [
      "float64 on tensors",
      { ...base, precision: "float64", backend: "cpu" },
      "precision float64 contradicts backend cpu, whose tensors are float32; use backend float64",
    ],
    ["float64 on the host", { ...base, precision: "float64", backend: "float64" }, undefined],
    ["float64 anywhere", { ...base, precision: "float64", backend: "auto" }, undefined],
    ["float32 on tensors", { ...base, precision: "float32", backend: "cpu" }, undefined],
    ["tensors", { ...base, backend: "cpu" }, undefined],
    ["the host", { ...base, backend: "float64" }, undefined],
  ])("%s", async (_, config, message) => {
    const experiment = await of({}, config);
    if (message === undefined) expect(expand(experiment)).toHaveLength(1);
    else expect(() => expand(experiment)).toThrow(new ExperimentError(`config: ${message}`));
  });
});

describe("runs that cannot be", () => {
  test("two optimizers of one name", async () => {
    const optimizers = [base.optimizer, { name: "sgd", learningRate: 1, label: "lars" }];
    const experiment = await of({ optimizers }, none);
    expect(() => expand(experiment)).toThrow('config: optimizers: two are called "lars"; give each a label of its own');
  });

  test("a value of an axis that does not fit, and in which run", async () => {
    const swept = await of({ sweep: { grid: { "optimizer.momentum": [0.5, "fast"] } } });
    expect(() => expand(swept)).toThrow(/^config: optimizer\.momentum: .* \(in the run lars momentum=fast seed=0\)$/);
    const unknown = await of({ sweep: { grid: { stepps: [1] } } });
    expect(() => expand(unknown)).toThrow(/^config: .*stepps.* \(in the run lars stepps=1 seed=0\)$/);
  });

  test("the same run twice", async () => {
    const message = 'config: the run "lars seed=3" occurs twice; a seed or a sweep value is listed more than once';
    const experiment = await of({ seeds: [3, 4, 3] });
    expect(() => expand(experiment)).toThrow(message);
    const runs = runsOf(experiment);
    expect([runs.next().value, runs.next().value]).toMatchObject([{ label: "lars seed=3" }, { label: "lars seed=4" }]);
    expect(() => runs.next()).toThrow(message);
  });
});

describe("how many runs there are", () => {
  test.each<[change: object, count: number]>([
    [{}, 1],
    [{ seeds: [1, 2, 3] }, 3],
    [{ sweep: { grid: { steps: [1, 2] } } }, 2],
    [{ sweep: { grid: { steps: [1, 2] } }, seeds: { range: [0, 5, 1] } }, 10],
    [{ seeds: { range: [0, 1_000_000, 1] } }, 1_000_000],
  ])("%j", async (change, count) => {
    expect(countRuns(await of(change))).toBe(count);
    const optimizers = [base.optimizer, { name: "sgd", learningRate: 1 }];
    if (count < 100) expect(countRuns(await of({ ...change, optimizers }, none))).toBe(2 * count);
  });

  test.each<[change: object, message: string]>([
    [{ sweep: { grid: { steps: { range: [1, 1, 1] } } } }, "the sweep has no values, so there is nothing to run"],
    [{ seeds: { range: [1, 1, 1] } }, "the sweep has no values, so there is nothing to run"],
    [
      { seeds: { range: [0, 1_000_001, 1] } },
      "the sweep and the seeds make 1000001 runs (1 × 1 optimizers × 1000001 seeds); expected at most 1000000",
    ],
    [
      { sweep: { zip: { steps: [1], "problem.dimension": [2, 3] } } },
      "sweep.zip: all axes must have the same number of values, but steps has 1, problem.dimension has 2",
    ],
  ])("not %j", async (change, message) => {
    const experiment = await of(change);
    expect(() => countRuns(experiment)).toThrow(new ExperimentError(`config: ${message}`));
    expect(() => runsOf(experiment).next()).toThrow(new ExperimentError(`config: ${message}`));
  });
});
