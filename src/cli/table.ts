import { forTable } from "../base/numbers.js";
import { printable } from "../base/text.js";

/**
 * Columns aligned with two spaces between them, numbers (by their looks) to the right; columns without any cell are
 * left out.
 *
 * @returns one line a row, the titles first; nothing where there are no rows
 */
export function table(titles: readonly string[], cells: readonly (readonly string[])[]): string[] {
  if (cells.length === 0) return [];
  const filled = titles.map((_, column) => column).filter((column) => cells.some((row) => row[column]));
  const header = filled.map((column) => printable(titles[column]!));
  const rows = cells.map((row) => filled.map((column) => printable(row[column] ?? "")));
  const lines = [header, ...rows];
  const widths = header.map((_, column) =>
    lines.reduce((widest, line) => Math.max(widest, [...(line[column] ?? "")].length), 0),
  );
  const numeric = header.map((_, column) => rows.every((row) => /^[-+\d.e%–∞ s]*$/.test(row[column] ?? "")));
  return lines.map((line) =>
    line
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
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
