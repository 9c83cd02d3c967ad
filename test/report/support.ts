import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import { type ExperimentResult, executeExperiment } from "../../src/execution/experiment.js";

export const silent = { announce() {}, begin() {}, finish() {}, start() {}, record() {}, end() {} };

export const temporaryDirectory = () => mkdtempSync(join(tmpdir(), "run-experiment-test-"));

/** Runs a config, given as data, in a directory. */
export async function execute(config: Record<string, unknown>, out: string): Promise<ExperimentResult> {
  const path = join(out, `${config.name}.json`);
  writeFileSync(path, JSON.stringify(config));
  const experiment = await loadExperiment(path, builtIn);
  return executeExperiment(experiment, expand(experiment), { out, force: false, jobs: 1 }, silent);
}

/** A Chromium or Chrome of this machine, if there is one. */
export const chromium = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));
