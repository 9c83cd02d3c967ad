import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, extname, isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ExperimentError, messageOf } from "../base/errors.js";
import { checkedDefinition } from "./definition-schema.js";
import { resolvedFrom, shareModules } from "./module-sharing.js";
import { type Definition, listOf, type PluginReference, type Registry, withDefinitions } from "./registry.js";

/** "./my-rule.mjs" and "/home/…/my-rule.mjs" are files; anything else is a package. */
export const isPluginFile = (name: string) => name.startsWith("./") || name.startsWith("../") || isAbsolute(name);

/** The plugin as people know it: a file by its name alone, which is the same on every machine. */
export const pluginTitle = ({ name }: Pick<PluginReference, "name">) => (isPluginFile(name) ? basename(name) : name);

function fail(name: string, message: string, cause?: unknown): never {
  throw new ExperimentError(`plugin ${name}: ${message}`, { cause });
}

/** @param directory where relative paths start, and packages are looked for */
function located(name: string, directory: string): string {
  if (isPluginFile(name)) return resolve(directory, name);
  try {
    return fileURLToPath(resolvedFrom(directory, name));
  } catch (error) {
    return fail(
      name,
      `no such package is installed where the config lies; a file is named by a path such as ./${name}`,
      error,
    );
  }
}

function referenceTo(name: string, path: string): PluginReference {
  try {
    return { name, path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex") };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : messageOf(error);
    return fail(name, `cannot read ${path}: ${reason}`, error);
  }
}

function checkLanguage({ name, path }: PluginReference): void {
  if (![".ts", ".mts"].includes(extname(path)) || "typescript" in process.features) return;
  fail(name, `Node ${process.version} does not run TypeScript; take Node 22.18 or newer, or compile it to JavaScript`);
}

async function definitionsOf(reference: PluginReference): Promise<Definition[]> {
  const { name, path } = reference;
  checkLanguage(reference);
  shareModules();
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (error) {
    return fail(name, `cannot be loaded: ${messageOf(error)}`, error);
  }
  if (exported === undefined) fail(name, "it has no default export; expected a definition or a list of them");
  try {
    return (Array.isArray(exported) ? exported : [exported]).map(checkedDefinition);
  } catch (error) {
    return fail(name, messageOf(error), error);
  }
}

/** @throws ExperimentError if a name is taken, without a word on where the definitions come from */
function checkNames(registry: Registry, definitions: readonly Definition[]): void {
  for (const [i, { kind, name: called }] of definitions.entries()) {
    const list: readonly Definition[] = registry[listOf[kind]];
    const taken = list.find((definition) => definition.name === called);
    const twice = definitions.findIndex((one) => one.kind === kind && one.name === called) !== i;
    if (!taken && !twice) continue;
    const origin = taken && registry.origins.get(taken);
    const whose = twice
      ? "it defines it twice"
      : `${origin ? `plugin ${origin.name}` : "the tool"} has one of that name`;
    throw new ExperimentError(`${kind} "${called}": ${whose}; choose another name`);
  }
}

async function withPlugin(registry: Registry, reference: PluginReference): Promise<Registry> {
  if (registry.plugins.some(({ path }) => path === reference.path)) return registry;
  const definitions = await definitionsOf(reference);
  try {
    checkNames(registry, definitions);
  } catch (error) {
    return fail(reference.name, messageOf(error), error);
  }
  return withDefinitions(registry, definitions, reference);
}

/** What has been added to each registry, by what was added. */
const loaded = new WeakMap<Registry, Map<string, Promise<Registry>>>();

/** One registry a set of plugins: schemas made for it once serve all who come with the same. */
function registryWith(base: Registry, references: readonly PluginReference[]): Promise<Registry> {
  if (references.length === 0) return Promise.resolve(base);
  const known = loaded.get(base) ?? new Map<string, Promise<Registry>>();
  loaded.set(base, known);
  const key = JSON.stringify(references);
  const made =
    known.get(key) ??
    references.reduce(async (registry, reference) => withPlugin(await registry, reference), Promise.resolve(base));
  known.set(key, made);
  return made;
}

/**
 * A registry with the definitions of these plugins, in their order.
 *
 * @param names paths of modules, relative ones from `directory`, or packages installed there
 * @param base what they are added to
 * @throws ExperimentError if one cannot be loaded, lacks something, or takes a name that another one has
 */
export const loadPlugins = (base: Registry, names: readonly string[], directory: string): Promise<Registry> =>
  registryWith(
    base,
    names.map((name) => referenceTo(name, located(name, directory))),
  );

/**
 * A registry with definitions that a program holds itself. Runs made with it cannot be handed to other processes, which
 * have no file to load them from.
 *
 * @throws ExperimentError if one lacks something, or takes a name that another one has
 */
export function withOwn(base: Registry, definitions: readonly unknown[]): Registry {
  try {
    const found = definitions.map(checkedDefinition);
    checkNames(base, found);
    return withDefinitions(base, found);
  } catch (error) {
    throw new ExperimentError(`definitions: ${messageOf(error)}`, { cause: error });
  }
}

/**
 * The registry that a run was planned with, in another process or on another machine.
 *
 * @throws ExperimentError if a plugin is not there, or not what it was
 */
export async function plannedRegistry(base: Registry, references: readonly PluginReference[]): Promise<Registry> {
  for (const reference of references) {
    const { name, path, sha256 } = reference;
    if (referenceTo(name, path).sha256 !== sha256) {
      fail(name, `${path} is not what it was when the run was planned; start the command again`);
    }
  }
  return registryWith(base, references);
}

/**
 * The registry for looking at results: plugins that cannot be had any more are announced and left out.
 *
 * @param references as the results record them
 */
export async function availableRegistry(
  base: Registry,
  references: readonly PluginReference[],
  announce: (line: string) => void,
): Promise<Registry> {
  const found: PluginReference[] = [];
  for (const { name, path, sha256 } of references) {
    try {
      const now = referenceTo(name, path);
      await registryWith(base, [...found, now]);
      found.push(now);
      if (now.sha256 !== sha256) announce(`plugin ${name}: ${path} has changed since these results were made`);
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      announce(`${error.message}; what it defines is shown by name alone`);
    }
  }
  return registryWith(base, found);
}
