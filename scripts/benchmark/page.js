// docs/benchmarks.md and docs/benchmarks-gpu.md, made of the rows and of what is known about the machine.
import { markdownTable } from "../../dist/base/markdown.js";
import { least, median, most, ratio, short } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/**
 * @typedef {object} Facts
 * @property {boolean} isOnGpu whether it is the page about a GPU
 * @property {Date} date
 * @property {string} command that was given
 * @property {Readonly<Record<string, string>>} machine
 * @property {number} cores
 * @property {number} load processes that were at work when it began
 * @property {number} rounds
 * @property {number} effort 1, or less for a quick look
 * @property {readonly string[]} leftOut a line for what could not be measured, with the reason
 */

/** What is done for every page, before and after what concerns one alone. */
const method = {
  first: `- Every contender computes the same: the same data (generated digits), first weights, batches and model, without biases, and the
  same rule, LARS as equation (1) with a constant rate. Before anything is timed, loss and norms of the first 5 steps are held against
  those of this tool; the benchmark fails where they are apart by more than 1e-3 in float32 (PyTorch adds up a norm in one float32
  pass, which is off by 3e-4 for a million weights) or 1e-9 in float64, relative. Gradients of rectifiers jump, and are compared at
  the first step alone. The largest deviation is in the tables.
- This tool trains as \`run-experiment\` does, from a config, with its bounds, trace files and checkpoints; there is no other path.
- Networks: every step is traced, in all contenders: loss, accuracy, and the norms of weights, gradient and update of every layer,
  read back and written to CSV files. PyTorch is eager, with its \`_foreach\` functions for the norms; JAX is one jitted call a step,
  with optax's trust ratio.`,
  last: `- Steps that warm up are left out, and processes live through all rounds, so that no start-up counts but where it is what is measured.
- Contenders take turns, in the opposite order every other round. A figure is the median over the rounds, beside the least and the most.
  _n × X_ is this median divided by that of X: of times, below 1 is faster than X; of rates, above 1 is.`,
};

const rerun = `\`PYTHON=…\` names the Python that has the libraries; those it lacks are left out, with a line. \`--rounds n\` takes more rounds,
\`--out directory\` writes page and CSV elsewhere.`;

const onCpus = {
  title: "Benchmarks",
  introduction: `What a training step, a sweep and a start cost, beside PyTorch, JAX and NumPy doing the same. Made by \`npm run benchmark\`;
[benchmarks.csv](benchmarks.csv) has all digits. On a GPU: [Benchmarks on a GPU](benchmarks-gpu.md).`,
  method: `- Networks on a CPU: the numbers of each step are read back before the next begins. NumPy has its gradients written out.
- Convex problems: steps alone, without traces, unless the case says otherwise. The time of this tool is the whole run's, as its manifest has it.
- A line that says _wasm, kernels of TensorFlow.js_ is the same backend with the kernels as they are shipped.`,
  rerun: `    npm ci && npm run build
    npm run benchmark                      # everything this machine has; rewrites this page
    npm run benchmark -- --node 24         # on another Node as well: a version that npm brings, or a path
    npm run benchmark -- mlp quadratic     # cases whose names begin so, to the terminal
    npm run benchmark -- --quick           # a look, of little worth
    npm run benchmark -- --gpu             # what a GPU has a part in; rewrites the page about GPUs`,
};

const onGpu = {
  title: "Benchmarks on a GPU",
  introduction: `What a training step of a network, a sweep and a start cost on a GPU, beside PyTorch and JAX doing the same on the same GPU, and
what they cost on all cores of the same machine. Made by \`npm run benchmark -- --gpu\`; [benchmarks-gpu.csv](benchmarks-gpu.csv) has
all digits. On CPUs: [Benchmarks](benchmarks.md).`,
  method: `- On a GPU float32 has all its digits in every contender: nothing is rounded to TF32 (settings of PyTorch and JAX, and
  \`NVIDIA_TF32_OVERRIDE=0\` for all).
- On a GPU this tool reads back up to 16 steps at once; the numbers of every step are in the trace all the same. The peers read
  those of each step before the next begins, because their loop does.`,
  rerun: `    npm ci && npm run build
    npx run-experiment doctor              # whether cuda or webgpu finds the GPU
    npm run benchmark -- --gpu             # rewrites this page
    npm run benchmark -- --gpu mlp         # cases whose names begin so, to the terminal
    npm run benchmark -- --gpu --quick     # a look, of little worth`,
};

/** Tables with an engine a line, one a case; or one table a section, with an engine a column. */
const layouts = /** @type {const} */ ({ "matrix products": "grid" });

