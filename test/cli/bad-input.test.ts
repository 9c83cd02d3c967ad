import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, measuringMemory, runTool } from "./tool.js";

const good = {
  name: "probe",
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 3,
};
const goodYaml = "name: probe\nproblem: {name: scalar}\noptimizer: {name: lars, learningRate: 0.1}\nsteps: 3\n";
const circular = /: an alias \(\*\) stands inside what it stands for; expected a tree of values/;
const sweepOf = (axes: object) => ({ ...good, sweep: { grid: axes } });
const tooLarge = (problem: string, size: string) =>
  new RegExp(`problem ${problem}: it would take at least ${size} of memory, and there are .* here; make it smaller`);
const rates = { "optimizer.learningRate": { log: [0.01, 1] } };
const halving = { trials: 4, space: rates, successiveHalving: { rungs: 2, factor: 2 } };
const data = { name: "synthetic-digits", train: 50, test: 10 };
const network = { ...good, problem: { name: "mlp", hidden: [4] }, data, backend: "wasm" };

/** What is wrong, the config's text or object, further arguments, and the line that must come. */
const table: readonly [what: string, config: unknown, args: string[], line: RegExp][] = [
  [
    "unknown key",
    { ...good, stepz: 3 },
    [],
    /config: unknown key "stepz"\. Did you mean "steps"\? Valid keys: name, description, problem, .*, extends$/,
  ],
  [
    "unknown key of an optimizer",
    { ...good, optimizer: { name: "lars", learningRate: 1, momentun: 0.9 } },
    [],
    /optimizer: unknown key "momentun"\. Did you mean "momentum"\? Valid keys: name, trustCoefficient, .*, convention$/,
  ],
  [
    "unknown key deep inside",
    { ...good, optimizer: { name: "lars", learningRate: { schedule: "step", initial: 1, milestones: [1], facto: 2 } } },
    [],
    /optimizer\.learningRate: unknown key "facto"\. Did you mean "factor"\? Valid keys: schedule, initial, warmupSteps, factor, milestones$/,
  ],
  [
    "a key that fits none of several forms",
    { ...good, seeds: { rnge: [0, 3, 1] } },
    [],
    /seeds: unknown key "rnge"\. Did you mean "range"\? Valid keys: list, range, linspace, logspace, concat$/,
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
    // 9⁸ aliases of aliases in nine short lines.
    [..."bcdefghi"]
      .map((name, i) => `${name}: &${name} [${`*${"abcdefgh"[i]},`.repeat(9)}]\n`)
      .reduce((all, one) => all + one, "a: &a [x]\n"),
    [],
    /config: more than 200000 values, aliases \(\*\) followed; expected a page or two/,
  ],
  [
    "many aliases",
    `a: &a 1\nb: [${"*a,".repeat(1001)}]\n`,
    [],
    /config:2:3005: invalid YAML: more than 1000 aliases \(\*\)/,
  ],
  ["an alias within what it stands for", `${goodYaml}description: &a {x: *a}\n`, [], circular],
  ["the same in a sweep", `${goodYaml}sweep: {grid: &g {steps: [1, *g]}}\n`, [], circular],
  ["the same in --sweep", good, ["--sweep", "steps=list:&a [*a]"], circular],
  ["the same in --set", good, ["--set", "problem=&a {x: *a}"], circular],
  ["an alias of nothing", `${goodYaml}description: *a\n`, [], /config: Unresolved alias .*: a$/],
  ["one key twice", `${goodYaml}steps: 4\n`, [], /config:5:1: invalid YAML: the key steps occurs twice/],
  [
    "many keys",
    { ...good, ...Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1])) },
    [],
    /config: unknown keys "k0", "k1", "k2", "k3", "k4" and 19995 more\. Valid keys: name, /,
  ],
  [
    "500,000 keys",
    Array.from({ length: 500_000 }, (_, i) => `k${i}: 1\n`).join(""),
    [],
    /config has 5388890 bytes, more than 250000; expected a YAML or JSON config file/,
  ],
  [
    "deep nesting",
    `${goodYaml}description: ${"[".repeat(20_000)}`,
    [],
    /config:5:\d+: invalid YAML: nested too deeply/,
  ],
  ["two documents", `${goodYaml}---\n${goodYaml}`, [], /config:5:1: invalid YAML: a second document begins \(---\)/],
  ["a tag", `${goodYaml}description: !!js/function x\n`, [], /config:5:14: invalid YAML: Unresolved tag/],
  [
    "a list as a key",
    `${goodYaml}? [1, 2]\n: 3\n`,
    [],
    /config:5:3: invalid YAML: a list, an object or an alias stands as a key/,
  ],
  ["a merge key", `${goodYaml}<<: {steps: 4}\n`, [], /config: unknown key "<<"/],
  ["a tab as indentation", `${goodYaml}data:\n\tname: mnist\n`, [], /config:6:1: invalid YAML: Tabs are not allowed/],
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
    /optimizer: unknown key "momentun"\. Did you mean "momentum"\? Valid keys: .* \(in the run lars momentun=0\.5 seed=0\)/,
  ],
  [
    "zipped axes of different length",
    { ...good, sweep: { zip: { steps: [1, 2], "optimizer.learningRate": [1] } } },
    [],
    /sweep\.zip: all axes must have the same number of values, but steps has 2, optimizer\.learningRate has 1/,
  ],
  [
    "a billion seeds",
    { ...good, seeds: { range: [0, 1e9, 1] } },
    [],
    /make 1000000000 runs .*; expected at most 1000000/,
  ],
  ["a billion values", sweepOf({ "optimizer.learningRate": { linspace: [0.1, 1, 1e9] } }), [], /make 1000000000 runs/],
  [
    "the same in constant ratio",
    sweepOf({ "optimizer.learningRate": { logspace: [0.1, 1, 1e9] } }),
    [],
    /make 1000000000 runs/,
  ],
  ["the same by --sweep", good, ["--sweep", "steps=range:0:1e9:1"], /make 1000000000 runs/],
  [
    "more values than a number can count",
    { ...good, seeds: { range: [0, 1e300, 1e-10] } },
    ["--dry-run"],
    /make Infinity runs/,
  ],
  [
    "a trillion combinations",
    sweepOf({ steps: { range: [1, 1_000_001, 1] }, "problem.start": { linspace: [1, 2, 1e6] } }),
    ["--dry-run"],
    /make 1000000000000 runs/,
  ],
  [
    "a search without trials",
    { ...good, search: { space: rates } },
    [],
    /search\.trials: expected a number .*it is missing/,
  ],
  [
    "a search by a method that is not there",
    { ...good, search: { trials: 2, space: rates, method: "sobol" } },
    [],
    /search\.method: expected one of "halton", "random"; got "sobol"/,
  ],
  [
    "a search over an interval whose ends are the wrong way round",
    { ...good, search: { trials: 2, space: { "optimizer.learningRate": { log: [1, 0.1] } } } },
    [],
    /search\.space\.optimizer\.learningRate\.log: expected \[low, high\], the smaller number first/,
  ],
  [
    "a search over rates down to zero in constant ratio",
    { ...good, search: { trials: 2, space: { "optimizer.learningRate": { log: [0, 0.1] } } } },
    [],
    /search\.space\.optimizer\.learningRate\.log\[0\]: expected a number > 0/,
  ],
  [
    "a search over an option that is not there",
    { ...good, search: { trials: 2, space: { "optimizer.momentun": { choice: [0, 1] } } } },
    [],
    /optimizer: unknown key "momentun"\. Did you mean "momentum"\? Valid keys: .* \(in the run lars momentun=\d seed=0\)/,
  ],
  [
    "more trials than there are points",
    { ...good, search: { trials: 3, space: { steps: { choice: [1, 2] } } } },
    [],
    /search\.trials: got 3, but the space of lars has only 2 different points; use at most that, or a larger space/,
  ],
  [
    "a billion trials",
    { ...good, search: { trials: 1e9, space: rates } },
    [],
    /make 1000000000 runs \(1 × 1 optimizers × 1000000000 trials × 1 seeds\); expected at most 1000000/,
  ],
  [
    "rungs before the first evaluation",
    { ...good, search: { ...halving, successiveHalving: { rungs: 3, factor: 2 } } },
    [],
    /search\.successiveHalving: the first of 3 rungs of lars learningRate=\S+ seed=0 ends at step 0\.75, before an evaluation \(they come every 1\); use fewer rungs, a smaller factor or more steps, or evaluate and trace more often/,
  ],
  [
    "rungs of runs that are evaluated at their end alone",
    { ...good, steps: 100, evaluate: "end", search: halving },
    [],
    /ends at step 50, before an evaluation \(there is none but that at the end\); use fewer rungs/,
  ],
  [
    "rungs in shards",
    { ...good, steps: 100, search: halving },
    ["--shard", "1/2"],
    /--shard: successiveHalving compares all trials/,
  ],
  [
    "a sweep of __proto__",
    good,
    ["--sweep", "__proto__=list:1,2"],
    /--sweep __proto__=list:1,2: unknown key "__proto__"/,
  ],
  ["a sweep through __proto__", good, ["--sweep", "optimizer.__proto__.x=list:1,2"], /unknown key "__proto__"/],
  [
    "--set of a list's length",
    { ...good, seeds: [1, 2] },
    ["--set", "seeds.length=0"],
    /--set seeds\.length=0: unknown key "length"/,
  ],
  ["a nameless results directory", good, ["--out", ""], /--out: expected text of ≥ 1 characters; got ""/],
  ["a results directory where there can be none", good, ["--out", "/proc/x"], /cannot create \/proc\/x\/probe: ENOENT/],
  // 4 copies of 4 bytes: 16·(784·10⁹ + 10⁹ + 10·10⁹ + 10)/2³⁰ = 11846.
  [
    "a layer that fits no machine",
    { ...network, problem: { name: "mlp", hidden: [1e9] } },
    [],
    tooLarge("mlp", "11846 GiB"),
  ],
  // 16·(784·4·10⁵ + (4·10⁵)² + 10·4·10⁵ + 8·10⁵ + 10)/2³⁰ = 2389.
  [
    "layers that fit no machine",
    { ...network, problem: { name: "mlp", hidden: [400_000, 400_000] } },
    [],
    tooLarge("mlp", "2389 GiB"),
  ],
  // Three matrices of 8 bytes an entry: 8·3·10¹⁸/2³⁰ = 2.2·10¹⁰.
  [
    "a matrix that fits no machine",
    { ...good, problem: { name: "quadratic", dimension: 1e9 } },
    [],
    tooLarge("quadratic", "2\\.2e\\+10 GiB"),
  ],
  // Ten features and a target: 8·11·10¹²/2³⁰ = 81956.
  [
    "examples that fit no machine",
    { ...good, problem: { name: "least-squares", data: { examples: 1e12 } } },
    [],
    tooLarge("least-squares", "81956 GiB"),
  ],
  // 8·3·10¹²/2³⁰ = 22352.
  [
    "targets that fit no machine",
    { ...good, problem: { name: "scalar", target: { count: 1e12, from: { distribution: "normal" } } } },
    [],
    tooLarge("scalar", "22352 GiB"),
  ],
  [
    "examples too large to compute with",
    { ...good, problem: { name: "huber", data: { design: { distribution: "normal", mean: 1e308 } } } },
    [],
    /problem\.data: the examples hold 1e\+308; expected magnitudes of at most 1e\+75/,
  ],
  [
    "--set of a path without end",
    good,
    ["--set", `a${".a".repeat(20_000)}=1`],
    /: a path of 20001 parts; expected a few/,
  ],
  ["--set without a value", good, ["--set", "steps"], /--set steps: expected path=value/],
  ["an unknown option", good, ["--colour"], /unknown option '--colour'/],
  ["an unknown backend", good, ["--backend", "wasn"], /backend: expected one of .*Did you mean "wasm"\?/],
  ["a backend that is not there", { ...network, batchSize: 10 }, ["--backend", "cuda"], /backend cuda: .+/],
];

