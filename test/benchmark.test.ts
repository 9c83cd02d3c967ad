import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { chosenCases } from "../scripts/benchmark/cases.js";
import { enginesOn } from "../scripts/benchmark/engines.js";
import { machineFacts } from "../scripts/benchmark/machine.js";
import { deviation, measure } from "../scripts/benchmark/measure.js";
import { measurements, pageOf } from "../scripts/benchmark/page.js";
import { csvOf, type Row, rowsOf } from "../scripts/benchmark/rows.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const python = process.env.PYTHON ?? "python3";

function hasLibrary(name: string): boolean {
  return spawnSync(python, ["-c", `import ${name}`]).status === 0;
}

describe("a benchmark of one step of each kind", () => {
  const out = mkdtempSync(join(tmpdir(), "run-experiment-test-"));
  const args = ["softmax", "quadratic-10-traced", "--quick", "--rounds", "1", "--out", out];
  let printed: string;
  let page: string;
  let rows: readonly Row[];

  beforeAll(async () => {
    const ended = await promisify(execFile)(process.execPath, ["scripts/benchmark.js", ...args], { cwd: root });
    printed = ended.stdout;
    page = readFileSync(join(out, "benchmarks.md"), "utf8");
    rows = rowsOf(readFileSync(join(out, "benchmarks.csv"), "utf8"));
  });

  test("writes a page and a CSV that agree", () => {
    expect(page).toContain(measurements(rows));
    expect(rowsOf(csvOf(rows))).toEqual(rows);
  });

  test("takes a figure of every engine, and tells of those that are not there", () => {
    for (const { figures } of rows) expect(figures).toEqual([expect.toSatisfy((figure: number) => figure > 0)]);
    const engines = rows.map(({ engine }) => engine.replace(/, Node .*/, ""));
    expect(engines).toEqual(expect.arrayContaining(["wasm", "float64"]));
    const all = ["tensorflow", "webgpu", "PyTorch, 1 thread", "JAX and optax, jit", "NumPy"];
    for (const engine of all.filter((one) => !engines.includes(one))) {
      expect(page).toMatch(new RegExp(`^- ${engine}.*: .+`, "m"));
      expect(printed).toMatch(new RegExp(`^left out: ${engine}.*: .+`, "m"));
    }
  });

  test.skipIf(!hasLibrary("numpy")).each([
    ["softmax", 1e-5],
    ["quadratic-10-traced", 1e-12],
  ])("%s: the first steps of NumPy have our loss and norms", (name, tolerance) => {
    const [numpy] = rows.filter((row) => row.case === name && row.engine === "NumPy");
    expect(numpy?.deviation).toBeLessThan(tolerance);
  });

  test.skipIf(!hasLibrary("torch"))("the first steps of PyTorch have our loss and norms", () => {
    const found = rows.filter(({ engine }) => engine === "PyTorch, 1 thread");
    expect(found.map((row) => row.case)).toEqual(["softmax", "quadratic-10-traced"]);
    for (const row of found) expect(row.deviation).toBeLessThan(1e-5);
  });
});

/** Two steps of one layer. */
const steps = [
  { loss: 4, layers: [[2, 10, 0.5]] },
  { loss: 3, layers: [[1, 20, 0.25]] },
];
const [first, second] = steps as [(typeof steps)[0], (typeof steps)[0]];

test.each<[string, typeof steps, boolean, number]>([
  ["the same steps", steps, true, 0],
  ["another loss: |3 − 3.3|/3", [first, { ...second, loss: 3.3 }], true, 0.1],
  ["another update: |0.25 − 0.2|/0.25", [first, { ...second, layers: [[1, 20, 0.2]] }], true, 0.2],
  ["another first gradient: |10 − 5|/10", [{ ...first, layers: [[2, 5, 0.5]] }, second], true, 0.5],
  ["a later gradient, where gradients jump", [first, { ...second, layers: [[1, 5, 0.25]] }], true, 0],
  ["a later gradient, where they do not: |20 − 5|/20", [first, { ...second, layers: [[1, 5, 0.25]] }], false, 0.75],
  ["a step less", [first], true, Number.POSITIVE_INFINITY],
  ["a layer less", [first, { ...second, layers: [] }], true, Number.POSITIVE_INFINITY],
  ["no number", [first, { ...second, loss: Number.NaN }], true, Number.POSITIVE_INFINITY],
  ["nothing", [], true, Number.POSITIVE_INFINITY],
])("how far two computations are apart: %s", (_, others, gradientJumps, apart) => {
  expect(deviation(steps, others, gradientJumps)).toBeCloseTo(apart, 12);
});

const contender = (name: string, seconds: readonly number[], loss: number, isPeer: boolean) => {
  const left = [...seconds];
  return { name, isPeer, measure: async () => left.shift() as number, firstSteps: async () => [{ ...first, loss }] };
};

const shown = {
  name: "race",
  section: "networks",
  title: "A race",
  unit: "ms",
  tolerance: 1e-3,
} as const;
const context = { engines: [], directory: "", effort: 1 };

test("figures are medians over rounds, in the case's unit, and ratios those of medians", async () => {
  const race = {
    ...shown,
    contenders: async () => [
      contender("ours", [0.002, 0.009, 0.003], 4, false),
      contender("theirs", [0.006, 0.004, 0.008], 4.0008, true),
    ],
  };
  const rows = await measure(race, context, 3);
  expect(rows.map(({ figures }) => figures)).toEqual([
    [2, 9, 3],
    [6, 4, 8],
  ]);
  // 3/6, and |4 − 4.0008|/4
  expect(measurements(rows)).toBe(
    `## Networks

\`race\`: A race

|  | ms | least – most | × theirs | deviation |
| --- | --- | --- | --- | --- |
| **ours** | 3 | 2 – 9 | 0.5 |  |
| theirs | 6 | 4 – 8 | 1 | 2e-4 |`,
  );
  expect(csvOf(rows).split("\n")[1]).toMatch(/^networks,race,A race,ours,ms,3,3,2,9,,0.5$/);
});

