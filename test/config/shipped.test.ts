import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import { configPath, shippedConfigs, shippedDirectory } from "../../src/config/shipped.js";
import { freshDirectory, runTool } from "../cli/tool.js";

interface Published {
  readonly whenUnavailable?: string | { readonly name: string };
  readonly validation?: number;
}

const elsewhere = freshDirectory();
const before = process.cwd();
beforeAll(() => process.chdir(elsewhere));
afterAll(() => process.chdir(before));

test("every config that comes with the tool is called what its experiment is called, and no two are called the same", async () => {
  const names = [...shippedConfigs()];
  expect(names.length).toBeGreaterThan(30);
  for (const [name, path] of names) {
    expect((await loadExperiment(path, builtIn)).name).toBe(basename(name));
    expect([configPath(name), configPath(basename(name))]).toEqual([path, path]);
  }
});

test("generated data that a config names in place of published data is enough for it", async () => {
  const checked = new Set<string>();
  for (const path of shippedConfigs().values()) {
    for (const { config } of expand(await loadExperiment(path, builtIn))) {
      const { whenUnavailable: instead, validation = 0 } = (config.data ?? {}) as Published;
      if (instead === undefined) continue;
      const options = typeof instead === "string" ? { name: instead } : instead;
      const { schema } = builtIn.datasets.find(({ name }) => name === options.name)!;
      const { train } = schema.parse(options) as { train: number };
      expect(train - validation, path).toBeGreaterThanOrEqual(config.batchSize === "full" ? 1 : config.batchSize);
      checked.add(path);
    }
  }
  expect(checked.size).toBeGreaterThan(10);
});

test.each([
  ["lars-mnist", "lars-mnist.json"],
  ["lars-mnist.json", "lars-mnist.json"],
  ["paper/norms", "paper/norms.yaml"],
  ["norms", "paper/norms.yaml"],
  ["sweeps/learning-rate-mnist", "sweeps/learning-rate-mnist.yaml"],
])("%s is %s", (name, file) => {
  expect(configPath(name)).toBe(join(shippedDirectory, file));
});

test("a file of that path wins; a directory does not", () => {
  const [withFile, withDirectory] = [freshDirectory(), freshDirectory()];
  writeFileSync(join(withFile, "lars-mnist"), "");
  mkdirSync(join(withDirectory, "lars-mnist"));
  process.chdir(withFile);
  expect(configPath("lars-mnist")).toBe("lars-mnist");
  process.chdir(withDirectory);
  expect(configPath("lars-mnist")).toBe(join(shippedDirectory, "lars-mnist.json"));
  process.chdir(elsewhere);
});

test("an unknown name says where was looked, and the nearest", async () => {
  for (const [name, nearest] of [
    ["lars-mnst", "lars-mnist"],
    ["paper/nroms", "paper/norms"],
  ]) {
    const { code, stderr } = await runTool([name!, "--dry-run"], { cwd: elsewhere });
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error: cannot read config ${name}: no such file in ${elsewhere}, and none of this name comes with the tool (run-experiment list names them). Did you mean "${nearest}"?\n`,
    );
  }
});

test("verify and list know them too", async () => {
  const verified = await runTool(["verify", "scalar-constant", "--all", "--set", "steps=3"], { cwd: elsewhere });
  expect(verified.stdout).toMatch(/scalar-constant/);
  expect((await runTool(["list"], { cwd: elsewhere })).stdout).toMatch(/^paper\/norms {2,}\S/m);
});
