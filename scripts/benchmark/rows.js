// What was measured, as rows: the CSV, and what the page is made of.
import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";

/**
 * @typedef {object} Row
 * @property {string} section
 * @property {string} case
 * @property {string} title
 * @property {string} engine
 * @property {boolean} isPeer
 * @property {string} unit
 * @property {readonly number[]} figures one a round
 * @property {number} [deviation] of its first steps from those of the case's first engine, relative
 */

const ascending = (/** @type {readonly number[]} */ values) => [...values].sort((a, b) => a - b);

/** The middle value, or the mean of the two in the middle. @param {readonly number[]} values */
export function median(values) {
  const sorted = ascending(values);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

export const least = (/** @type {readonly number[]} */ values) => ascending(values)[0] ?? Number.NaN;
export const most = (/** @type {readonly number[]} */ values) => ascending(values).at(-1) ?? Number.NaN;

/** Three digits that count, without an exponent. */
export const short = (/** @type {number} */ value) =>
  Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/**
 * How many times the other's median this row's is; of rates and times alike.
 *
 * @param {Row} row
 * @param {Row} other
 */
export const ratio = (row, other) => median(row.figures) / median(other.figures);

const columns = ["section", "case", "what", "engine", "unit", "rounds", "median", "least", "most", "deviation"];
const ratioTo = "ratio to ";

/** A line for each row; the last columns say how many times the median of a peer its median is. @param {readonly Row[]} rows */
export function csvOf(rows) {
  const peers = [...new Set(rows.filter(({ isPeer }) => isPeer).map(({ engine }) => engine))];
  const lines = rows.map((row) => {
    const { section, title, engine, unit, figures, deviation = "" } = row;
    const ratios = peers.map((peer) => {
      const other = rows.find((one) => one.case === row.case && one.engine === peer);
      return other ? ratio(row, other) : "";
    });
    const numbers = [figures.length, median(figures), least(figures), most(figures)];
    return [section, row.case, title, engine, unit, ...numbers, deviation, ...ratios];
  });
  return stringify([[...columns, ...peers.map((peer) => ratioTo + peer)], ...lines]);
}

/**
 * The rows of a CSV, with as much of their figures as it tells: median, least and most.
 *
 * @param {string} csv
 * @returns {Row[]}
 */
export function rowsOf(csv) {
  /** @type {Record<string, string>[]} */
  const lines = parse(csv, { columns: true });
  return lines.map((line) => {
    const { section = "", what: title = "", engine = "", unit = "", deviation } = line;
    const figures = line.rounds === "1" ? [line.median] : [line.least, line.median, line.most];
    return {
      section,
      case: line.case ?? "",
      title,
      engine,
      isPeer: ratioTo + engine in line,
      unit,
      figures: figures.map(Number),
      ...(deviation && { deviation: Number(deviation) }),
    };
  });
}