test("contenders that compute something else are not compared", async () => {
  const race = {
    ...shown,
    contenders: async () => [contender("ours", [1], 4, false), contender("theirs", [1], 4.01, true)],
  };
  await expect(measure(race, context, 1)).rejects.toThrow("race: theirs does not compute what ours does");
});

const facts = {
  date: new Date(0),
  command: "npm run benchmark",
  machine: {},
  cores: 2,
  load: 0.2,
  rounds: 5,
  effort: 1,
  leftOut: [],
};

test.each([
  ["a busy machine", { load: 1.5, effort: 1 }, "The machine had other work to do"],
  ["a quick look", { load: 0, effort: 0.1 }, "A quick look"],
])("the page of %s says that it is not to be quoted", (_, state, warning) => {
  for (const isOnGpu of [false, true]) {
    expect(pageOf([], { ...facts, isOnGpu, ...state })).toContain(`**${warning}`);
    expect(pageOf([], { ...facts, isOnGpu })).not.toContain("not to be quoted");
  }
});

describe("on a GPU", () => {
  const engines = enginesOn([{ version: "24.0.0", path: process.execPath }], true);

  test("every case is one that a backend on a GPU has a part in", () => {
    expect(new Set(chosenCases([], true).map(({ section }) => section))).toEqual(
      new Set(["networks", "cost against width", "cost against batch size", "cost against layers", "sweeps", "start"]),
    );
    expect(chosenCases(["start"], true).map(({ name }) => name)).toEqual(["start-first-step"]);
    expect(chosenCases(["softmax", "lenet"], true)).toEqual(chosenCases(["softmax", "lenet"], false));
  });

  test("the first peers, to which tables of scaling have their ratios, are on the GPU, the others on all cores", () => {
    const cores = cpus().length;
    expect(engines.filter(({ isPeer }) => isPeer).map(({ name }) => name)).toEqual([
      "PyTorch, GPU",
      "JAX and optax, jit, GPU",
      `PyTorch, ${cores} thread${cores > 1 ? "s" : ""}`,
      "JAX and optax, jit",
    ]);
  });

  test("the page says which GPU, and tells of CPUs elsewhere", async () => {
    const race = {
      ...shown,
      section: "cost against width",
      contenders: async () => [
        contender("webgpu, Node 24", [0.002], 4, false),
        contender("PyTorch, GPU", [0.001], 4, true),
      ],
    };
    const rows = await measure(race, context, 1);
    const started = engines.map((engine) =>
      engine.backend === "webgpu" ? { ...engine, device: "GPU, WebGPU, a card (buffers up to 4 GiB)" } : engine,
    );
    const page = pageOf(rows, { ...facts, isOnGpu: true, machine: machineFacts(started) });
    expect(page).toContain("# Benchmarks on a GPU\n");
    expect(page).toContain("| GPU | WebGPU, a card (buffers up to 4 GiB) |");
    expect(page).toContain("In brackets: how many times that of PyTorch, GPU.");
    expect(page).toContain("| A race | 2 (2 ×) | 1 |");
    expect(page).toContain("(benchmarks.md)");
    expect(page).not.toMatch(/NumPy|Convex/);
    expect(machineFacts(engines)).not.toHaveProperty("GPU");
  });

  test("a benchmark ends with one line where this tool finds none", () => {
    const { status, stderr } = spawnSync(process.execPath, ["scripts/benchmark.js", "--gpu", "softmax", "--quick"], {
      cwd: root,
      encoding: "utf8",
      env: { ...process.env, CUDA_VISIBLE_DEVICES: "", RUN_EXPERIMENT_WEBGPU_ADAPTER: "no such adapter" },
    });
    expect([status, stderr.trim().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toMatch(/^--gpu: this tool can compute on no GPU here; .*backend cuda: .+; backend webgpu: .+/);
  });
});

test("the committed page tells how it is done as a new one would", () => {
  const text = readFileSync(join(root, "docs/benchmarks.md"), "utf8");
  const [introduction, ...rest] = pageOf([], { ...facts, isOnGpu: false }).split(/\n\n(?=\||## )/);
  expect(text.startsWith(`${introduction}\n`)).toBe(true);
  expect(text.endsWith(rest.slice(1).join("\n\n"))).toBe(true);
});

test.each(["benchmarks", "benchmarks-gpu"])("the committed page %s shows what its CSV says", (name) => {
  const read = (ending: string) => readFileSync(join(root, "docs", name + ending), "utf8");
  expect(read(".md")).toContain(measurements(rowsOf(read(".csv"))));
});

test.each([
  [["nothing-like-it"], 'no case or section begins with "nothing-like-it"; there are softmax, mlp'],
  [["--gpu", "quadratic-10"], 'no case or section begins with "quadratic-10"; there are softmax, mlp'],
  [["--rounds", "0"], "--rounds 0: expected a whole number from 1 on"],
  [["--node", "/nowhere/node"], "--node /nowhere/node: expected the path of a Node, or a version that npm has"],
  [["--slow"], "Unknown option '--slow'"],
])("a benchmark that is asked for with %s ends with one line", (args, line) => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/benchmark.js", ...args], {
    cwd: root,
    encoding: "utf8",
  });
  expect([status, stderr.trim().split("\n").length]).toEqual([2, 1]);
  expect(stderr).toContain(line);
});
