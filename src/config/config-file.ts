import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { ExperimentError, messageOf } from "../errors.js";

/** Far above any config; the parser takes up to a thousand times as much memory. */
const mostBytes = 250_000;

/**
 * The text of a config file.
 *
 * @throws ExperimentError for what is no ordinary file (a directory, a device, a pipe that would be waited for), or too
 * long to be a config
 */
export function readConfigText(path: string): string {
  try {
    // Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
    const descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const facts = fstatSync(descriptor);
      const expected = "expected a YAML or JSON config file";
      if (facts.isDirectory()) throw new ExperimentError(`${path} is a directory; ${expected}`);
      if (!facts.isFile()) throw new ExperimentError(`${path} is no ordinary file; ${expected}`);
      if (facts.size > mostBytes) {
        throw new ExperimentError(`${path} has ${facts.size} bytes; ${expected} of at most ${mostBytes}`);
      }
      return readFileSync(descriptor, "utf8");
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : messageOf(error);
    throw new ExperimentError(`cannot read config ${path}: ${reason}`, { cause: error });
  }
}
