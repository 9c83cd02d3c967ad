import type { Command, Option } from "commander";
import { backendNames } from "../../compute/backends.js";
import { shippedConfigs } from "../../config/shipped.js";

/** What can stand at a place of the command line. */
export interface Candidates {
  readonly words: readonly string[];
  readonly paths?: "files" | "directories";
}

/** An option as it is completed. */
export interface CompletedOption {
  /** "-o", "--out" */
  readonly flags: readonly string[];
  readonly description: string;
  /** Of the value; absent where the option takes none. */
  readonly value?: Candidates;
}

/** A command as it is completed. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  readonly argument: Candidates;
}

/** The command that is meant where none is named. */
export const defaultCommand = "run";

const nothing: Candidates = { words: [] };
const files: Candidates = { words: [], paths: "files" };
const directories: Candidates = { words: [], paths: "directories" };

/** What an argument or a value is called in the help, and what can stand there. */
function candidatesByName(): Readonly<Record<string, Candidates>> {
  const configs = [...shippedConfigs().keys()];
  const reproducible = ["paper", "compare"].flatMap((collection) => [
    collection,
    ...configs.filter((name) => name.startsWith(`${collection}/`)).map((name) => name.slice(collection.length + 1)),
  ]);
  const config: Candidates = { words: configs, paths: "files" };
  return {
    ...{ config, "config-or-results": config, experiment: { words: reproducible } },
    ...{ file: files, "file or package": files, interpreter: files },
    ...{ directory: directories, results: directories, run: directories, other: directories },
  };
}

/** Options whose values are among a few words. */
const words: Readonly<Record<string, readonly string[]>> = {
  "--backend": ["auto", ...backendNames, "float64"],
  "--executor": ["local", "slurm"],
  "--format": ["csv", "parquet"],
  "--cost": ["steps", "epochs", "seconds"],
};

const firstLine = (text: string) => text.split("\n")[0]!;

/** The commands of a program, hidden ones left out, with what completes them. */
export function completedCommands(program: Command): CompletedCommand[] {
  const known = candidatesByName();
  const candidatesFor = ({ flags, long }: Option): Candidates => {
    const own = words[long ?? ""];
    return own ? { words: own } : (known[/[<[](.*?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1] ?? ""] ?? nothing);
  };
  const optionOf = (option: Option): CompletedOption => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: firstLine(option.description),
    ...((option.required || option.optional) && { value: candidatesFor(option) }),
  });
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => {
    const [argument] = command.registeredArguments;
    return {
      name: command.name(),
      description: firstLine(command.description()),
      options: help.visibleOptions(command).map(optionOf),
      argument: argument?.argChoices ? { words: argument.argChoices } : (known[argument?.name() ?? ""] ?? nothing),
    };
  });
}
