import { type SpawnSyncOptions, spawnSync } from "node:child_process";
import { ExperimentError } from "../base/errors.js";

/** Something that the build needs is not to be had here; the message says how to mend it. */
export const missing = (message: string) => new ExperimentError(message, { reason: "unavailable" });

/** All was there, and it does not work. */
export const broken = (message: string) => new ExperimentError(message, { reason: "verificationFailed" });

/** What a program came to. */
export interface Ended {
  /** There is no such program. */
  readonly isMissing: boolean;
  readonly isOk: boolean;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both of them. */
  readonly output: string;
}

/** Runs a program to its end, without a shell. */
export function run(command: string, commandArguments: readonly string[], options: SpawnSyncOptions = {}): Ended {
  const result = spawnSync(command, commandArguments, { ...options, encoding: "utf8", maxBuffer: 2 ** 28 });
  const { status, signal, error } = result;
  // Both are null where the program could not be started.
  const [stdout, stderr] = [result.stdout ?? "", result.stderr ?? ""];
  const isMissing = error?.message.includes("ENOENT") ?? false;
  return { isMissing, isOk: status === 0, signal, stdout, stderr, output: stdout + stderr };
}

/** Whether the program is there and tells its version. */
export const exists = (command: string): boolean => run(command, ["--version"]).isOk;

/** What tells of an error, the clearest first: a compiler's or linker's own line, then anybody's. */
const signs = [/\b(fatal )?error: |undefined reference|cannot find -l/, /\*\*\* |not found/, /error|fatal/i, /./];

/** The line of a program's output that tells most of what went wrong. */
export function tellingLine(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  for (const sign of signs) {
    const line = lines.find((line) => sign.test(line) && !/^(gyp|npm) (info|warn)/i.test(line));
    if (line) return line;
  }
  return "it said nothing";
}

/** @param output of pip or npm */
export const isNetworkTrouble = (output: string): boolean =>
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution|Max retries/i.test(
    output,
  );
