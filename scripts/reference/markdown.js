// How what is documented becomes Markdown: inline text, facts, sections, entries.
import { markdownTable, markdownText } from "../../dist/base/markdown.js";
import { capitalized } from "../../dist/base/text.js";

/** @typedef {import("../../dist/reference/entry.js").Entry} Entry */
/** @typedef {import("../../dist/reference/entry.js").Fact} Fact */
/** @typedef {import("../../dist/reference/entry.js").Section} Section */

/** Text with its code between backticks, a formula of one sign too. @param {string} text */
export const inline = (text) =>
  text
    .split(/(`[^`]+`)/)
    .map((part, i) => (i % 2 === 1 ? part : keptSpaces(part)))
    .join("");

/** markdownText, which trims what stands between two pieces of code. @param {string} part */
const keptSpaces = (part) => (part.trim() === "" ? part : markdownText(part));

/** @param {string} text */
export const code = (text) => (text === "" ? "" : `\`${text}\``);

/** The anchor of a heading that is a name. @param {string} name */
export const anchorOf = (name) => name.toLowerCase().replaceAll(" ", "-");

/** Columns whose cells are shown as they are typed. */
const literal = new Set(["formula", "option", "path", "column", "convention", "options", "file"]);

/** What fits on a line of a table as code, which does not break. */
const longestCode = 40;

/** @param {string} cell @param {string} column */
function cellText(cell, column) {
  if (cell === "") return "";
  if (column === "default" && cell !== "required" && cell.length <= longestCode) return code(cell);
  return literal.has(column) ? code(cell) : inline(cell);
}

/** @param {Pick<Section, "columns" | "rows">} section */
export const tableOf = ({ columns, rows }) =>
  markdownTable(
    columns,
    rows.map((row) => row.map((cell, i) => cellText(cell, columns[i] ?? ""))),
  );

/** @param {Fact} fact */
function factText(fact) {
  if ("formula" in fact) return code(fact.formula);
  if ("text" in fact) return inline(fact.text);
  const { list, names } = fact.references;
  return names
    .map(([name, remark]) => `[${code(name)}](${list}.md#${anchorOf(name)})${remark ? ` (${inline(remark)})` : ""}`)
    .join(", ");
}

/** @param {Section} section */
const sectionText = (section) => [`**${section.title}**`, "", tableOf(section), ""];

/**
 * An entry under a heading of its own.
 *
 * @param {Entry} entry
 * @param {readonly string[]} more lines after the facts
 */
export const entryText = ({ name, summary, facts, sections }, more = []) =>
  [
    `## ${code(name)}`,
    "",
    `${inline(capitalized(summary))}.`,
    "",
    ...facts.map((fact) => `- *${fact.term}*: ${factText(fact)}`),
    ...more,
    "",
    ...sections.flatMap(sectionText),
  ].join("\n");

/** Links to the headings of a page. @param {readonly string[]} names */
export const contents = (names) => names.map((name) => `[${code(name)}](#${anchorOf(name)})`).join(" · ");