/** Files beside the config, made before the command; what is wrong, the arguments, and the line that must come. */
const files: readonly [what: string, prepare: (directory: string) => void, args: string[], line: RegExp][] = [
  ["a missing file", () => {}, ["absent.json"], /cannot read config absent\.json: no such file/],
  [
    "a directory",
    (at) => mkdirSync(join(at, "config")),
    ["config"],
    /config is a directory; expected a YAML or JSON config file/,
  ],
  [
    "a device without end",
    () => {},
    ["/dev/zero"],
    /\/dev\/zero is no ordinary file; expected a YAML or JSON config file/,
  ],
  ["a device of noise", () => {}, ["/dev/urandom"], /\/dev\/urandom is no ordinary file/],
  ["a pipe nobody writes into", pipe("config"), ["config"], /config is no ordinary file/],
  [
    "a file without end that says it is empty",
    () => {},
    ["/proc/self/pagemap"],
    /\/proc\/self\/pagemap has more than 250000 bytes/,
  ],
  ["3 GB", sparse("config"), ["config"], /config has 3000000000 bytes, more than 250000; expected/],
  ["extends a device", configs({ config: { extends: "/dev/zero" } }), ["config"], /\/dev\/zero is no ordinary file/],
  [
    "extends a pipe",
    both(configs({ config: { extends: "base" } }), pipe("base")),
    ["config"],
    /base is no ordinary file/,
  ],
  [
    "extends 3 GB",
    both(configs({ config: { extends: "base" } }), sparse("base")),
    ["config"],
    /base has 3000000000 bytes/,
  ],
  ["extends itself", configs({ config: { extends: "config" } }), ["config"], /extends itself/],
  [
    "extends what is not there",
    configs({ config: { extends: "base.yaml" } }),
    ["config"],
    /cannot read config .*base\.yaml: no such file/,
  ],
  ["extends a number", configs({ config: { extends: 3 } }), ["config"], /extends: expected the path of a config/],
  [
    "extends a chain of 3000",
    configs(chain(3000, (next) => next)),
    ["config"],
    /extends: more than 200 files in all; expected a few/,
  ],
  [
    "extends two that extend two, forty times",
    configs(chain(40, (next) => [next, next])),
    ["config"],
    /extends: more than 200 files in all/,
  ],
  [
    "a table without end",
    configs({
      config: { ...good, problem: { name: "least-squares", data: { source: "csv", file: "/dev/zero", target: "y" } } },
    }),
    ["config"],
    /\/dev\/zero is no ordinary file: correct problem\.data\.file/,
  ],
  [
    "IDX files that are cut",
    idx((path) => writeFileSync(path, Buffer.from([0, 0, 8, 3, 0, 0, 0, 9]))),
    ["config"],
    /train-images-idx3-ubyte: found 8 bytes, expected an IDX header/,
  ],
  [
    "IDX files of 3 GB",
    idx((path) => truncateSync(path, 3e9)),
    ["config"],
    /train-images-idx3-ubyte: it has 3000000000 bytes, more than 47105552/,
  ],
  [
    "results where a file is",
    both(configs({ config: good }), (at) => writeFileSync(join(at, "file"), "")),
    ["config", "-o", "file/results"],
    /cannot create file\/results\/probe: ENOTDIR/,
  ],
];

