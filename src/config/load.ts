import { dirname, relative, resolve } from "node:path";
import { ExperimentError, excerpt, messageOf, mistakesAt } from "../base/errors.js";
import { explain } from "../base/explain.js";
import { isObject, partsOf } from "../base/path.js";
import { isPluginFile, loadPlugins } from "../registry/plugins.js";
import type { Registry } from "../registry/registry.js";
import { assign, replacedBy } from "./assign.js";
import { readConfigText } from "./config-file.js";
import type { Expectation } from "./expectation-schema.js";
import { type Extended, extendExperiment } from "./extension.js";
import type { ObjectiveOptions } from "./objective-schema.js";
import { type ConfigSchemas, configSchemas } from "./schema.js";
import type { Search } from "./search.js";
import type { SlurmOptions } from "./slurm.js";
import { type Axis, type Sweep, type SweepBlock, samplesOf } from "./sweep.js";
import { extensionOf, isExtension, sweepOptionText, withSweepOptions } from "./sweep-option.js";
import type { Target } from "./target-schema.js";
import { checkTree, parseYaml, YamlError } from "./yaml.js";

/** A checked experiment config. `raw` is what was written (after `extends` and `--set`), without defaults. */
export interface Experiment {
  readonly path: string;
  /** Where relative paths of the config start. */
  readonly directory: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly seeds: Axis;
  readonly sweep?: Sweep | undefined;
  /** What the sweep has been extended by, if it has. */
  readonly extended?: Extended | undefined;
  readonly search?: Search | undefined;
  readonly expect: readonly Expectation[];
  readonly objective?: ObjectiveOptions | undefined;
  /** What runs are to reach; absent where nothing is. */
  readonly target?: readonly Target[] | undefined;
  readonly slurm: SlurmOptions;
  /** What the config can name: what comes with the tool and what its plugins add. */
  readonly registry: Registry;
  readonly raw: Readonly<Record<string, unknown>>;
  /** What `--set`, the sweep and the search take away that the config spells out, one line each. */
  readonly notes: readonly string[];
}

/** A `path=value` from the command line. */
export interface Override {
  readonly path: string;
  readonly text: string;
}

/** YAML and JSON alike: JSON is YAML, and this parser gives line and column for both. */
function parseText(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { message, position } = error;
    const form = path.endsWith(".json") ? "JSON" : "YAML";
    throw new ExperimentError(
      position ? `${[path, ...position].join(":")}: invalid ${form}: ${message}` : `${path}: ${message}`,
    );
  }
  if (!isObject(value))
    throw new ExperimentError(`${path}: expected an object with keys such as name, problem, optimizer`);
  return value;
}

/** Objects are merged key by key, anything else is replaced; so is an object that names another variant. */
function merged(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  for (const tag of ["name", "schedule"]) {
    if (over[tag] !== undefined && base[tag] !== undefined && over[tag] !== base[tag]) return over;
  }
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = key in base ? merged(base[key], value) : value;
  return result;
}

/** More than anybody stacks: `extends` that multiply themselves are a mistake. */
const mostFiles = 200;

/** The files of one config: each is read once, however many extend it. */
class Reading {
  private readonly texts = new Map<string, string>();
  private count = 0;

  text(path: string): string {
    if (++this.count > mostFiles) {
      throw new ExperimentError(`${path}: extends: more than ${mostFiles} files in all; expected a few`);
    }
    const known = this.texts.get(path) ?? readConfigText(path);
    this.texts.set(path, known);
    return known;
  }
}

function readWithBases(path: string, reading = new Reading(), trail: readonly string[] = []): Record<string, unknown> {
  const full = resolve(path);
  if (trail.includes(full)) throw new ExperimentError(`${path}: extends itself, by way of ${trail.length} file(s)`);
  const { extends: bases, ...own } = parseText(reading.text(path), path);
  if (trail.length > 0) own.plugins = pluginsFrom(own.plugins, dirname(full), dirname(trail[0]!));
  if (bases === undefined) return own;
  const list = Array.isArray(bases) ? bases : [bases];
  if (!list.every((base) => typeof base === "string")) {
    throw new ExperimentError(`${path}: extends: expected the path of a config, or a list of paths`);
  }
  const start = list
    .map((base) => readWithBases(resolve(dirname(path), base), reading, [...trail, full]))
    .reduce((all, base) => topLevelMerged(all, base), {});
  return topLevelMerged(start, own);
}

