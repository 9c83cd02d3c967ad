import { constants, copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { ExperimentError } from "../../base/errors.js";
import { onDisk } from "../../base/files.js";
import { packageDirectory } from "../../base/package-directory.js";

const starter = join(packageDirectory, "examples", "starter");

/**
 * Writes a config to start from and a plugin with a rule that it names.
 *
 * @throws ExperimentError, and nothing is written, if one of the files is there already
 */
export function init(directory = "."): void {
  const files = readdirSync(starter).map((name) => ({ from: join(starter, name), to: join(directory, name) }));
  const taken = files.find(({ to }) => existsSync(to));
  if (taken) {
    throw new ExperimentError(
      `${taken.to} is there already, and nothing is overwritten; name another directory: run-experiment init <directory>`,
    );
  }
  onDisk("write", directory, () => {
    mkdirSync(directory, { recursive: true });
    for (const { from, to } of files) copyFileSync(from, to, constants.COPYFILE_EXCL);
  });
  const written = files.map(({ to }) => `wrote ${to}\n`).join("");
  const config = join(relative("", directory), "experiment.yaml");
  process.stdout.write(`${written}next: run-experiment ${config} --dry-run, and without --dry-run\n`);
}
