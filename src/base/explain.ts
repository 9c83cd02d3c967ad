import { distance } from "fastest-levenshtein";
import type { z } from "zod";
import { excerpt } from "./errors.js";
import { isObject, pathText } from "./path.js";

type Issue = z.core.$ZodIssue;

/** ` Did you mean "…"?` if one of the candidates is near the word, else nothing. */
export function suggestion(word: string, candidates: readonly string[]): string {
  const near = (candidate: string) => distance(word.toLowerCase(), candidate.toLowerCase());
  const [best] = [...candidates].sort((a, b) => near(a) - near(b));
  return best !== undefined && near(best) <= Math.max(2, Math.ceil(best.length / 3)) ? ` Did you mean "${best}"?` : "";
}

const validKeys = (keys: readonly string[]) => (keys.length > 0 ? ` Valid keys: ${keys.join(", ")}` : "");

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

/** The keys that an object may have here; of every form, where the input fits none. */
function keysOf(schema: Schema, input: unknown): string[] {
  const container = unwrapped(schema, input);
  const shape = container && shapeOf(container);
  if (shape) return Object.keys(shape);
  const def = defOf(schema);
  if ("innerType" in def) return keysOf(def.innerType as Schema, input);
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
      // What is made of the input before it is checked changes no key's meaning.
      return unwrapped(defOf(def.in).type === "transform" ? def.out : def.in, input);
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

/** The issue that says most about a value that fits none of several forms: the one that lies deepest. */
function deepest(issue: Issue): Issue {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return issue;
  const nested = issue.errors.flat().map((inner) => deepest({ ...inner, path: [...issue.path, ...inner.path] }));
  const typed = nested.filter((inner) => inner.path.length > issue.path.length || inner.code !== "invalid_type");
  const [best] = typed.sort((a, b) => b.path.length - a.path.length);
  return best ?? issue;
}

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
  const value = issue.path.reduce<unknown>(
    (inner, key) => (inner === undefined || inner === null ? undefined : (inner as Record<PropertyKey, unknown>)[key]),
    input,
  );
  const at = schemaAt(schema, input, issue.path);
  const meaning = at && descriptionOf(at);
  const gloss = meaning && issue.path.length > 0 ? ` (${meaning})` : "";
  const got = value === undefined ? "it is missing" : `got ${shown(value)}`;
  const choice = (options: readonly unknown[]) =>
    `expected one of ${options.map(shown).join(", ")}; ${got}.${typeof value === "string" ? suggestion(value, options.map(String)) : ""}`;
  switch (issue.code) {
    case "unrecognized_keys": {
      const valid = (at ? keysOf(at, value) : []).filter((key) => key !== "$schema");
      return `unknown key ${shown(issue.keys[0])}.${suggestion(String(issue.keys[0]), valid) || validKeys(valid)}`;
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

/**
 * The first thing wrong with an input, on one line: where, what was expected, what came, and the nearest valid name.
 *
 * @param issues what zod found
 * @param schema what the input was checked against
 */
export function explain(issues: readonly Issue[], schema: Schema, input: unknown): string {
  const issue = deepest(issues[0]!);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const where = issue.path.length > 0 ? `${pathText(issue.path)}: ` : "";
  return `${where}${sentence(issue, schema, input)}${more}`;
}
