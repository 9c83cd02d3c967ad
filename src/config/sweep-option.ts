import { ExperimentError, excerpt, messageOf } from "../base/errors.js";
import { isObject } from "../base/path.js";
import type { Extension } from "./extension.js";
import { type Axis, valuesOf } from "./sweep.js";
import { parseYaml } from "./yaml.js";

/** The option as errors quote it. */
export const sweepOptionText = (option: string) => excerpt(`--sweep ${option}`, 100);

const generators = ["range", "linspace", "logspace"] as const;
const expected =
  "expected path=list:a,b,c or path=range:start:end:step, path=linspace:first:last:count, path=logspace:first:last:count";

/** "logspace:1e-4:1:9" as the axis a config would spell {logspace: [1e-4, 1, 9]}. */
function axisOf(text: string): Record<string, unknown> {
  const separator = text.indexOf(":");
  const [kind, rest] = [text.slice(0, separator), text.slice(separator + 1)];
  // As a YAML list: numbers, booleans, quoted text and even {schedule: …} mean what they mean in a config.
  if (kind === "list") return { list: parseYaml(`[${rest}]`) as unknown[] };
  if (!generators.some((name) => name === kind)) throw new RangeError(expected);
  const numbers = rest.split(":").map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) throw new RangeError(expected);
  return { [kind]: numbers };
}

function withAxis(raw: Record<string, unknown>, option: string): Record<string, unknown> {
  const separator = option.indexOf("=");
  if (separator < 1) throw new RangeError(expected);
  const path = option.slice(0, separator);
  const axis = axisOf(option.slice(separator + 1));
  if (path === "seeds" || path === "seed") return { ...raw, seeds: axis };
  const blocks = Array.isArray(raw.sweep) ? raw.sweep : [raw.sweep ?? {}];
  const sweep = blocks.map((block: unknown) => {
    if (!isObject(block)) return block;
    if (isObject(block.zip) && path in block.zip) {
      throw new RangeError(`the config zips ${path} with other paths; change it there`);
    }
    return { ...block, grid: { ...(isObject(block.grid) ? block.grid : {}), [path]: axis } };
  });
  return { ...raw, sweep };
}

/** Whether an option adds values to an axis, `path+=kind:values`, in place of replacing it. */
export const isExtension = (option: string): boolean => /^[^=]*\+=/.test(option);

/** @throws ExperimentError naming the option, if it cannot be read */
export function extensionOf(option: string): Extension {
  const separator = option.indexOf("+=");
  try {
    if (separator < 1) throw new RangeError(expected);
    const axis = axisOf(option.slice(separator + 2)) as Axis;
    return { path: option.slice(0, separator), values: valuesOf(axis) };
  } catch (error) {
    throw new ExperimentError(`${sweepOptionText(option)}: ${messageOf(error)}`);
  }
}

/**
 * A config with the axes of `--sweep` options, each `path=kind:values`: they join the grid of every block of its sweep
 * and replace an axis of the same path there; `seeds` replaces the seeds.
 *
 * @throws ExperimentError naming the option, if it cannot be read
 */
export function withSweepOptions(raw: Record<string, unknown>, options: readonly string[]): Record<string, unknown> {
  return options.reduce((config, option) => {
    try {
      return withAxis(config, option);
    } catch (error) {
      throw new ExperimentError(`${sweepOptionText(option)}: ${messageOf(error)}`);
    }
  }, raw);
}