/** The plugins of a base, which names them from its own directory, as the config that extends it would name them. */
function pluginsFrom(plugins: unknown, directory: string, root: string): unknown {
  if (!Array.isArray(plugins)) return plugins;
  return plugins.map((name: unknown) => {
    if (typeof name !== "string" || !isPluginFile(name) || directory === root) return name;
    const path = relative(root, resolve(directory, name));
    return isPluginFile(path) ? path : `./${path}`;
  });
}

/** A config's own name always wins over its base's; and optimizer and optimizers stand in for each other. */
function topLevelMerged(base: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const { name: _, ...rest } = base;
  const result = {
    ...(merged(rest, { ...own, name: undefined }) as Record<string, unknown>),
    name: own.name ?? base.name,
  };
  // A base's problem or rule needs the base's plugins.
  if (Array.isArray(base.plugins) && Array.isArray(own.plugins)) {
    (result as Record<string, unknown>).plugins = [...new Set([...base.plugins, ...own.plugins])];
  }
  for (const [one, other] of [
    ["optimizer", "optimizers"],
    ["optimizers", "optimizer"],
    ["steps", "epochs"],
    ["epochs", "steps"],
  ] as const) {
    if (one in own && !(other in own)) delete (result as Record<string, unknown>)[other];
  }
  return result;
}

function refuseReservedPath(path: string, where: string): void {
  const reserved = partsOf(path).find((part) => ["__proto__", "constructor", "prototype", "length"].includes(part));
  if (reserved !== undefined) throw new ExperimentError(`${where}: unknown key "${reserved}"`);
}

function override(raw: Record<string, unknown>, { path, text }: Override, literally: boolean): Record<string, unknown> {
  const where = excerpt(`--set ${path}=${text}`, 100);
  if (path === "") throw new ExperimentError(`${where}: expected path=value, such as optimizer.momentum=0.9`);
  refuseReservedPath(path, where);
  try {
    return assign(raw, path, literally ? text : parseYaml(text));
  } catch (error) {
    throw error instanceof ExperimentError ? error : new ExperimentError(`${where}: ${messageOf(error)}`);
  }
}

/**
 * Values of `--set` are read as YAML (0.9 is a number, true a boolean, [1, 2] a list), and as plain text where that
 * is what the schema wants at their path.
 */
function withOverrides(
  raw: Record<string, unknown>,
  overrides: readonly Override[],
  { experiment }: ConfigSchemas,
): Record<string, unknown> {
  return overrides.reduce((config, one) => {
    const typed = override(config, one, false);
    const result = experiment.safeParse(typed);
    const wantsText = result.error?.issues.some(
      ({ code, path, ...issue }) =>
        code === "invalid_type" &&
        "expected" in issue &&
        issue.expected === "string" &&
        path.join(".") === partsOf(one.path).join("."),
    );
    return wantsText ? override(config, one, true) : typed;
  }, raw);
}

/**
 * The registry that the plugins of a config make; what is wrong with the list itself its schema says.
 *
 * @throws ExperimentError naming the config and the plugin, if one cannot be loaded
 */
async function registryOf(
  path: string,
  raw: Record<string, unknown>,
  overrides: readonly Override[],
  base: Registry,
): Promise<Registry> {
  const own = overrides.filter((one) => partsOf(one.path)[0] === "plugins");
  const { plugins = [] } = own.reduce((config, one) => override(config, one, false), raw);
  if (!Array.isArray(plugins) || !plugins.every((name) => typeof name === "string")) return base;
  try {
    return await loadPlugins(base, plugins, dirname(resolve(path)));
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    throw new ExperimentError(`${path}: ${error.message}`, { cause: error });
  }
}

