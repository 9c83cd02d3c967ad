import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { loadExperiment } from "../../src/config/load.js";
import type { Executor } from "../../src/execution/executor.js";
import { type PlannedRun, planRun } from "../../src/execution/plan.js";
import type { Resources } from "../../src/execution/resources.js";
import type { RunOptions } from "../../src/execution/run.js";
import { root } from "../cli/tool.js";

const tool = join(root, "bin/run-experiment.js");

/** Writes a config beside its results and returns its path. */
export function writeConfig(directory: string, config: Record<string, unknown>): string {
  const path = join(directory, `${String(config.name)}.json`);
  writeFileSync(path, JSON.stringify(config));
  return path;
}

/** A small network on synthetic digits: some 200 steps a second. */
export const network = {
  problem: { name: "mlp", hidden: [8], bias: false },
  data: { name: "synthetic-digits", train: 300, test: 50 },
  backend: "cpu",
  batchSize: 32,
};

export interface Process {
  readonly child: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  stderr(): string;
}

/** A moment in the life of the tool: before it does this to a file of this name for the n-th time, in one thread. */
export interface Moment {
  readonly call: "renameSync" | "fsyncSync" | "writeSync";
  readonly path: string;
  readonly count: number;
  readonly signal: NodeJS.Signals;
}

/** Environment in which the tool gets a signal at this moment. */
export const signalAt = (moment: Moment): Record<string, string> => ({
  NODE_OPTIONS: `--import ${pathToFileURL(join(import.meta.dirname, "signal-at.js"))}`,
  SIGNAL_AT: JSON.stringify(moment),
});

/** Starts the built tool and leaves it running, in a process group of its own. */
export function startTool(args: readonly string[], env: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, [tool, ...args], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  let text = "";
  child.stderr!.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  const ended = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => resolve(signal ?? code ?? 0));
  });
  return { child, ended, stderr: () => text };
}

/** Waits until a condition holds; fails loudly if it never does. */
export async function until(what: string, condition: () => boolean, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await wait(20);
  }
}

/** Every CSV of an experiment's runs, and its weights, by path. */
export function traces(experimentDirectory: string): Record<string, string> {
  const runs = join(experimentDirectory, "runs");
  return Object.fromEntries(
    readdirSync(runs).flatMap((id) =>
      ["trace.csv", "layers.csv", "weights.npz", "averaged-weights.npz"].flatMap((name) => {
        const path = join(runs, id, name);
        return existsSync(path) ? [[`${id}/${name}`, readFileSync(path, "latin1")] as const] : [];
      }),
    ),
  );
}

export const manifest = (experimentDirectory: string, id: string) =>
  JSON.parse(readFileSync(join(experimentDirectory, "runs", id, "run.json"), "utf8")) as Record<string, unknown>;

/** The lines of summary.csv without its last column, the time, which no two runs share. */
export function summaryWithoutTime(experimentDirectory: string): string[] {
  const lines = readFileSync(join(experimentDirectory, "summary.csv"), "utf8").trimEnd().split("\n");
  if (!lines[0]!.endsWith(",wall_seconds")) throw new Error(`unexpected header ${lines[0]}`);
  return lines.map((line) => line.replace(/,[^,]*$/, ""));
}

/** The plan of a config's first run. */
export async function planFirst(path: string, resources: Resources): Promise<PlannedRun> {
  const experiment = await loadExperiment(path, builtIn);
  return planRun(expand(experiment)[0]!, experiment.registry, resources);
}

/** One run by itself. */
export const executeOne = (executor: Executor, planned: PlannedRun, directory: string, options: RunOptions = {}) =>
  executor.execute([{ planned, options }], directory)[0]!;
