// What is written down from the code: docs/reference, docs/gallery.md, tables of README.md and other pages, the JSON Schema.
import { parse } from "yaml";
import { markdownTable } from "../dist/base/markdown.js";
import { builtIn } from "../dist/built-in/built-in.js";
import { backendSummaries } from "../dist/compute/backends.js";
import { jsonSchema } from "../dist/config/json-schema.js";
import { headlines } from "./benchmark/headlines.js";
import { galleryPage } from "./gallery/page.js";
import { referencePages } from "./reference/pages.js";

const { optimizers } = builtIn;

/** @typedef {Readonly<Record<string, (read: (file: string) => string) => string>>} Sections */

/** @param {(file: string) => string} read */
const ownRule = (read) => `\`\`\`js\n${read("examples/starter/my-rule.mjs")}\`\`\``;

/** @param {Readonly<Record<string, unknown>>} options */
const optionList = (options) =>
  Object.entries(options)
    .map(([option, value]) => `\`${option}: ${value}\``)
    .join(", ") || "–";

/**
 * The parts of docs/conventions.md that are generated, by the name in their markers.
 *
 * @type {Sections}
 */
const conventionSections = {
  conventions: () =>
    optimizers
      .flatMap(({ name, conventions }) =>
        conventions
          ? [
              `### \`${name}\`\n\n${markdownTable(
                ["convention", "implementation", "options"],
                Object.entries(conventions).map(([convention, { source, options }]) => [
                  `\`${convention}\``,
                  source,
                  optionList(options),
                ]),
              )}`,
            ]
          : [],
      )
      .join("\n\n"),
};

/**
 * The parts of README.md that are generated, by the name in their markers.
 *
 * @type {Sections}
 */
const sections = {
  backends: () =>
    markdownTable(
      ["backend", "what it is"],
      backendSummaries.map(({ name, summary }) => [`\`${name}\``, summary]),
    ),
  benchmarks: (read) => headlines(read("docs/benchmarks.md"), read("docs/benchmarks.csv")),
};

/**
 * The text of a file with every generated part between its markers replaced by what the registries say now.
 *
 * @param {string} file
 * @param {Sections} parts
 * @param {(file: string) => string} read
 */
function withSections(file, parts, read) {
  return Object.entries(parts).reduce((result, [name, render]) => {
    const [start, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const from = result.indexOf(start);
    const to = result.indexOf(end);
    if (from < 0 || to < from) throw new Error(`${file} lacks the markers ${start} … ${end}`);
    return `${result.slice(0, from + start.length)}\n${render(read)}\n${result.slice(to)}`;
  }, read(file));
}

/**
 * Every committed file that is generated, with the content it should have.
 *
 * @param {(file: string) => string} read gives the text of a file of the repository
 */
export function documents(read) {
  return [
    { file: "README.md", content: withSections("README.md", sections, read) },
    {
      file: "docs/how-to/own-optimizer.md",
      content: withSections("docs/how-to/own-optimizer.md", { "own rule": ownRule }, read),
    },
    { file: "docs/conventions.md", content: withSections("docs/conventions.md", conventionSections, read) },
    { file: "schema/experiment.schema.json", content: jsonSchema(builtIn) },
    ...referencePages(builtIn),
    { file: "docs/gallery.md", content: galleryPage(parse(read("scripts/gallery/gallery.yaml"))) },
  ];
}
