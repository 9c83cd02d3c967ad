import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { explain } from "../base/explain.js";
import { type Definition, listOf } from "./registry.js";

const text = z.string().min(1);
const version = z.int().positive();
const method = z.custom<(...args: never[]) => unknown>((value) => typeof value === "function", "expected a function");
const schema = z.custom<z.ZodObject>(
  (value) =>
    typeof (value as z.ZodObject)?.safeParse === "function" && typeof (value as z.ZodObject).shape === "object",
  "expected a z.strictObject({…}) of the options",
);

/** Kebab-case, as it stands in configs and file names. */
const name = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'expected a name such as "my-rule"');

const column = z.looseObject({ name: text, meaning: text, formula: text, unit: z.string() });

/** What a definition of each kind cannot do without. */
const shapes: Readonly<Record<Definition["kind"], z.ZodObject>> = {
  optimizer: z.looseObject({ name, summary: text, formula: text, source: text, version, schema, create: method }),
  schedule: z.looseObject({ name, formula: text, version, schema, at: method }),
  problem: z.looseObject({
    name,
    summary: text,
    formula: text,
    version,
    needsData: z.boolean(),
    schema,
    create: method,
  }),
  dataset: z.looseObject({ name, summary: text, version, schema, load: method }),
  bound: z.looseObject({
    name,
    theorem: text,
    version,
    statement: text,
    assumptions: z.array(text),
    source: text,
    columns: z.array(column),
    reasonNotApplicable: method,
    start: method,
  }),
  figure: z.looseObject({ name, make: method }),
};

/** The field of its options in which each kind's name stands. */
const discriminators: Partial<Record<Definition["kind"], string>> = {
  optimizer: "name",
  schedule: "schedule",
  problem: "name",
  dataset: "name",
};

const isKind = (kind: unknown): kind is Definition["kind"] => typeof kind === "string" && kind in listOf;

/**
 * A value from outside as a definition.
 *
 * @throws ExperimentError saying what it lacks; the caller says where it comes from
 */
export function checkedDefinition(value: unknown): Definition {
  const kind = (value as { kind?: unknown } | null | undefined)?.kind;
  if (!isKind(kind)) {
    throw new ExperimentError(
      "expected what defineOptimizer, defineSchedule, defineProblem, defineDataset, defineBound or defineFigure returns",
    );
  }
  const found = shapes[kind].safeParse(value);
  const called = (value as { name?: unknown }).name;
  const what = `${kind} ${typeof called === "string" ? `"${called}"` : "without a name"}`;
  if (!found.success) {
    throw new ExperimentError(`${what}: ${explain(found.error.issues, shapes[kind], value).join("; ")}`);
  }
  const discriminator = discriminators[kind];
  if (discriminator !== undefined) {
    const { shape } = (value as { schema: z.ZodObject }).schema;
    const field = shape[discriminator] as z.ZodType | undefined;
    if (!field?.safeParse(called).success) {
      throw new ExperimentError(`${what}: schema: expected ${discriminator}: z.literal("${called}") among its fields`);
    }
  }
  return value as Definition;
}
