import { statSync } from "node:fs";
import { ExperimentError } from "../base/errors.js";
import { nearest } from "../base/explain.js";
import { shippedConfigNamed, shippedNames } from "../config/shipped.js";

/** What a command's name looks like: no path, no ending. */
const isWord = (argument: string) => /^[a-z-]+$/i.test(argument);

/**
 * Since `run` may be left out, what is neither a file nor a config of the tool's may be a command that was misspelt.
 *
 * @param argument the first one, where no command was named
 * @throws ExperimentError that suggests the command, if one is near
 */
export function refuseMisspeltCommand(argument: string, commands: readonly string[]): void {
  if (!isWord(argument) || statSync(argument, { throwIfNoEntry: false })) return;
  if (shippedConfigNamed(argument) !== undefined) return;
  const meant = nearest(argument, [...commands, ...shippedNames()]);
  if (meant === undefined || !commands.includes(meant)) return;
  throw new ExperimentError(
    `unknown command "${argument}". Did you mean "${meant}"? (There is no config of this name either; run-experiment --help lists commands.)`,
  );
}
