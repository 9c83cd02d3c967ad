import { ExperimentError, messageOf } from "../base/errors.js";
import { readOrdinaryFile, UnsuitableFile } from "../base/files.js";

/** Far above any config; the parser takes up to a thousand times as much memory. */
const mostBytes = 250_000;

/**
 * The text of a config file.
 *
 * @throws ExperimentError for what is no ordinary file (a directory, a device, a pipe), or too long to be a config
 */
export function readConfigText(path: string): string {
  try {
    return readOrdinaryFile(path, mostBytes).toString();
  } catch (error) {
    if (error instanceof UnsuitableFile) {
      throw new ExperimentError(`${path} ${error.message}; expected a YAML or JSON config file`, { cause: error });
    }
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : messageOf(error);
    throw new ExperimentError(`cannot read config ${path}: ${reason}`, { cause: error });
  }
}
