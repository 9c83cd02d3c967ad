// A process that answers requests, one JSON line each way, and lives until it is told to end.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** An error that the process answered with. */
export class Refusal extends Error {}

/** @typedef {{ request: (action: string, details?: object) => Promise<any>, close: () => void }} Server */

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Server} whose `request` throws a Refusal where the process answers with an error, and an Error where it ends
 */
export function jsonLines(command, args, environment = process.env) {
  const child = spawn(command, args, { env: environment, stdio: ["pipe", "pipe", "pipe"] });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaints = (complaints + text).slice(-2000);
  });
  /** @type {Promise<Error>} */
  const ended = new Promise((resolve) => {
    child.once("error", resolve);
    child.once("close", (code) => {
      const reason = complaints.trim().split("\n").at(-1);
      resolve(new Error(reason || `${command} ended with code ${code}`));
    });
  });
  // What is written to a process that has ended is told by its end.
  child.stdin.on("error", () => {});
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async request(action, details = {}) {
      child.stdin.write(`${JSON.stringify({ do: action, ...details })}\n`);
      const { value, done } = await answers.next();
      if (done) throw await ended;
      const { result, error } = JSON.parse(value);
      if (error !== undefined) throw new Refusal(error);
      return result;
    },
    close: () => child.stdin.end(),
  };
}
