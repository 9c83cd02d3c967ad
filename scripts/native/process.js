import { spawnSync } from "node:child_process";

/** What went wrong, in one line that says how to mend it. */
export class Failure extends Error {}

/**
 * Runs a program to its end, without a shell.
 *
 * @param {string} command
 * @param {readonly string[]} commandArguments
 * @param {import("node:child_process").SpawnSyncOptions} [options]
 */
export function run(command, commandArguments, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, commandArguments, {
    ...options,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  const output = `${stdout ?? ""}${stderr ?? ""}`;
  return { isMissing: error?.message.includes("ENOENT") ?? false, isOk: status === 0, signal, stdout, stderr, output };
}

/**
 * Whether the program is there and tells its version.
 *
 * @param {string} command
 */
export const exists = (command) => run(command, ["--version"]).isOk;

/** What tells of an error, the clearest first: a compiler's or linker's own line, then anybody's. */
const signs = [/\b(fatal )?error: |undefined reference|cannot find -l/, /\*\*\* |not found/, /error|fatal/i, /./];

/**
 * The line of a program's output that tells most of what went wrong.
 *
 * @param {string} output
 */
export function tellingLine(output) {
  const lines = output.split("\n").map((line) => line.trim());
  for (const sign of signs) {
    const line = lines.find((line) => sign.test(line) && !/^(gyp|npm) (info|warn)/i.test(line));
    if (line) return line;
  }
  return "it said nothing";
}

/** @param {string} output of pip or npm */
export const isNetworkTrouble = (output) =>
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|name resolution|Max retries/i.test(
    output,
  );
