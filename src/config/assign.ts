import { excerpt } from "../base/errors.js";
import { isObject, partsOf, withValue } from "../base/path.js";

/**
 * A learning rate with a value set in it. A plain number and a schedule's `initial` are the same thing, λ_0: a number
 * replaces neither a schedule nor needs one.
 */
function withLearningRate(current: unknown, parts: readonly string[], value: unknown): unknown {
  if (parts.length === 0)
    return typeof value === "number" && isObject(current) ? { ...current, initial: value } : value;
  if (isObject(current)) return withValue(current, parts, value);
  if (parts.length === 1 && parts[0] === "initial") return value;
  return withValue(typeof current === "number" ? { schedule: "constant", initial: current } : {}, parts, value);
}

function withOption(optimizer: unknown, [option, ...rest]: readonly string[], value: unknown): unknown {
  if (option !== "learningRate") return withValue(optimizer, option === undefined ? [] : [option, ...rest], value);
  const fields = isObject(optimizer) ? optimizer : {};
  return { ...fields, learningRate: withLearningRate(fields.learningRate, rest, value) };
}

/** Sets a path of a raw config; `optimizer.…` reaches every entry of `optimizers`. */
export function assign(raw: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const [first, ...rest] = partsOf(path);
  if (first === "optimizer" && Array.isArray(raw.optimizers)) {
    return { ...raw, optimizers: raw.optimizers.map((optimizer) => withOption(optimizer, rest, value)) };
  }
  if (first === "optimizer") return { ...raw, optimizer: withOption(raw.optimizer, rest, value) };
  if (first === "optimizers" && Array.isArray(raw.optimizers) && rest[0] !== undefined && rest[0] in raw.optimizers) {
    const [index, ...inside] = rest;
    return {
      ...raw,
      optimizers: raw.optimizers.map((optimizer, i) =>
        String(i) === index ? withOption(optimizer, inside, value) : optimizer,
      ),
    };
  }
  return withValue(raw, [first!, ...rest], value) as Record<string, unknown>;
}

const tagOf = (value: unknown) => (isObject(value) ? (value.schedule ?? value.name) : undefined);

function valueAt(root: unknown, parts: readonly string[]): unknown {
  return parts.reduce<unknown>(
    (inner, part) => (isObject(inner) || Array.isArray(inner) ? (inner as Record<string, unknown>)[part] : undefined),
    root,
  );
}

/** What a value put at a path takes away that the config spells out, in words; undefined if it takes nothing. */
export function replacedBy(raw: Record<string, unknown>, path: string, value: unknown): string | undefined {
  const [first, ...rest] = partsOf(path);
  const targets =
    first === "optimizer" && Array.isArray(raw.optimizers)
      ? raw.optimizers.map((optimizer) => valueAt(optimizer, rest))
      : [valueAt(raw, [first!, ...rest])];
  const isRate = rest.at(-1) === "learningRate" && typeof value === "number";
  const taken = targets.filter(
    (target) =>
      isObject(target) &&
      !isRate &&
      (!isObject(value) || tagOf(target) !== tagOf(value) || tagOf(target) === undefined),
  );
  const [one] = taken;
  if (one === undefined) return undefined;
  const shown = (what: unknown) => excerpt(JSON.stringify(what) ?? String(what), 80);
  return `${path}: ${shown(value)} takes the place of ${shown(one)}`;
}