const elsewhere: typeof files = [
  ["summarize: a file", configs({ config: good }), ["summarize", "config"], /config: no such directory/],
  [
    "verify: no workers",
    configs({ config: good }),
    ["verify", "config", "--jobs", "0"],
    /--jobs: expected a number > 0; got "0"/,
  ],
  [
    "verify: a nameless directory",
    configs({ config: good }),
    ["verify", "config", "--out", ""],
    /out: expected text of ≥ 1 char/,
  ],
  [
    "task: a file of another shape",
    configs({ tasks: { directory: "x", tasks: [[{ run: {} }]] } }),
    ["task", "tasks", "0"],
    /tasks is damaged \(tasks\.0\.0\.id: .*\); submit its runs anew/,
  ],
];

type Prepare = (directory: string) => void;

function both(...all: Prepare[]): Prepare {
  return (directory) => {
    for (const one of all) one(directory);
  };
}

function configs(contents: Record<string, unknown>): Prepare {
  return (directory) => {
    for (const [name, content] of Object.entries(contents))
      writeFileSync(join(directory, name), JSON.stringify(content));
  };
}

function pipe(name: string): Prepare {
  return (directory) => void execFileSync("mkfifo", [join(directory, name)]);
}

/** Takes no room on the disk. */
function sparse(name: string): Prepare {
  return (directory) => {
    writeFileSync(join(directory, name), "");
    truncateSync(join(directory, name), 3e9);
  };
}

