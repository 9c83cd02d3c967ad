import { type Entry, type Fact, plainText, type Section } from "../reference/entry.js";
import { wrapped } from "./table.js";

const width = 100;
const indent = "  ";

/** Text in lines that all have this beginning. */
const indented = (text: string, beginning: string): string[] =>
  wrapped(text, width - beginning.length, "").map((line) => beginning + line);

/** A term with what is said of it beside it. */
function factLines(fact: Fact, termWidth: number): string[] {
  const [first = "", ...rest] = indented(plainText(fact), " ".repeat(termWidth + indent.length));
  return [fact.term.padEnd(termWidth) + first.slice(termWidth), ...rest];
}

/** The first cell of a row on a line with the short ones after it; the last one below, where it may be long. */
function rowLines(row: readonly string[], columns: readonly string[]): string[] {
  const [name = "", ...rest] = row;
  const last = rest.pop() ?? "";
  const short = rest.flatMap((cell, i) => {
    if (cell === "") return [];
    return [columns[i + 1] === "default" && cell !== "required" ? `default ${cell}` : cell];
  });
  const head = [name, ...(short.length > 0 ? [short.join("; ")] : [])].join(indent);
  return [...indented(head, indent), ...(last === "" ? [] : indented(last, indent.repeat(3)))];
}

const sectionLines = ({ title, columns, rows }: Section) => [
  "",
  title,
  ...rows.flatMap((row) => rowLines(row, columns)),
];

/** An entry as it is printed on a terminal. */
export function entryLines({ kind, name, summary, facts, sections }: Entry): string[] {
  const termWidth = Math.max(...facts.map(({ term }) => term.length));
  return [
    ...indented(`${name} (${kind}): ${summary}`, ""),
    ...(facts.length > 0 ? [""] : []),
    ...facts.flatMap((fact) => factLines(fact, termWidth)),
    ...sections.flatMap(sectionLines),
  ];
}
