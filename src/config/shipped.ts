import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { suggestion } from "../base/explain.js";
import { packageDirectory } from "../base/package-directory.js";

/** Where the configs that come with the tool lie. */
export const shippedDirectory = join(packageDirectory, "configs");

const configFile = /\.(json|ya?ml)$/;

/** The names of the configs that come with the tool: their paths under configs/, without the ending. */
export function shippedConfigs(): Map<string, string> {
  const files = readdirSync(shippedDirectory, { recursive: true, encoding: "utf8" }).filter((file) =>
    configFile.test(file),
  );
  const named = files.map((file) => [file.replaceAll("\\", "/").replace(configFile, ""), file] as const);
  return new Map(
    named.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, file]) => [name, join(shippedDirectory, file)]),
  );
}

const lastPart = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/** What configs that come with the tool can be called: their names, and the last parts of these. */
export const shippedNames = (): string[] =>
  [...shippedConfigs().keys()].flatMap((one) => [...new Set([lastPart(one), one])]);

/** The path of the config that comes with the tool and has this name, or the last part of it; undefined if none has. */
export function shippedConfigNamed(argument: string): string | undefined {
  const shipped = shippedConfigs();
  const wanted = argument.replace(configFile, "");
  return shipped.get(wanted) ?? [...shipped].find(([name]) => lastPart(name) === wanted)?.[1];
}

/**
 * The config that an argument means: a file of that path; else one that comes with the tool, by its name ("paper/norms")
 * or the last part of it ("norms").
 *
 * @throws ExperimentError that says where was looked and suggests the nearest name, if there is neither
 */
export function configPath(argument: string): string {
  const there = statSync(argument, { throwIfNoEntry: false });
  if (there?.isFile()) return argument;
  const shipped = shippedConfigNamed(argument);
  if (shipped !== undefined) return shipped;
  // Something else than a file: what is wrong with it, reading it says.
  if (there) return argument;
  const hint = suggestion(argument.replace(configFile, ""), shippedNames());
  throw new ExperimentError(
    `cannot read config ${argument}: no such file in ${process.cwd()}, and none of this name comes with the tool (run-experiment list names them).${hint}`,
  );
}
