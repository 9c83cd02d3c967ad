// The few figures of docs/benchmarks.csv that the README quotes: only if the page lets itself be quoted.
import { parse } from "csv-parse/sync";
import { markdownTable } from "../../dist/base/markdown.js";

const cases = ["mlp", "lenet", "quadratic-10-bounds"];
const peers = ["PyTorch, 1 thread", "JAX and optax, jit", "NumPy"];
/** Of ours, the one that needs nothing but Node. */
const ours = /^(wasm|float64), Node (\d+)$/;

/**
 * A sentence, with a table of ratios where the benchmark was made on a quiet machine.
 *
 * @param {string} page docs/benchmarks.md
 * @param {string} csv docs/benchmarks.csv
 */
export function headlines(page, csv) {
  const where = "[Benchmarks](docs/benchmarks.md)";
  const isQuotable = !page.includes("not to be quoted");
  if (!isQuotable) {
    return `${where} has what a step, a sweep and a start cost, beside PyTorch, JAX and NumPy computing the same. The present figures
are of a busy machine and not to be quoted; \`npm run benchmark\` makes them for yours.`;
  }
  /** @type {Record<string, string>[]} */
  const rows = parse(csv, { columns: true });
  const table = cases.flatMap((name) => {
    const engines = rows.filter((row) => row.case === name && ours.test(String(row.engine)));
    const version = (/** @type {Record<string, string>} */ row) => Number(ours.exec(String(row.engine))?.[2]);
    const row = engines.sort((a, b) => version(b) - version(a))[0];
    const ratio = (/** @type {string} */ peer) => row?.[`ratio to ${peer}`];
    const cell = (/** @type {string} */ peer) =>
      ratio(peer) ? `${Number(Number(ratio(peer)).toPrecision(2))} ×` : "–";
    return row ? [[`${row.what} (${row.engine})`, ...peers.map(cell)]] : [];
  });
  return `${markdownTable(["time of a step, relative to", ...peers], table)}

All compute the same, to the tolerance that ${where} states; below 1 is faster.`;
}