/** What is replaced without anybody having written so: by `--set`, and by the first object or number of each axis. */
function notesOn(
  written: Record<string, unknown>,
  raw: Record<string, unknown>,
  overrides: readonly Override[],
  { sweep, search }: { readonly sweep?: unknown; readonly search?: Search | undefined },
): string[] {
  const set = overrides.map(({ path, text }) => {
    return replacedBy(written, path, parseYaml(text));
  });
  const blocks = (Array.isArray(sweep) ? sweep : [sweep ?? {}]) as readonly SweepBlock[];
  const axes = blocks.flatMap(({ grid = {}, zip = {} }) => [...Object.entries(grid), ...Object.entries(zip)]);
  const swept = axes.flatMap(([path, axis]) => {
    const values = samplesOf(axis);
    return values.map((value) => replacedBy(raw, path, value));
  });
  const searched = Object.entries(search?.space ?? {}).flatMap(([path, dimension]) =>
    ("choice" in dimension ? dimension.choice : [0]).map((value) => replacedBy(raw, path, value)),
  );
  return [...new Set([...set, ...swept, ...searched].filter((note) => note !== undefined))];
}

/** A config as it was written, and what is changed in it. */
interface Written {
  readonly path: string;
  readonly directory: string;
  readonly raw: Record<string, unknown>;
  readonly overrides: readonly Override[];
  readonly registry: Registry;
}

/** The mend where something is said of a target that the config lacks. */
export const needsTarget = "needs a target, such as target: {column: val_accuracy, above: 0.97}";

/** @throws ExperimentError naming the config, the place in it, what was expected and what came */
function checked({ path, directory, raw: written, overrides, registry }: Written): Experiment {
  const schemas = configSchemas(registry);
  const raw = withOverrides(written, overrides, schemas);
  const result = schemas.experiment.safeParse(raw);
  if (!result.success) throw new ExperimentError(mistakesAt(path, explain(result.error.issues, schemas.file, raw)));
  const { optimizer, optimizers, sweep, search, name, description, seeds, expect, objective, target, slurm } =
    result.data;
  if ((optimizer === undefined) === (optimizers === undefined)) {
    throw new ExperimentError(`${path}: give either optimizer (one) or optimizers (a list)`);
  }
  if (objective?.statistic === "target" && !target) {
    throw new ExperimentError(`${path}: objective: statistic target ${needsTarget}`);
  }
  if (objective?.statistic === "target" && search?.successiveHalving) {
    throw new ExperimentError(
      `${path}: objective: statistic target cannot rank runs that have not reached it yet; leave search.successiveHalving out, or name a column`,
    );
  }
  return {
    path,
    directory,
    name,
    description,
    seeds,
    sweep: sweep as Sweep | undefined,
    search,
    expect,
    objective,
    target,
    slurm,
    registry,
    raw,
    notes: notesOn(written, raw, overrides, { sweep, search }),
  };
}

/**
 * Reads, merges and checks a config file.
 *
 * @param registry what it may name, besides what its plugins add
 * @param sweeps axes from the command line, such as "optimizer.learningRate=logspace:1e-4:1:9", or "+=" to go on with one
 * @throws ExperimentError naming the file, the place in it, what was expected and what came
 */
export async function loadExperiment(
  path: string,
  registry: Registry,
  overrides: readonly Override[] = [],
  sweeps: readonly string[] = [],
): Promise<Experiment> {
  for (const option of sweeps) refuseReservedPath(option.split(/\+?=/)[0]!, sweepOptionText(option));
  const raw = withSweepOptions(
    readWithBases(path),
    sweeps.filter((option) => !isExtension(option)),
  );
  const directory = dirname(resolve(path));
  const own = await registryOf(path, raw, overrides, registry);
  return sweeps.filter(isExtension).reduce(
    (experiment, option) => {
      try {
        return extendExperiment(experiment, [extensionOf(option)]);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new ExperimentError(`${sweepOptionText(option)}: ${messageOf(error)}`);
      }
    },
    checked({ path, directory, raw, overrides, registry: own }),
  );
}

/**
 * Checks a config that a program holds.
 *
 * @param config what a file would hold, without `extends`
 * @param directory where its relative paths start
 * @param registry what it may name, besides what its plugins add
 * @throws ExperimentError naming the place in it, what was expected and what came
 */
export async function experimentOf(
  config: Readonly<Record<string, unknown>>,
  directory: string,
  registry: Registry,
): Promise<Experiment> {
  const path = "config";
  const raw = { ...config };
  try {
    checkTree(raw);
  } catch (error) {
    throw new ExperimentError(`${path}: ${messageOf(error)}`, { cause: error });
  }
  return checked({ path, directory, raw, overrides: [], registry: await registryOf(path, raw, [], registry) });
}
