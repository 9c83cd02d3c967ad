// The pages of docs/reference, made from the registries, the schemas and the command line as they are.
import { exitCodes, exitMeanings } from "../../dist/base/errors.js";
import { createProgram } from "../../dist/cli/main.js";
import { columnsOf } from "../../dist/reference/column-entries.js";
import { configOptions, sharedDataOptions } from "../../dist/reference/config-keys.js";
import { entriesOf } from "../../dist/reference/entries.js";
import { optionRows } from "../../dist/reference/option-section.js";
import { sharedRuleOptions } from "../../dist/reference/rule-entry.js";
import { resultFiles } from "../../dist/results/files.js";
import { commandPage } from "./commands.js";
import { contents, entryText, tableOf } from "./markdown.js";

/** @typedef {import("../../dist/reference/entry.js").Entry} Entry */
/** @typedef {import("../../dist/reference/options.js").Option} Option */
/** @typedef {import("../../dist/registry/registry.js").Registry} Registry */
/** @typedef {{ file: string, title: string, about: string, body: string }} Page */

/** @param {readonly Option[]} options */
const optionTable = (options) =>
  tableOf({ columns: ["option", "type", "default", "meaning"], rows: optionRows(options) });

/** @param {readonly Entry[]} entries @param {(entry: Entry) => string[]} [more] */
const entryList = (entries, more) =>
  [contents(entries.map(({ name }) => name)), "", ...entries.map((entry) => entryText(entry, more?.(entry)))].join(
    "\n",
  );

/** The theorem of a bound, where it is stated and proved. @param {string} theorem */
const theoremLine = (theorem) => [`- *proof*: [${theorem}](../theory.md#${theorem.toLowerCase()})`];

/** @param {Registry} registry @returns {Page[]} */
function entryPages(registry) {
  const { bounds, datasets, optimizers, problems, schedules } = entriesOf(registry);
  const theorems = new Map(registry.bounds.map(({ name, theorem }) => [name, theorem]));
  return [
    {
      file: "optimizers.md",
      title: "Optimizers",
      about: "update rules: formula, source, promises, options, conventions, and the bounds that can apply",
      body: [
        "What every optimizer takes besides its own options (`learningRate`: see [schedules](schedules.md)):",
        "",
        optionTable(sharedRuleOptions(registry)),
        "",
        "*promises* is what the form of the rule guarantees of every step with its default options. *bounds* are those that",
        "a run can be held against if its problem meets their [assumptions](bounds.md). A `convention` is the rule as",
        "another implementation has it, which [conventions](../conventions.md) compares.",
        "",
        entryList(optimizers),
      ].join("\n"),
    },
    {
      file: "schedules.md",
      title: "Schedules",
      about: "learning rates that change from step to step",
      body: [
        "`learningRate` is a number, or `{ schedule: …, initial: … }`. λ_k is the rate of step k, K the number of steps.",
        "",
        entryList(schedules),
      ].join("\n"),
    },
    { file: "problems.md", title: "Problems", about: "what is minimised", body: entryList(problems) },
    {
      file: "datasets.md",
      title: "Data sets",
      about: "what problems are trained on",
      body: [
        "What every data set takes besides its own options:",
        "",
        optionTable(sharedDataOptions()),
        "",
        entryList(datasets),
      ].join("\n"),
    },
    {
      file: "bounds.md",
      title: "Bounds",
      about: "the statements that runs are held against, with their assumptions",
      body: [
        "A run is held against every bound whose assumptions it meets; of the others it says why not. Notation and proofs:",
        "[theory](../theory.md).",
        "",
        entryList(bounds, ({ name }) => theoremLine(theorems.get(name) ?? "")),
      ].join("\n"),
    },
  ];
}

/** @param {Registry} registry */
const columnsPage = (registry) =>
  Object.entries(columnsOf(registry))
    .flatMap(([file, columns]) => {
      const hasFormulas = columns.some(({ formula }) => formula);
      return [
        `## \`${file}\``,
        "",
        hasFormulas
          ? tableOf({
              columns: ["column", "formula", "unit", "meaning"],
              rows: columns.map(({ name, formula = "", unit = "", meaning, bound }) => [
                name,
                formula,
                unit,
                bound ? `${meaning}; bound \`${bound}\`` : meaning,
              ]),
            })
          : tableOf({ columns: ["column", "meaning"], rows: columns.map(({ name, meaning }) => [name, meaning]) }),
        "",
      ];
    })
    .join("\n");

function exitCodesPage() {
  const reasons = /** @type {(keyof typeof exitCodes)[]} */ (Object.keys(exitCodes));
  const codes = [...new Set(Object.values(exitCodes))];
  return tableOf({
    columns: ["code", "meaning"],
    rows: codes.map((number) => [
      String(number),
      reasons
        .filter((reason) => exitCodes[reason] === number)
        .map((reason) => exitMeanings[reason])
        .join("; or "),
    ]),
  });
}

/** @param {Registry} registry @returns {Page[]} */
const otherPages = (registry) => [
  {
    file: "config.md",
    title: "Config",
    about: "every path of a config file: type, default, meaning",
    body: [
      "What is chosen by name has options of its own: [problems](problems.md), [data sets](datasets.md),",
      "[optimizers](optimizers.md), [schedules](schedules.md). In a path `[]` stands for any entry of a list and `*` for",
      "any key. What has no default and is not required may be left out.",
      "",
      optionTable(configOptions(registry)),
    ].join("\n"),
  },
  {
    file: "columns.md",
    title: "Columns",
    about: "of `trace.csv`, `layers.csv` and `summary.csv`",
    body: columnsPage(registry),
  },
  { file: "commands.md", title: "Commands", about: "with options and examples", body: commandPage(createProgram()) },
  { file: "exit-codes.md", title: "Exit codes", about: "what a command says when it ends", body: exitCodesPage() },
  {
    file: "files.md",
    title: "Files",
    about: "that a run writes",
    body: [
      "Under the directory that `--out` names, `results` if it names none:",
      "",
      tableOf({ columns: ["file", "meaning"], rows: resultFiles.map(({ path, meaning }) => [path, meaning]) }),
    ].join("\n"),
  },
];

/** @param {readonly Page[]} pages */
const indexPage = (pages) =>
  [
    "# Reference",
    "",
    "Generated from the code by `npm run docs`. `run-experiment list <name>` prints the same on the terminal.",
    "",
    ...pages.map(({ file, title, about }) => `- [${title}](${file}): ${about}`),
    "",
  ].join("\n");

/** The reference as files with their content. @param {Registry} registry */
export function referencePages(registry) {
  const [optimizers, ...rest] = entryPages(registry);
  const [config, ...others] = otherPages(registry);
  const pages = /** @type {Page[]} */ ([config, optimizers, ...rest, ...others]);
  const texts = pages.map(({ file, title, body }) => ({ file, content: `# ${title}\n\n${body.trimEnd()}\n` }));
  return [{ file: "README.md", content: indexPage(pages) }, ...texts].map(({ file, content }) => ({
    file: `docs/reference/${file}`,
    content,
  }));
}
