// Measures steps, sweeps, starts, matrix products and memory of this tool beside PyTorch, JAX and NumPy, as far as they
// are there, and writes docs/benchmarks.md, which says how it is done, and docs/benchmarks.csv. With --gpu it measures what
// a GPU has a part in, beside PyTorch and JAX on the same GPU, and writes docs/benchmarks-gpu.md and docs/benchmarks-gpu.csv.
// Usage: npm run build &&
//   npm run benchmark -- [case…] [--gpu] [--quick] [--rounds n] [--node path|version]… [--out directory]
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ExperimentError, messageOf } from "../dist/base/errors.js";
import { chosenCases } from "./benchmark/cases.js";
import { demandGpu, enginesOn, nodeBinary } from "./benchmark/engines.js";
import { machineFacts } from "./benchmark/machine.js";
import { measure } from "./benchmark/measure.js";
import { pageOf } from "./benchmark/page.js";
import { csvOf, least, median, most, short } from "./benchmark/rows.js";

/** @typedef {import("./benchmark/rows.js").Row} Row */

const documents = fileURLToPath(new URL("../docs", import.meta.url));
const words = process.argv.slice(2);

/** What the command line asks for. Only a whole benchmark is written without being told where. */
function requested() {
  const { values, positionals } = parseArgs({
    args: words,
    allowPositionals: true,
    options: {
      gpu: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      node: { type: "string", multiple: true, default: [] },
      out: { type: "string" },
    },
  });
  const { gpu, quick, node, out } = values;
  const rounds = Number(values.rounds ?? (quick ? 2 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new ExperimentError(`--rounds ${values.rounds}: expected a whole number from 1 on`);
  }
  const nodes = [process.execPath, ...node].map(nodeBinary);
  const isWhole = positionals.length === 0 && !quick;
  return {
    isOnGpu: gpu,
    cases: chosenCases(positionals, gpu),
    nodes: nodes.filter(({ path }, i) => nodes.findIndex((other) => other.path === path) === i),
    rounds,
    effort: quick ? 0.1 : 1,
    out: out ?? (isWhole ? documents : undefined),
  };
}

function show(/** @type {Row} */ { engine, unit, figures }) {
  const spread = figures.length > 1 ? `  (${short(least(figures))} – ${short(most(figures))})` : "";
  console.log(`  ${engine.padEnd(40)} ${short(median(figures)).padStart(8)} ${unit}${spread}`);
}

async function benchmark() {
  const { isOnGpu, cases, nodes, rounds, effort, out } = requested();
  const [date, load] = [new Date(), loadavg()[0] ?? Number.NaN];
  const engines = enginesOn(nodes, isOnGpu);
  const directory = mkdtempSync(join(tmpdir(), "benchmark-"));
  /** @type {Row[]} */
  const rows = [];
  /** Lines that tell what is not measured, each told as soon as it is known. @type {Set<string>} */
  const leftOut = new Set();
  const leaveOut = (/** @type {string} */ line) => {
    if (!leftOut.has(line)) console.log(`left out: ${line}`);
    leftOut.add(line);
  };
  const asked = words.filter((word, i) => !word.startsWith("--out") && words[i - 1] !== "--out");
  const command = ["npm run benchmark", ...(asked.length > 0 ? ["--", ...asked] : [])].join(" ");
  /**
   * The page of what there is so far: a benchmark that is ended early has measured something, and says what it has not.
   *
   * @param {string} out
   * @param {readonly import("./benchmark/case.js").Case[]} missing
   */
  const write = (out, missing) => {
    mkdirSync(out, { recursive: true });
    const machine = machineFacts(engines);
    const facts = {
      isOnGpu,
      date,
      command,
      machine,
      cores: cpus().length,
      load,
      rounds,
      effort,
      leftOut: [...leftOut, ...missing.map(({ name }) => `${name}: the benchmark was ended before it`)],
    };
    const file = join(out, isOnGpu ? "benchmarks-gpu" : "benchmarks");
    writeFileSync(`${file}.csv`, csvOf(rows));
    writeFileSync(`${file}.md`, pageOf(rows, facts));
    return file;
  };
  let file;
  try {
    if (isOnGpu) await demandGpu(engines);
    for (const [i, one] of cases.entries()) {
      const found = await measure(one, { engines, directory, effort }, rounds);
      for (const { name, obstacle } of engines) if (obstacle !== undefined) leaveOut(`${name}: ${obstacle}`);
      if (found.length === 0) leaveOut(`${one.name}: there is no such problem, or nothing to compute it on`);
      else console.log(`${one.name}: ${one.title}`);
      for (const row of found) show(row);
      rows.push(...found);
      if (out !== undefined) file = write(out, cases.slice(i + 1));
    }
  } finally {
    for (const engine of engines) engine.close();
    rmSync(directory, { recursive: true });
  }
  if (file !== undefined) console.log(`written: ${file}.md, ${file}.csv`);
}

try {
  await benchmark();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  if (!(error instanceof ExperimentError) && !isUsage) throw error;
  console.error(messageOf(error));
  process.exit(2);
}
