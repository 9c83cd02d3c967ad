import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const tool = join(root, "bin/run-experiment.js");

/** A fresh directory for one test. */
export const freshDirectory = () => mkdtempSync(join(tmpdir(), "run-experiment-test-"));

const peakMemory = fileURLToPath(new URL("peak-memory.mjs", import.meta.url));

/** Environment under which a process leaves in this file, at its end, how many kilobytes of memory it has taken. */
export const measuringMemory = (file: string) => ({
  NODE_OPTIONS: `--import ${peakMemory}`,
  PEAK_MEMORY_FILE: file,
});

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built tool as a process of its own. */
export function runTool(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [tool, ...args],
      { cwd: options.cwd ?? root, env: { ...process.env, ...options.env }, maxBuffer: 1 << 28 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}
