import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import type { RunConfig } from "../../src/config/schema.js";
import { preparationFields } from "../../src/data/preparation.js";
import { datasets } from "../../src/data/registry.js";
import { optimizerVariants } from "../../src/optimizers/optimizer.js";
import { schedules } from "../../src/optimizers/schedules/registry.js";
import { problems } from "../../src/problems/registry.js";
import { root } from "../cli/tool.js";
import { choicesNotMade } from "./options.js";

const configs = ["paper", "reference"].flatMap((directory) =>
  readdirSync(join(root, "configs", directory))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => join(root, "configs", directory, name)),
);
const committed = (path: string) => join(root, "results/reference", basename(path, ".yaml"), "reference.json");

/** Every run of which there is a committed reference. */
const runs: RunConfig[] = [];
for (const path of configs.filter((path) => existsSync(committed(path)))) {
  runs.push(...expand(await loadExperiment(path, builtIn)).map(({ config }) => config));
}

test("every config of the paper and of the references has a committed reference", () => {
  expect(configs.filter((path) => !existsSync(committed(path)))).toEqual([]);
});

test("every option of every rule is in some reference", () => {
  const rules = optimizerVariants(builtIn).map(({ shape }) => {
    // A convention stands for options that are listed themselves.
    const { learningRate: _1, convention: _2, ...options } = shape;
    return { name: (shape.name as unknown as z.ZodLiteral<string>).value, schema: z.strictObject(options) };
  });
  const values = (name: string) => runs.map(({ optimizer }) => optimizer).filter((one) => one.name === name);
  expect(choicesNotMade(rules, values)).toEqual([]);
});

test("every option of every schedule is in some reference", () => {
  const rates = runs.map(({ optimizer }) => optimizer.learningRate as { schedule?: string });
  expect(choicesNotMade(schedules, (name) => rates.filter(({ schedule }) => schedule === name))).toEqual([]);
});

const dataOptions = runs.flatMap(({ data }) => data ?? []);

test("every option of every data set that needs no download is in some reference", () => {
  const atHand = datasets.filter(({ schema }) => !("mirrors" in schema.shape));
  expect(choicesNotMade(atHand, (name) => dataOptions.filter((one) => one.name === name))).toEqual([]);
});

test("every option that all data sets have is in some reference", () => {
  const shared = { name: "data", schema: z.strictObject(preparationFields) };
  expect(choicesNotMade([shared], () => dataOptions)).toEqual([]);
});

test("every option of every problem is in some reference", () => {
  const values = (name: string) => runs.map(({ problem }) => problem).filter((one) => one.name === name);
  expect(choicesNotMade(problems, values)).toEqual([]);
});
