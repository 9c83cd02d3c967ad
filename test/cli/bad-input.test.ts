import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "./tool.js";

const good = {
  name: "probe",
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 3,
};
const data = { name: "synthetic-digits", train: 50, test: 10 };
const network = { ...good, problem: { name: "mlp", hidden: [4] }, data, backend: "wasm" };

/** What is wrong, the config's text or object, further arguments, and the line that must come. */
const table: readonly [what: string, config: unknown, args: string[], line: RegExp][] = [
  ["unknown key", { ...good, stepz: 3 }, [], /config: unknown key "stepz"\. Did you mean "steps"\?/],
  [
    "unknown key of an optimizer",
    { ...good, optimizer: { name: "lars", learningRate: 1, momentun: 0.9 } },
    [],
    /optimizer: unknown key "momentun"\. Did you mean "momentum"\?/,
  ],
  ["wrong type", { ...good, steps: "many" }, [], /steps: expected a number \(.*\); got "many"/],
  [
    "negative learning rate",
    { ...good, optimizer: { name: "lars", learningRate: -0.1 } },
    [],
    /optimizer\.learningRate: expected a number > 0 \(.*\); got -0\.1/,
  ],
  [
    "NaN learning rate",
    "name: probe\nproblem: {name: scalar}\noptimizer: {name: lars, learningRate: .nan}\nsteps: 3\n",
    [],
    /optimizer\.learningRate: fits none of the accepted forms \(λ_k: a positive number, or a schedule\); got NaN/,
  ],
  [
    "unknown optimizer",
    { ...good, optimizer: { name: "larz", learningRate: 0.1 } },
    [],
    /optimizer\.name: expected one of "sgd", "lars".*got "larz"\. Did you mean "lars"\?/,
  ],
  [
    "unknown schedule",
    { ...good, optimizer: { name: "lars", learningRate: { schedule: "polinomial", initial: 1 } } },
    [],
    /optimizer\.learningRate\.schedule: expected one of .*Did you mean "polynomial"\?/,
  ],
  ["unknown bound", { ...good, bounds: ["best-iterrate"] }, [], /bounds.*Did you mean "best-iterate"\?/],
  [
    "duplicate names",
    { ...good, optimizer: undefined, optimizers: [good.optimizer, good.optimizer] },
    [],
    /optimizers: two are called "lars"; give each a label/,
  ],
  [
    "empty optimizers",
    { ...good, optimizer: undefined, optimizers: [] },
    [],
    /optimizers: expected a list with ≥ 1 entry/,
  ],
  ["no optimizer", { ...good, optimizer: undefined }, [], /give either optimizer \(one\) or optimizers \(a list\)/],
  ["duplicate seeds", { ...good, seeds: [1, 1] }, [], /the run "lars seed=1" occurs twice/],
  ["zero steps", { ...good, steps: 0 }, [], /steps: expected a number > 0/],
  ["steps and epochs", { ...good, epochs: 1 }, [], /give either steps or epochs/],
  ["invalid YAML", "name: [probe\nproblem: 1\n", [], /config:2:1: invalid YAML: /],
  [
    "an alias bomb",
    // 9⁴ aliases of aliases in five short lines.
    `a: &a [x]\nb: &b [${"*a,".repeat(9)}]\nc: &c [${"*b,".repeat(9)}]\nd: &d [${"*c,".repeat(9)}]\ne: [${"*d,".repeat(9)}]\n`,
    [],
    /Excessive alias count/,
  ],
  ["__proto__", '{"name": "probe", "__proto__": {"steps": 3}}', [], /unknown key "__proto__"/],
  ["__proto__ by --set", good, ["--set", "__proto__.steps=3"], /unknown key "__proto__"/],
  ["not an object", "just text", [], /expected an object with keys such as/],
  ["a path as name", { ...good, name: "../elsewhere" }, [], /name: expected letters, digits.*no path separators/],
  ["a hidden name", { ...good, name: ".git" }, [], /name: expected letters/],
  [
    "batch size above the data set's",
    { ...network, batchSize: 51 },
    [],
    /batchSize: got 51, but there are only 50 training examples/,
  ],
  ["batch size without examples", { ...good, batchSize: 2 }, [], /batchSize: problem scalar has no examples/],
  [
    "a network in float64",
    { ...network, batchSize: 10, backend: "float64" },
    [],
    /problem mlp: it needs tensors, which are float32/,
  ],
  ["a network without data", { ...network, data: undefined }, [], /data: problem mlp needs a data set/],
  [
    "an exclusion that matches nothing",
    { ...good, optimizer: { ...good.optimizer, exclude: ["*/bias"] } },
    [],
    /"\*\/bias" matches no layer; the layers are w/,
  ],
  [
    "an unknown path in a sweep",
    { ...good, sweep: { grid: { "optimizer.momentun": [0.5] } } },
    [],
    /optimizer: unknown key "momentun"\. Did you mean "momentum"\? \(in the run lars momentun=0\.5 seed=0\)/,
  ],
  [
    "zipped axes of different length",
    { ...good, sweep: { zip: { steps: [1, 2], "optimizer.learningRate": [1] } } },
    [],
    /sweep\.zip: all axes must have the same number of values, but steps has 2, optimizer\.learningRate has 1/,
  ],
  ["--set without a value", good, ["--set", "steps"], /--set steps: expected path=value/],
  ["an unknown option", good, ["--colour"], /unknown option '--colour'/],
  ["an unknown backend", good, ["--backend", "wasn"], /backend: expected one of .*Did you mean "wasm"\?/],
  ["a backend that is not there", { ...network, batchSize: 10 }, ["--backend", "cuda"], /backend cuda: .+/],
];

