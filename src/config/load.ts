import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import { ExperimentError, messageOf } from "../errors.js";
import type { Expectation } from "../expectations/schema.js";
import { explain } from "./explain.js";
import { isObject, partsOf, withValue } from "./path.js";
import { experimentSchema, fileSchema } from "./schema.js";
import type { Axis, Sweep } from "./sweep.js";
import { withSweepOptions } from "./sweep-option.js";

/** A checked experiment config. `raw` is what was written (after `extends` and `--set`), without defaults. */
export interface Experiment {
  readonly path: string;
  /** Where relative paths of the config start. */
  readonly directory: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly seeds: Axis;
  readonly sweep?: Sweep | undefined;
  readonly expect: readonly Expectation[];
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A `path=value` from the command line. */
export interface Override {
  readonly path: string;
  readonly text: string;
}

function readText(path: string): string {
  try {
    if (statSync(path).isDirectory())
      throw new ExperimentError(`${path} is a directory; expected a YAML or JSON config file`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof ExperimentError) throw error;
    const reason = (error as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : messageOf(error);
    throw new ExperimentError(`cannot read config ${path}: ${reason}`, { cause: error });
  }
}

/** YAML and JSON alike: JSON is YAML, and this parser gives line and column for both. */
function parseText(text: string, path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(text, { prettyErrors: true, logLevel: "error" });
  } catch (error) {
    if (error instanceof YAMLParseError) {
      const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
      const message = messageOf(error).replace(/ at line \d+, column \d+:?$/, "");
      throw new ExperimentError(
        `${path}:${line}:${col}: invalid ${path.endsWith(".json") ? "JSON" : "YAML"}: ${message}`,
      );
    }
    throw new ExperimentError(`${path}: ${messageOf(error)}`, { cause: error });
  }
  if (!isObject(value))
    throw new ExperimentError(`${path}: expected an object with keys such as name, problem, optimizer`);
  refuseReservedKeys(value, path);
  return value;
}

/** Keys that mean something to JavaScript objects are never config keys. */
function refuseReservedKeys(value: unknown, path: string): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    if (key === "__proto__" || key === "constructor" || key === "prototype") {
      throw new ExperimentError(`${path}: unknown key "${key}"`);
    }
    refuseReservedKeys((value as Record<string, unknown>)[key], path);
  }
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

function readWithBases(path: string, trail: readonly string[] = []): Record<string, unknown> {
  const full = resolve(path);
  if (trail.includes(full)) throw new ExperimentError(`${path}: extends itself, by way of ${trail.length} file(s)`);
  const { extends: bases, ...own } = parseText(readText(path), path);
  if (bases === undefined) return own;
  const list = Array.isArray(bases) ? bases : [bases];
  if (!list.every((base) => typeof base === "string")) {
    throw new ExperimentError(`${path}: extends: expected the path of a config, or a list of paths`);
  }
  const start = list
    .map((base) => readWithBases(resolve(dirname(path), base), [...trail, full]))
    .reduce((all, base) => topLevelMerged(all, base), {});
  return topLevelMerged(start, own);
}

/** A config's own name always wins over its base's; and optimizer and optimizers stand in for each other. */
function topLevelMerged(base: Record<string, unknown>, own: Record<string, unknown>): Record<string, unknown> {
  const { name: _, ...rest } = base;
  const result = {
    ...(merged(rest, { ...own, name: undefined }) as Record<string, unknown>),
    name: own.name ?? base.name,
  };
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

/** Sets a path of the raw config; `optimizer.…` reaches every entry of `optimizers`. */
export function assign(raw: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const [first, ...rest] = partsOf(path);
  if (first === "optimizer" && Array.isArray(raw.optimizers)) {
    return { ...raw, optimizers: raw.optimizers.map((optimizer) => withValue(optimizer, rest, value)) };
  }
  return withValue(raw, [first!, ...rest], value) as Record<string, unknown>;
}

function override(raw: Record<string, unknown>, { path, text }: Override, literally: boolean): Record<string, unknown> {
  const where = `--set ${path}=${text}`;
  if (path === "") throw new ExperimentError(`${where}: expected path=value, such as optimizer.momentum=0.9`);
  try {
    const value = literally ? text : parse(text);
    const result = assign(raw, path, value);
    refuseReservedKeys(result, where);
    return result;
  } catch (error) {
    throw error instanceof ExperimentError ? error : new ExperimentError(`${where}: ${messageOf(error)}`);
  }
}

/**
 * Values of `--set` are read as YAML (0.9 is a number, true a boolean, [1, 2] a list), and as plain text where that
 * is what the schema wants at their path.
 */
function withOverrides(raw: Record<string, unknown>, overrides: readonly Override[]): Record<string, unknown> {
  return overrides.reduce((config, one) => {
    const typed = override(config, one, false);
    const result = experimentSchema.safeParse(typed);
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
 * Reads, merges and checks a config file.
 *
 * @param sweeps axes from the command line, such as "optimizer.learningRate=logspace:1e-4:1:9"
 * @throws ExperimentError naming the file, the place in it, what was expected and what came
 */
export function loadExperiment(
  path: string,
  overrides: readonly Override[] = [],
  sweeps: readonly string[] = [],
): Experiment {
  const raw = withOverrides(withSweepOptions(readWithBases(path), sweeps), overrides);
  const result = experimentSchema.safeParse(raw);
  if (!result.success) throw new ExperimentError(`${path}: ${explain(result.error.issues, fileSchema, raw)}`);
  const { optimizer, optimizers, sweep, ...facts } = result.data;
  if ((optimizer === undefined) === (optimizers === undefined)) {
    throw new ExperimentError(`${path}: give either optimizer (one) or optimizers (a list)`);
  }
  const { name, description, seeds, expect } = facts;
  const directory = dirname(resolve(path));
  return { path, directory, name, description, seeds, sweep: sweep as Sweep | undefined, expect, raw };
}
