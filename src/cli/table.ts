import { forTable } from "../base/numbers.js";
import { printable } from "../base/text.js";
import { type Line, type Piece, textOf } from "./tone.js";

const withText = (piece: Piece, text: string): Piece => (typeof piece === "string" ? text : { ...piece, text });

const lengthOf = (text: string) => [...text].length;

/** A line of cells without the space at its end; what has no tone is one text. */
function lineOf(cells: readonly Piece[]): Line {
  const end = cells.findLastIndex((cell) => textOf(cell).trim() !== "");
  const kept = cells.slice(0, end + 1);
  return kept.every((cell) => typeof cell === "string") ? kept.join("").trimEnd() : kept;
}

/**
 * Columns aligned with two spaces between them, numbers (by their looks) to the right; columns without any cell are
 * left out.
 *
 * @returns one line a row, the titles first; nothing where there are no rows
 */
export function table(titles: readonly string[], cells: readonly (readonly Piece[])[]): Line[] {
  if (cells.length === 0) return [];
  const filled = titles.map((_, column) => column).filter((column) => cells.some((row) => textOf(row[column] ?? "")));
  const header: readonly Piece[] = filled.map((column) => printable(titles[column]!));
  const rows = cells.map((row) =>
    filled.map((column) => withText(row[column] ?? "", printable(textOf(row[column] ?? "")))),
  );
  const lines = [header, ...rows];
  const widths = filled.map((_, column) =>
    lines.reduce((widest, line) => Math.max(widest, lengthOf(textOf(line[column]!))), 0),
  );
  const numeric = filled.map((_, column) => rows.every((row) => /^[-+\d.e%–±≥! s]*$/.test(textOf(row[column]!))));
  return lines.map((line) => lineOf(line.flatMap((cell, column) => aligned(cell, column))));

  function aligned(cell: Piece, column: number): Piece[] {
    const text = textOf(cell);
    const isLast = column === widths.length - 1;
    const space = " ".repeat(widths[column]! - lengthOf(text));
    const between = isLast ? [] : ["  "];
    if (numeric[column]) return [space, cell, ...between];
    return [cell, ...(isLast ? [] : [space]), ...between];
  }
}

/** How many columns a line takes. */
export const widthOf = (line: Line): number => lengthOf(typeof line === "string" ? line : line.map(textOf).join(""));

/** A column of a table that may be left out where there is no room. */
export interface TableColumn {
  readonly title: string;
  /** The larger, the sooner it is left out; undefined for never. */
  readonly dispensable?: number | undefined;
}

/** The table with as many of its columns as fit; the least important ones go first. */
export function fittedTable(
  columns: readonly TableColumn[],
  cells: readonly (readonly Piece[])[],
  width: number,
): Line[] {
  const lines = table(
    columns.map(({ title }) => title),
    cells,
  );
  const worst = columns.reduce<number>((most, { dispensable = -1 }) => Math.max(most, dispensable), -1);
  if (worst < 0 || lines.every((line) => widthOf(line) <= width)) return lines;
  const gone = columns.findIndex(({ dispensable }) => dispensable === worst);
  const without = <T>(list: readonly T[]) => list.filter((_, i) => i !== gone);
  return fittedTable(without(columns), cells.map(without), width);
}

/** Text broken between words into lines of at most this width; lines after the first are indented. */
export function wrapped(text: string, width: number, indent = "  "): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 1 + lengthOf(word) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `${indent}${word}`);
  }
  return lines;
}

/** A number as people read it: four significant digits. Files hold all of them. */
export function short(value: number | undefined): string {
  if (value === undefined) return "";
  return forTable(Number(value), 4);
}

export const percent = (share: number | undefined) => (share === undefined ? "" : `${(100 * share).toFixed(2)} %`);

/** 75.3 → "1:15", 12.34 → "12.3 s" */
export function duration(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60) % 60;
  const hours = Math.floor(whole / 3600);
  const pad = (n: number) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}
