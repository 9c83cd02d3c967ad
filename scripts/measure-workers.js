// Throughput of a sweep of MLP runs under one worker and under two, in one go; and that their results are the same.
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
    data: { name: "synthetic-digits", train: 4000, test: 500 },
    optimizer: { name: "lars", learningRate: 0.02 },
    backend: "wasm",
    batchSize: 128,
    steps,
    seeds: Array.from({ length: runs }, (_, i) => i),
    trace: { every: 10 },
    evaluate: "end",
  }),
);

/** Wall time of the whole process, its start and the data set included. */
function measure(/** @type {number} */ jobs) {
  const out = join(directory, String(jobs));
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [tool, config, "-o", out, "-q", "--jobs", String(jobs)], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  return (performance.now() - started) / 1000;
}

function traces(/** @type {number} */ jobs) {
  const place = join(directory, String(jobs), "throughput", "runs");
  return readdirSync(place).map((id) => readFileSync(join(place, id, "trace.csv"), "utf8"));
}

console.log(`${runs} runs of ${steps} steps, MLP 784-300-100-10, batch 128, wasm, ${cpus().length} cores`);
const [one, two] = [measure(1), measure(2)];
const rate = (/** @type {number} */ seconds) =>
  `${seconds.toFixed(1)} s, ${((runs * steps) / seconds).toFixed(0)} steps/s`;
console.log(`1 worker:  ${rate(one)}\n2 workers: ${rate(two)}\nratio:     ${(one / two).toFixed(2)}`);
const same = JSON.stringify(traces(1)) === JSON.stringify(traces(2));
console.log(`traces:    ${same ? "byte-identical" : "DIFFERENT"}`);
rmSync(directory, { recursive: true });
process.exitCode = same ? 0 : 1;
