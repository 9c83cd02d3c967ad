// Does what the tutorial says, in a directory of its own: files are written, commands run, outputs compared. So it does with
// other pages whose outputs are worth it. As a program it writes what was printed into the pages: `npm run tutorial`.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { blocksOf, markOf } from "./markdown.js";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Pages that are followed from their first line to their last. */
export const followedPages = ["docs/tutorial.md", "docs/how-to/compare-fairly.md"];

const python = process.env.PYTHON ?? "python3";

/** A directory in which `npx run-experiment` is this checkout's tool, as after an install. */
function freshDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "run-experiment-tutorial-"));
  const bin = join(directory, "node_modules/.bin");
  mkdirSync(bin, { recursive: true });
  symlinkSync(root, join(directory, "node_modules/run-experiment"));
  symlinkSync("../run-experiment/bin/run-experiment.js", join(bin, "run-experiment"));
  return directory;
}

/** What a command may need that is not on every machine, by the mark `needs=`: a command that fails without it. */
const needed = { python: "python3 --version", pandas: "python3 -c 'import pandas'" };

/**
 * What differs from machine to machine, replaced by …: computing times, ids of runs (their hashes hold the version).
 *
 * @param {string} printed
 */
const withoutTimes = (printed) => printed.replace(/\b\d+(\.\d+)? s\b/g, "… s").replace(/-[0-9a-f]{10}\b/g, "-…");

/**
 * A command of the page with what it printed, and what the page says it prints (undefined: nothing is said).
 *
 * @typedef {{ command: string, line: number, printed?: string, expected?: string, lacking?: string }} Followed
 */

/**
 * Follows the page from its first block to its last. A block of the language `sh` is run; one of the language `text` after it
 * is its output; one with `title=` is a file. Marks of `sh`: `install` is what the directory has already, `not-followed` takes too
 * long, `needs=pandas` is left out where that is not there.
 *
 * @param {string} text
 * @returns {Promise<Followed[]>}
 */
export async function follow(text) {
  const directory = freshDirectory();
  const path = `${join(directory, "bin")}:${process.env.PATH}`;
  mkdirSync(join(directory, "bin"));
  // A script, not a link: a virtual environment is found by the name under which Python was called.
  writeFileSync(join(directory, "bin/python3"), `#!/bin/sh\nPATH="${process.env.PATH}" exec "${python}" "$@"\n`, {
    mode: 0o755,
  });
  const env = { ...process.env, PATH: path, RUN_EXPERIMENT_CACHE: join(directory, "cache"), NO_COLOR: "1" };
  const run = (/** @type {string} */ commands) =>
    promisify(execFile)("bash", ["-e", "-c", commands], { cwd: directory, env });
  /** @type {Followed[]} */
  const followed = [];
  const blocks = blocksOf(text);
  for (const [i, block] of blocks.entries()) {
    const title = markOf(block, "title");
    if (title) writeFileSync(join(directory, title), block.content);
    if (block.language !== "sh" || block.marks.some((mark) => ["install", "not-followed"].includes(mark))) continue;
    const { content: command, line } = block;
    const needs = /** @type {keyof typeof needed | undefined} */ (markOf(block, "needs"));
    const lacks =
      needs &&
      (await run(needed[needs]).then(
        () => false,
        () => true,
      ));
    if (lacks) {
      followed.push({ command, line, lacking: needs });
      continue;
    }
    const { stdout: printed } = await run(command);
    const next = blocks[i + 1];
    followed.push({ command, line, printed, ...(next?.language === "text" && { expected: next.content }) });
  }
  return followed;
}

/**
 * Whether this was printed, … standing for anything within a line, and runs of blanks for one another: columns are as wide
 * as the times in them.
 *
 * @param {string} printed
 * @param {string} expected
 */
export function agrees(printed, expected) {
  const tidy = (/** @type {string} */ text) => text.trim().replace(/ {2,}/g, "  ").replace(/ +$/gm, "");
  const pattern = tidy(expected)
    .split("…")
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${pattern.join(".*")}$`).test(tidy(printed));
}

/** The page, with every output as it was printed. */
async function updated(/** @type {string} */ text) {
  const lines = text.split("\n");
  const outputs = (await follow(text)).filter(
    ({ printed, expected }) => printed !== undefined && expected !== undefined,
  );
  for (const { printed, expected, command, line } of outputs.toReversed()) {
    // Fence, command, fence, blank line, fence.
    const from = line + command.split("\n").length + 2;
    const count = String(expected).split("\n").length - 1;
    lines.splice(
      from,
      count,
      ...withoutTimes(String(printed))
        .replace(/^\n+|\s+$/g, "")
        .split("\n")
        .map((printedLine) => printedLine.trimEnd()),
    );
  }
  return lines.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const page of followedPages.map((file) => join(root, file))) {
    writeFileSync(page, await updated(readFileSync(page, "utf8")));
  }
}