function chain(length: number, bases: (next: string) => unknown): Record<string, unknown> {
  const name = (i: number) => (i === 0 ? "config" : `base${i}`);
  const links = Array.from({ length }, (_, i) => [name(i), { extends: bases(name(i + 1)) }]);
  return { ...Object.fromEntries(links), [name(length)]: good };
}

function idx(damage: (path: string) => void): Prepare {
  const mnist = { name: "mnist", directory: ".", mirrors: [], whenUnavailable: "synthetic-digits" };
  return (directory) => {
    configs({ config: { ...network, batchSize: 10, data: mnist } })(directory);
    const path = join(directory, "train-images-idx3-ubyte");
    writeFileSync(path, "");
    damage(path);
  };
}

/** The tool ends with exit code 2 and this one line, has written nothing and taken little memory. */
async function refuses(directory: string, args: readonly string[], line: RegExp): Promise<void> {
  const before = readdirSync(directory);
  const cache = freshDirectory();
  const peak = join(cache, "peak memory");
  const env = {
    RUN_EXPERIMENT_CACHE: cache,
    MNIST_DIR: "",
    ...measuringMemory(peak),
  };
  const { code, stdout, stderr } = await runTool(args, { cwd: directory, env });
  const lines = stderr
    .trim()
    .split("\n")
    .filter((text) => !text.startsWith("(run-experiment --help") && text !== "");
  expect(lines.at(-1)).toMatch(line);
  expect(lines).toHaveLength(1);
  expect(code).toBe(2);
  expect(stdout).toBe("");
  expect(readdirSync(directory)).toEqual(before);
  expect(Number(readFileSync(peak, "utf8"))).toBeLessThan(300_000);
}

test.concurrent.each(table)("%s: one clear line, exit code 2, nothing written", async (_, config, args, line) => {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config"), typeof config === "string" ? config : JSON.stringify(config));
  await refuses(directory, ["config", ...args], line);
});

test.concurrent.each([...files, ...elsewhere])(
  "%s: one clear line, exit code 2, nothing written",
  async (_, prepare, args, line) => {
    const directory = freshDirectory();
    prepare(directory);
    await refuses(directory, args, line);
  },
);

test.concurrent.each([
  ["cut off", "{", /submissions\.json is damaged \(.*JSON.*\); move it away to submit all unfinished runs anew/],
  ["of another shape", "{}", /submissions\.json is damaged \(tasks: .*\); move it away/],
  ["a directory", undefined, /submissions\.json is a directory; move it away/],
])("a record of what was submitted to Slurm that is %s", async (_, content, line) => {
  const directory = freshDirectory();
  configs({ config: good })(directory);
  const record = join(directory, "results", "probe", "slurm", "submissions.json");
  mkdirSync(content === undefined ? record : join(record, ".."), { recursive: true });
  if (content !== undefined) writeFileSync(record, content);
  await refuses(directory, ["config", "--executor", "slurm"], line);
});
