import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import { excerpt } from "./errors.js";
import { isObject, pathText } from "./path.js";

type Issue = z.core.$ZodIssue;

/** The candidate that a word may be a misspelling of, the first of those that are equally near; undefined if none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const near = (candidate: string) => distance(word.toLowerCase(), candidate.toLowerCase());
  const [best] = [...candidates].sort((a, b) => near(a) - near(b));
  return best !== undefined && near(best) <= Math.max(2, Math.ceil(best.length / 3)) ? best : undefined;
}

/** ` Did you mean "…"?` if one of the candidates is near the word, else nothing. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const best = nearest(word, candidates);
  return best === undefined ? "" : ` Did you mean "${best}"?`;
}

/** More keys than these are told by their number. */
const mostKeys = 5;

/** Keys that an object may not have, and those that it may. */
function unknownKeys(keys: readonly string[], valid: readonly string[]): string {
  const told = keys.slice(0, mostKeys);
  const rest = keys.length > told.length ? ` and ${keys.length - told.length} more` : "";
  const hints = told
    .map((key) =>
      valid.includes(key) ? ` ${shown(key)} belongs to another form than the rest.` : suggestion(key, valid),
    )
    .join("");
  const choice = valid.length > 0 ? ` Valid keys: ${valid.join(", ")}` : "";
  return `unknown key${keys.length > 1 ? "s" : ""} ${told.map(shown).join(", ")}${rest}.${hints}${choice}`;
}

type Schema = z.core.$ZodType;

const defOf = (schema: Schema) => (schema as z.core.$ZodTypes)._zod.def;
const descriptionOf = (schema: Schema) => (schema as z.ZodType).description;

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const def = defOf(schema);
  return def.type === "object" ? def.shape : undefined;
}

/** The variant of a union that the input is an attempt at: by its discriminator, else by the keys they share. */
function variantFor(def: z.core.$ZodUnionDef, input: unknown): Schema | undefined {
  if (!isObject(input)) return undefined;
  const discriminator = "discriminator" in def ? String(def.discriminator) : undefined;
  return def.options
    .map((option) => unwrapped(option, input))
    .find((option) => {
      const shape = option && shapeOf(option);
      if (!shape) return false;
      if (!discriminator) return Object.keys(input).some((key) => key in shape);
      const literal = shape[discriminator] && defOf(shape[discriminator]);
      return literal?.type === "literal" && literal.values[0] === input[discriminator];
    });
}

/** What describes the input of a pipe: what is made of it before it is checked changes no key's meaning. */
const pipedFrom = (def: z.core.$ZodPipeDef): Schema => (defOf(def.in).type === "transform" ? def.out : def.in);

/** The keys that an object may have here; of every form, where the input fits none. */
function keysOf(schema: Schema, input: unknown): string[] {
  const container = unwrapped(schema, input);
  const shape = container && shapeOf(container);
  if (shape) return Object.keys(shape);
  const def = defOf(schema);
  if ("innerType" in def) return keysOf(def.innerType as Schema, input);
  if (def.type === "lazy") return keysOf(def.getter(), input);
  if (def.type === "pipe") return keysOf(pipedFrom(def), input);
  return def.type === "union" ? [...new Set(def.options.flatMap((option) => keysOf(option, input)))] : [];
}

/** What describes a value behind defaults, optionals and unions; undefined where the input fits no variant. */
function unwrapped(schema: Schema, input: unknown): Schema | undefined {
  const def = defOf(schema);
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
      return unwrapped(def.innerType, input);
    case "lazy":
      return unwrapped(def.getter(), input);
    case "pipe":
      return unwrapped(pipedFrom(def), input);
    case "union": {
      const variant = variantFor(def, input);
      return variant && unwrapped(variant, input);
    }
    default:
      return schema;
  }
}

/** The schema at a path of the input; undefined off the map. */
function schemaAt(schema: Schema, input: unknown, [first, ...rest]: readonly PropertyKey[]): Schema | undefined {
  if (first === undefined) return schema;
  const container = unwrapped(schema, input);
  if (!container) return undefined;
  const def = defOf(container);
  const inner = (input as Record<PropertyKey, unknown> | undefined)?.[first];
  if (def.type === "array") return schemaAt(def.element, inner, rest);
  const field = shapeOf(container)?.[String(first)];
  return field && schemaAt(field, inner, rest);
}

