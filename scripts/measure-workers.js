// Throughput and peak memory of a sweep of MLP runs, one at a time and two at once; and that their results are the same. On
// MNIST where it is at hand, else on synthetic digits.
// usage: npm run build && node scripts/measure-workers.js [runs] [steps]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const [runs = 4, steps = 1000] = process.argv.slice(2).map(Number);
const tool = fileURLToPath(new URL("../bin/run-experiment.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "measure-workers-"));
const config = join(directory, "config.json");

writeFileSync(
  config,
  JSON.stringify({
    name: "throughput",
    problem: { name: "mlp", hidden: [300, 100], bias: false },
    data: { name: "mnist", whenUnavailable: "synthetic-digits" },
    optimizer: { name: "lars", learningRate: 0.02 },
    backend: "wasm",
    batchSize: 128,
    steps,
    seeds: Array.from({ length: runs }, (_, i) => i),
    trace: { every: 10 },
    evaluate: "end",
  }),
);

const peakMemory = fileURLToPath(new URL("../test/cli/peak-memory.mjs", import.meta.url));

/** Wall time of the whole process, its start and the data set included, and the most memory it had. */
function measure(/** @type {number} */ jobs) {
  const out = join(directory, String(jobs));
  const peak = join(directory, `peak ${jobs}`);
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [tool, config, "-o", out, "-q", "--jobs", String(jobs)], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: `--import ${peakMemory}`, PEAK_MEMORY_FILE: peak },
  });
  if (status !== 0) throw new Error(stderr);
  return { seconds: (performance.now() - started) / 1000, megabytes: Number(readFileSync(peak, "utf8")) / 1024 };
}

function traces(/** @type {number} */ jobs) {
  const place = join(directory, String(jobs), "throughput", "runs");
  return readdirSync(place).map((id) => readFileSync(join(place, id, "trace.csv"), "utf8"));
}

console.log(`${runs} runs of ${steps} steps, MLP 784-300-100-10, batch 128, wasm, ${cpus().length} cores`);
const [one, two] = [measure(1), measure(2)];
const told = (/** @type {typeof one} */ { seconds, megabytes }) =>
  `${seconds.toFixed(1)} s, ${((runs * steps) / seconds).toFixed(0)} steps/s, ${megabytes.toFixed(0)} MB at most`;
const ratios = `${(one.seconds / two.seconds).toFixed(2)} times as fast, ${(two.megabytes / one.megabytes).toFixed(2)} times the memory`;
console.log(`one at a time: ${told(one)}\ntwo at once:   ${told(two)}\nratios:        ${ratios}`);
const same = JSON.stringify(traces(1)) === JSON.stringify(traces(2));
console.log(`traces:        ${same ? "byte-identical" : "DIFFERENT"}`);
rmSync(directory, { recursive: true });
process.exitCode = same ? 0 : 1;
