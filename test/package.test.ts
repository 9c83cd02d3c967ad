import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { freshDirectory, root } from "./cli/tool.js";

const run = promisify(execFile);
const { devDependencies, ...description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
  optionalDependencies?: Record<string, string>;
};

/** The budget, as CONTRIBUTING.md states it. */
const budget = { packedBytes: 1_750_000, unpackedBytes: 6_800_000, dependencies: 20, installedPackages: 140 };

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const destination = freshDirectory();
let packed: Packed;

beforeAll(async () => {
  // What has been built is packed as it is: other tests are running it.
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", destination];
  const { stdout } = await run("npm", args, { cwd: root });
  packed = Object.values(JSON.parse(stdout) as Record<string, Packed>)[0]!;
});

describe("the package", () => {
  test("holds what runs it, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path);
    const types = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.startsWith("compute/assembly/"))
      .map((path) => `dist/${path.replace(/\.ts$/, ".d.ts")}`);
    const bundle = readdirSync(join(root, "dist/bundle")).map((name) => `dist/bundle/${name}`);
    const copied = ["configs", "examples", "schema", "results/reference"].flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => join(parentPath, name).slice(root.length)),
    );
    const documents = ["CHANGELOG.md", "CITATION.cff", "LICENSE", "README.md"];
    const compiled = ["decimal", "fused-kernels", "kernels"].map((name) => `dist/compute/${name}.wasm`);
    const rest = [
      "bin/run-experiment.js",
      ...compiled,
      "package.json",
      "src/native/operations.cc",
      "src/native/quiet.cc",
    ];
    expect([...paths].sort()).toEqual([...bundle, ...types, ...copied, ...documents, ...rest].sort());
  });

  test("passes on the license of every package that is joined with it", () => {
    const files = readdirSync(join(root, "dist/bundle")).filter((name) => name.endsWith(".js"));
    const code = files.map((name) => readFileSync(join(root, "dist/bundle", name), "utf8")).join("");
    const joined = [...code.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(([, name]) => name!);
    expect(joined).toEqual(expect.arrayContaining(["commander", "string-width", "yaml", "zod"]));
    const licenses = readFileSync(join(root, "dist/bundle/LICENSES.txt"), "utf8").split(`\n${"-".repeat(80)}\n`);
    const named = licenses.map((text) => text.trim().split(" ")[0]!);
    const apart = /^(@tensorflow|piscina|vega|webgpu)/;
    const direct = Object.keys(description.dependencies).filter((name) => !apart.test(name));
    expect(named).toEqual(expect.arrayContaining([...new Set([...joined, ...direct])]));
    expect(new Set(named).size).toBe(named.length);
    for (const license of licenses) expect(license).toMatch(/Copyright.*(Permission|permitted)/is);
  });

  test("keeps to its budget", () => {
    expect(packed.size).toBeLessThanOrEqual(budget.packedBytes);
    expect(packed.unpackedSize).toBeLessThanOrEqual(budget.unpackedBytes);
    expect(Object.keys(description.dependencies).length).toBeLessThanOrEqual(budget.dependencies);
    const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const { packedBytes, unpackedBytes, dependencies, installedPackages } = budget;
    for (const limit of [
      `${packedBytes / 1e6} MB packed`,
      `${unpackedBytes / 1e6} MB unpacked`,
      `${dependencies} dependencies`,
      `${installedPackages} packages`,
    ]) {
      expect(contributing).toContain(limit);
    }
  });

  test("declares native TensorFlow and WebGPU without asking anybody to download them", () => {
    const { peerDependencies, peerDependenciesMeta, optionalDependencies } = description;
    expect(peerDependencies).toHaveProperty("@tensorflow/tfjs-node-gpu");
    for (const name of Object.keys(peerDependencies)) expect(peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(optionalDependencies).toBeUndefined();
  });
});

const directory = freshDirectory();

