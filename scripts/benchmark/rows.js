// What was measured, as rows: the CSV, and what the page is made of.
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

/** @param {readonly Row[]} rows */
export function csvOf(rows) {
  const peers = [...new Set(rows.filter(({ isPeer }) => isPeer).map(({ engine }) => engine))];
  const lines = rows.map((row) => {
    const alike = rows.filter((other) => other.case === row.case);
    const ratios = peers.map((peer) => {
      const other = alike.find(({ engine }) => engine === peer);
      return other ? ratio(row, other) : "";
    });
    const { figures } = row;
    return [row.section, row.case, row.engine, row.unit, figures.length, median(figures), least(figures), most(figures)]
      .concat(row.deviation ?? "")
      .concat(ratios);
  });
  const header = ["section", "case", "engine", "unit", "rounds", "median", "least", "most", "deviation"];
  return stringify([[...header, ...peers.map((peer) => `ratio to ${peer}`)], ...lines]);
}
