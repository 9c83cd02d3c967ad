import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { inline } from "../../scripts/reference/markdown.js";
import { referencePages } from "../../scripts/reference/pages.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { entryLines } from "../../src/cli/entry-lines.js";
import { examples } from "../../src/cli/examples.js";
import { createProgram } from "../../src/cli/main.js";
import { configOptions } from "../../src/reference/config-keys.js";
import { entriesNamed, entriesOf } from "../../src/reference/entries.js";
import { type Entry, plainText } from "../../src/reference/entry.js";
import type { Registry } from "../../src/registry/registry.js";
import { resultFiles } from "../../src/results/files.js";
import { freshDirectory, runTool } from "../cli/tool.js";

const entries = entriesOf(builtIn);
const all: readonly Entry[] = Object.values(entries).flat();
const pageText = (registry: Registry) =>
  referencePages(registry)
    .map(({ content }) => content)
    .join("\n");
const pages = pageText(builtIn);

describe("everything that can be named", () => {
  test("has a description of each of its options", () => {
    const options = all.flatMap(({ name, sections }) =>
      sections.flatMap(({ rows }) => rows.map((row) => ({ name, option: row[0], meaning: row.at(-1) }))),
    );
    expect(options.length).toBeGreaterThan(300);
    const isOfConfig = ({ name }: { name: string }) => entries.configKeys.some((key) => key.name === name);
    expect(options.filter(({ meaning }) => meaning === "").filter((option) => !isOfConfig(option))).toEqual([]);
    expect(entries.configKeys.filter(({ summary }) => summary === "")).toEqual([]);
  });

  test("is found by its name, by all of a name that several share, and configs by the last part of theirs", () => {
    expect(entriesNamed("lars", all).map(({ kind }) => kind)).toEqual(["optimizer"]);
    expect(entriesNamed("step", all).map(({ kind }) => kind)).toEqual([
      "schedule",
      "column of trace.csv",
      "column of layers.csv",
    ]);
    expect(entriesNamed("norms", all).map(({ name }) => name)).toEqual(["paper/norms"]);
    expect(entriesNamed("larz", all)).toEqual([]);
  });

  test.each([...entries.optimizers, ...entries.problems, ...entries.datasets, ...entries.schedules, ...entries.bounds])(
    "$kind $name is told alike on the terminal and on its page",
    (entry) => {
      // A terminal breaks lines anywhere.
      const unbroken = (text: string) => text.replace(/\s+/g, " ");
      const terminal = unbroken(entryLines(entry).join(" "));
      const [, after = ""] = pages.split(`\n## \`${entry.name}\`\n`);
      const page = after.split("\n## ", 1)[0]!.replaceAll("\\|", "|");
      for (const { text, markdown } of [
        ...entry.facts.map((fact) => ({ text: plainText(fact), markdown: "text" in fact ? inline(fact.text) : "" })),
        ...entry.sections.flatMap(({ rows }) => rows.flat()).map((text) => ({ text, markdown: inline(text) })),
      ]) {
        expect(terminal).toContain(unbroken(text));
        expect([text, markdown].some((form) => page.includes(form.replaceAll("\\|", "|")))).toBe(true);
      }
    },
  );
});

test("every bound can apply to some optimizer, and every optimizer but for its own reasons to some bound", () => {
  const without = entries.bounds.filter(({ facts }) =>
    facts.some((f) => f.term === "optimizers" && plainText(f) === ""),
  );
  expect(without.map(({ name }) => name)).toEqual([]);
  const boundsOf = (name: string) =>
    entries.optimizers.find((entry) => entry.name === name)!.facts.filter(({ term }) => term.startsWith("bounds"));
  // LARS is equation (1) in the Euclidean norm: T4c is about it; T6 is about the other norms.
  expect(boundsOf("lars").map(plainText)[0]).toMatch(/radius \(T4c\)/);
  expect(boundsOf("lars").map(plainText).join()).not.toMatch(/step-range/);
  expect(boundsOf("percent-delta").map(plainText)[0]).toMatch(/step-range \(T6\)/);
  expect(boundsOf("fromage").map(plainText)[0]).toMatch(/shrunk-rate \(T13a\)/);
});

test.each<[what: string, registry: (all: Registry) => Registry, told: string]>([
  [
    "an optimizer's formula",
    ({ optimizers, ...rest }) => ({ ...rest, optimizers: optimizers.map((one) => ({ ...one, formula: "Δw = 7" })) }),
    "`Δw = 7`",
  ],
  [
    "a bound's assumption",
    ({ bounds, ...rest }) => ({ ...rest, bounds: bounds.map((one) => ({ ...one, assumptions: ["it rains"] })) }),
    "it rains",
  ],
  ["a problem", ({ problems, ...rest }) => ({ ...rest, problems: problems.slice(1) }), "# Problems\n\n[`quadratic`]"],
])("the pages change with %s", (_, changed, told) => {
  expect(pages).not.toContain(told);
  expect(pageText(changed(builtIn))).toContain(told);
});

test("the config's page has every key of the schema's", () => {
  const paths = configOptions(builtIn).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(["name", "trace.every", "optimizer.scope", "data.validation", "seeds"]));
});

describe("commands", () => {
  const commands = createProgram().commands.filter((command) => !(command as Command & { _hidden?: boolean })._hidden);

  test.each(commands.map((command) => [command.name(), command] as const))(
    "%s has examples that it takes",
    (name, command) => {
      const lines = examples[name]?.map(({ line }) => line) ?? [];
      expect(lines).not.toEqual([]);
      for (const line of lines) {
        const words = /run-experiment ([^()]*)/.exec(line)![1]!.trim().split(/\s+/);
        const rest = words[0] === name ? words.slice(1) : words;
        if (name !== "run") expect(words[0]).toBe(name);
        expect(command.parseOptions(rest).unknown).toEqual([]);
      }
    },
  );

  test("their page has all of them, with their options", () => {
    for (const command of commands) {
      expect(pages).toContain(`## \`${command.name()}\``);
      for (const { flags } of command.options) expect(pages).toContain(`\`${flags}\``);
    }
  });
});

test("the files that a run leaves are those that are documented", async () => {
  const out = freshDirectory();
  const set = ["--set", "averageWeights={}"];
  expect(await runTool(["first-steps", "--quiet", "--out", out, ...set])).toMatchObject({ code: 0 });
  expect(await runTool(["report", out])).toMatchObject({ code: 0 });
  const files = readdirSync(out, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(out.length + 1));
  expect(files.length).toBeGreaterThan(6);
  const patterns = resultFiles.map(
    ({ path }) => new RegExp(`^${path.replaceAll(".", "\\.").replace(/<[^>]*>/g, "[^/]+")}$`),
  );
  expect(files.filter((file) => !patterns.some((pattern) => pattern.test(file)))).toEqual([]);
});