/** Whether npm can install the package here; if not, why. */
async function install(): Promise<string | undefined> {
  const tensorflow = { "@tensorflow/tfjs-core": "4.22.0", "@tensorflow/tfjs-layers": "4.22.0" };
  const dependencies = { ...tensorflow, "run-experiment": `file:${join(destination, packed.filename)}` };
  writeFileSync(join(directory, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
  const flags = ["--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=0", "--loglevel=error"];
  try {
    await run("npm", ["install", ...flags], { cwd: directory });
    return undefined;
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error).split("\n")[0];
  }
}

/** Where the tool finds nothing but what was installed; MNIST and caches of this machine do not matter. */
const env = { ...process.env, RUN_EXPERIMENT_CACHE: join(directory, "cache"), MNIST_DIR: "" };
const inDirectory = (command: string, args: readonly string[]) => run(command, args, { cwd: directory, env });
const installed = (name: string) => join(directory, "node_modules", name);
const tool = (...args: string[]) => inDirectory(installed(".bin/run-experiment"), args);

describe("installed from its tarball in an empty directory", () => {
  let obstacle: string | undefined;
  beforeAll(async () => {
    obstacle = await install();
    if (obstacle) console.warn(`npm cannot install here (${obstacle}): the tests of the installed package are skipped`);
  });

  test("brings no more than the budget says, one TensorFlow.js, and nothing native", ({ skip }) => {
    if (obstacle) skip();
    const { packages } = JSON.parse(readFileSync(installed(".package-lock.json"), "utf8")) as { packages: object };
    const paths = Object.keys(packages);
    expect(paths.length).toBeLessThanOrEqual(budget.installedPackages);
    expect(paths.filter((path) => path.endsWith("/tfjs-core"))).toHaveLength(1);
    expect(paths.filter((path) => /tfjs-node|\/(tfjs-backend-)?webgpu$/.test(path))).toEqual([]);
    const foreign = Object.keys(devDependencies).filter((name) => paths.includes(`node_modules/${name}`));
    expect(foreign.filter((name) => !name.startsWith("@types/"))).toEqual([]);
  });

  test("init writes what runs under --jobs 2", async ({ skip }) => {
    if (obstacle) skip();
    await inDirectory("npx", ["--no", "run-experiment", "init"]);
    const { stdout } = await tool("experiment.yaml", "--seed", "0", "--jobs", "2");
    // Two condition numbers.
    expect(stdout.match(/^my-rule .* completed /gm)).toHaveLength(2);
    expect(stdout).toMatch(/^met {2,}LARS/m);
    expect(existsSync(join(directory, "results/my-experiment/report.html"))).toBe(true);
  });

  test("a config that comes with it runs by its name", async ({ skip }) => {
    if (obstacle) skip();
    const few = ["steps=2", "data.train=300", "data.test=100", "backend=wasm"].flatMap((one) => ["--set", one]);
    const { stdout } = await tool("first-steps", ...few);
    expect(stdout.match(/^(lars|percent-delta) seed=0 +completed /gm)).toHaveLength(2);
  });

  test("a program trains its own TensorFlow.js model with it", async ({ skip }) => {
    if (obstacle) skip();
    cpSync(join(root, "examples/train-a-model.mjs"), join(directory, "train-a-model.mjs"));
    expect((await inDirectory(process.execPath, ["train-a-model.mjs"])).stdout).toMatch(/^loss 0\.\d+ → 0\.\d+\n/);
  });

  test("its types hold for a program that uses them, and refuse what is wrong", async ({ skip }) => {
    if (obstacle) skip();
    const program = (learningRate: string) => `
import { layers, sequential } from "@tensorflow/tfjs-layers";
import { type ExperimentRecord, lars, runExperiment } from "run-experiment";
import { defineOptimizer, z } from "run-experiment/plugin";
import { type RuleCheck, ruleChecks } from "run-experiment/testing";
const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [2] })] });
model.compile({ optimizer: lars({ learningRate: ${learningRate} }), loss: "meanSquaredError" });
const record: ExperimentRecord | undefined = (await runExperiment("lars-mnist").next()).value as ExperimentRecord;
const loss: number = record.loss;
const named = z.strictObject({ name: z.literal("still") });
export const still = defineOptimizer({
  ...{ name: "still", summary: "no step", formula: "Δw = 0", source: "here", version: 1, schema: named },
  create: () => ({
    equationOne: { holds: false, reason: \`loss \${loss}\` },
    promises: { scaleInvariant: true },
    proportion: (algebra) => algebra.scalar(0),
    update: (algebra, { weights, state }) => ({ update: algebra.zerosLike(weights), state }),
  }),
});
export const checks: RuleCheck[] = ruleChecks(still);
`;
    const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--skipLibCheck"];
    const compile = (name: string, text: string) => {
      writeFileSync(join(directory, name), text);
      return inDirectory(process.execPath, [compiler, ...options, name]);
    };
    await compile("right.ts", program("0.02"));
    await expect(compile("wrong.ts", program("0.02, momentun: 1"))).rejects.toMatchObject({
      stdout: expect.stringMatching(/momentun/),
    });
    const entry = (name: string) =>
      execFileSync(process.execPath, ["-p", `require.resolve("run-experiment/${name}")`], { cwd: directory });
    expect(String(entry("schema"))).toMatch(/experiment\.schema\.json\n$/);
    expect(String(entry("package.json"))).toMatch(/package\.json\n$/);
  });
});