const isGrid = (/** @type {string} */ section) => section in layouts || section.startsWith("cost against");

const times = (/** @type {Row} */ row, /** @type {Row | undefined} */ other) =>
  other === undefined ? "" : other === row ? "1" : short(ratio(row, other));

const spread = (/** @type {Row} */ { figures }) =>
  figures.length > 1 ? `${short(least(figures))} – ${short(most(figures))}` : "";

/** One digit that counts. @param {number | undefined} value */
const digit = (value) => (value === undefined ? "" : value === 0 ? "0" : value.toExponential(0));

/** @param {readonly Row[]} rows of one case */
function caseTable(rows) {
  const peers = rows.filter(({ isPeer }) => isPeer);
  const checked = rows.some(({ deviation }) => deviation !== undefined);
  const header = ["", rows[0]?.unit ?? "", "least – most", ...peers.map(({ engine }) => `× ${engine}`)];
  const lines = rows.map((row) => [
    row.isPeer ? row.engine : `**${row.engine}**`,
    short(median(row.figures)),
    spread(row),
    ...peers.map((peer) => times(row, peer)),
    ...(checked ? [digit(row.deviation)] : []),
  ]);
  return markdownTable([...header, ...(checked ? ["deviation"] : [])], lines);
}

/** @param {readonly Row[]} rows of one section */
function gridTable(rows) {
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const cases = [...new Set(rows.map((row) => row.case))];
  const lines = cases.map((name) => {
    const alike = rows.filter((row) => row.case === name);
    const peer = alike.find(({ isPeer }) => isPeer);
    const cell = (/** @type {string} */ engine) => {
      const row = alike.find((one) => one.engine === engine);
      if (!row) return "";
      const value = short(median(row.figures));
      return peer && row !== peer ? `${value} (${times(row, peer)} ×)` : value;
    };
    return [alike[0]?.title ?? name, ...engines.map(cell)];
  });
  return markdownTable([rows[0]?.unit ?? "", ...engines], lines);
}

/** @param {string} section @param {readonly Row[]} rows of it */
function sectionText(section, rows) {
  const heading = `## ${section.slice(0, 1).toUpperCase()}${section.slice(1)}`;
  if (isGrid(section)) {
    const peer = rows.find(({ isPeer }) => isPeer);
    const note = peer ? `In brackets: how many times that of ${peer.engine}.` : "";
    return [heading, ...(note ? [note] : []), gridTable(rows)];
  }
  const cases = [...new Set(rows.map((row) => row.case))];
  return [
    heading,
    ...cases.flatMap((name) => {
      const alike = rows.filter((row) => row.case === name);
      return [`\`${name}\`: ${alike[0]?.title}`, caseTable(alike)];
    }),
  ];
}

/** Everything that was measured, section by section. @param {readonly Row[]} rows */
export function measurements(rows) {
  const sections = [...new Set(rows.map(({ section }) => section))];
  return sections
    .flatMap((name) =>
      sectionText(
        name,
        rows.filter(({ section }) => section === name),
      ),
    )
    .join("\n\n");
}

/** Processes at work for each core, above which figures say little. */
const busy = 0.5;

/**
 * @param {readonly Row[]} rows
 * @param {Facts} facts
 */
export function pageOf(rows, { isOnGpu, date, command, machine, cores, load, rounds, effort, leftOut }) {
  const own = isOnGpu ? onGpu : onCpus;
  const facts = {
    date: date.toISOString().slice(0, 10),
    ...machine,
    command: `\`${command}\``,
    rounds: `${rounds}, fewer where a case takes long`,
    load: `${load.toFixed(1)} processes at work when it began`,
  };
  const warnings = [
    ...(load > busy * cores ? ["The machine had other work to do: these figures are not to be quoted."] : []),
    ...(effort < 1 ? [`A quick look, with ${effort} of the steps: these figures are not to be quoted.`] : []),
  ];
  const paragraphs = [
    "<!-- Generated by npm run benchmark; do not edit. -->",
    `# ${own.title}`,
    own.introduction,
    ...warnings.map((warning) => `**${warning}**`),
    markdownTable(["", ""], Object.entries(facts)),
    measurements(rows),
    ...(leftOut.length > 0 ? ["## Not measured", leftOut.map((line) => `- ${line}`).join("\n")] : []),
    "## What is compared, and how",
    [method.first, own.method, method.last].join("\n"),
    "## To run it again",
    own.rerun,
    rerun,
  ];
  return `${paragraphs.join("\n\n")}\n`;
}