test.concurrent.each(table)("%s: one clear line, exit code 2, nothing written", async (_, config, args, line) => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config"), typeof config === "string" ? config : JSON.stringify(config));
  const env = { RUN_EXPERIMENT_CACHE: join(directory, ".cache") };
  const { code, stdout, stderr } = await runTool(["config", ...args], { cwd: directory, env });
  const lines = stderr
    .trim()
    .split("\n")
    .filter((text) => !text.startsWith("(run-experiment --help") && text !== "");
  expect(lines.at(-1)).toMatch(line);
  expect(lines).toHaveLength(1);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(readdirSync(directory).filter((name) => name !== ".cache")).toEqual(["config"]);
});

test.each([
  ["a missing file", "absent.json", /cannot read config absent\.json: no such file/],
  ["a directory", "directory", /directory is a directory; expected a YAML or JSON config file/],
])("%s as config", async (_, path, line) => {
  const directory = freshDirectory();
  mkdirSync(join(directory, "directory"));
  const { code, stderr } = await runTool([path], { cwd: directory });
  expect(stderr).toMatch(line);
  expect(code).toBe(2);
});

test("a results directory that cannot be made", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config"), JSON.stringify(good));
  writeFileSync(join(directory, "file"), "");
  const { code, stderr } = await runTool(["config", "--out", "file/results", "-q"], { cwd: directory });
  expect(stderr).toMatch(/^error: cannot create file\/results\/probe: ENOTDIR.*\n$/);
  expect(code).toBe(2);
});

test.each([
  ["extends itself", { extends: "config" }, /extends itself/],
  ["extends what is not there", { extends: "base.yaml" }, /cannot read config .*base\.yaml: no such file/],
  ["extends a number", { extends: 3 }, /extends: expected the path of a config/],
])("a config that %s", async (_, config, line) => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config"), JSON.stringify(config));
  const { code, stderr } = await runTool(["config"], { cwd: directory });
  expect(stderr).toMatch(line);
  expect(code).toBe(2);
});

test("IDX files that are truncated are named and refused", async () => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "train-images-idx3-ubyte"), Buffer.from([0, 0, 8, 3, 0, 0, 0, 9]));
  writeFileSync(
    join(directory, "config"),
    JSON.stringify({
      ...network,
      batchSize: 10,
      data: { name: "mnist", directory: ".", mirrors: [], whenUnavailable: "synthetic-digits" },
    }),
  );
  const { code, stderr } = await runTool(["config"], { cwd: directory });
  expect(stderr).toMatch(/train-images-idx3-ubyte/);
  expect(code).toBe(2);
  expect(readdirSync(directory).sort()).toEqual(["config", "train-images-idx3-ubyte"]);
});