/** What stands at a path of the input; undefined where nothing does. */
const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (inner === undefined || inner === null ? undefined : (inner as Record<PropertyKey, unknown>)[key]),
    input,
  );

/**
 * The issues of a value as they are told: of one that fits none of several forms those of the form that it comes nearest
 * to, which are the ones that lie deepest.
 */
function told(issue: Issue, input: unknown): Issue[] {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
  const forms = issue.errors
    .map((inner) => inner.flatMap((one) => told({ ...one, path: [...issue.path, ...one.path] }, input)))
    .map((form) => form.filter((one) => isWithin(one, issue)))
    .filter((form) => form.length > 0);
  const isStranger = ({ code, path }: Issue) => code === "unrecognized_keys" && path.length === issue.path.length;
  // What keys fit no form is no attempt at any of them: that it lacks another's keys is no mistake.
  const present = forms.map((form) => form.filter((one) => isStranger(one) || valueAt(input, one.path) !== undefined));
  const fitting = forms.filter((form) => form.some(isStranger)).length > 1 ? present : forms;
  const depth = (form: readonly Issue[]) => Math.max(0, ...form.map(({ path }) => path.length));
  return fitting.filter((form) => form.length > 0).sort((a, b) => depth(b) - depth(a))[0] ?? [issue];
}

/** Whether an issue says more than that the value has another type. */
const isWithin = (inner: Issue, issue: Issue) => inner.path.length > issue.path.length || inner.code !== "invalid_type";

function shown(value: unknown): string {
  return excerpt(typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "nothing"));
}

function limit(issue: Issue & { code: "too_small" | "too_big" }): string {
  const bound = issue.code === "too_small" ? issue.minimum : issue.maximum;
  const sign = issue.code === "too_small" ? (issue.inclusive ? "≥" : ">") : issue.inclusive ? "≤" : "<";
  switch (issue.origin) {
    case "array":
      return `a list with ${sign} ${bound} ${bound === 1 ? "entry" : "entries"}`;
    case "string":
      return `text of ${sign} ${bound} characters`;
    default:
      return `a number ${sign} ${bound}`;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  tuple: "a list",
};

function sentence(issue: Issue, schema: Schema, input: unknown): string {
  const value = valueAt(input, issue.path);
  const at = schemaAt(schema, input, issue.path);
  const meaning = at && descriptionOf(at);
  const gloss = meaning && issue.path.length > 0 ? ` (${meaning})` : "";
  const got = value === undefined ? "it is missing" : `got ${shown(value)}`;
  const choice = (options: readonly unknown[]) =>
    `expected one of ${options.map(shown).join(", ")}; ${got}.${typeof value === "string" ? suggestion(value, options.map(String)) : ""}`;
  switch (issue.code) {
    case "unrecognized_keys": {
      const valid = (at ? keysOf(at, value) : []).filter((key) => key !== "$schema");
      return unknownKeys(issue.keys, valid);
    }
    case "invalid_union":
      if ("options" in issue && Array.isArray(issue.options)) return choice(issue.options);
      return `fits none of the accepted forms${gloss}; ${got}`;
    case "invalid_value":
      return choice(issue.values);
    case "invalid_type":
      return `expected ${typeNames[issue.expected] ?? issue.expected}${gloss}; ${got}`;
    case "too_small":
    case "too_big":
      return `expected ${limit(issue)}${gloss}; got ${shown(value)}`;
    default:
      return issue.message;
  }
}

/** More mistakes than these are told by their number. */
const mostMistakes = 20;

/**
 * What is wrong with an input, one line a mistake: where, what was expected, what came, and the nearest valid name.
 *
 * @param issues what zod found
 * @param schema what the input was checked against
 */
export function explain(issues: readonly Issue[], schema: Schema, input: unknown): string[] {
  const all = issues.flatMap((issue) => told(issue, input));
  const lines = all.slice(0, mostMistakes).map((issue) => {
    const where = issue.path.length > 0 ? `${pathText(issue.path)}: ` : "";
    return `${where}${sentence(issue, schema, input)}`;
  });
  return all.length > mostMistakes ? [...lines, `and ${all.length - mostMistakes} more mistakes`] : lines;
}
