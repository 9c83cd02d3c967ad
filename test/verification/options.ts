import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";

type Schema = z.core.$ZodType;

/** Something that a config can choose, and whether a value chooses it. */
export interface Choice {
  /** For people, e.g. "lars.zeroRule: one". */
  readonly name: string;
  /** The schema that leaves it open: definitions that share the schema share the choice. */
  readonly of: Schema;
  readonly isMadeBy: (value: unknown) => boolean;
}

type Def = z.core.$ZodTypeDef & {
  readonly shape: Readonly<Record<string, Schema>>;
  readonly innerType: Schema;
  readonly defaultValue: unknown;
  readonly options: readonly Schema[];
  readonly discriminator?: string;
  readonly entries: Readonly<Record<string, string>>;
  readonly values: readonly unknown[];
};

const defOf = (schema: Schema) => schema._zod.def as Def;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isWrapper = ({ type }: Def) => ["default", "prefault", "optional", "nullable", "readonly"].includes(type);
const unwrapped = (schema: Schema): Schema => (isWrapper(defOf(schema)) ? unwrapped(defOf(schema).innerType) : schema);
const defaultOf = (schema: Schema): unknown => defOf(schema).defaultValue;

/** What tells the alternatives of a union apart, for people. */
function alternativeName(schema: Schema, discriminator: string | undefined): string {
  const { type, shape, values } = defOf(schema);
  if (type === "literal") return String(values[0]);
  if (type !== "object") return type;
  const tag = discriminator && shape[discriminator];
  return tag ? String(defOf(unwrapped(tag)).values[0]) : `{${Object.keys(shape).join(", ")}}`;
}

function choicesOfUnion(schema: Schema, path: string): Choice[] {
  const { options, discriminator } = defOf(schema);
  const accepts = (option: Schema, value: unknown) => (option as z.ZodType).safeParse(value).success;
  return options.flatMap((option, i) => {
    const name = `${path}: ${alternativeName(option, discriminator)}`;
    const isThis = (value: unknown) => options.findIndex((other) => accepts(other, value)) === i;
    const isLeaf = !["object", "union"].includes(defOf(option).type);
    return [
      { name, of: option, isMadeBy: isThis },
      ...(isLeaf ? [] : choicesOf(option, name)).map((choice) => ({
        ...choice,
        isMadeBy: (value: unknown) => isThis(value) && choice.isMadeBy(value),
      })),
    ];
  });
}

/**
 * Everything a schema leaves to choose: each value of an enumeration and of a switch, each alternative of a union, and
 * of everything else a value that is not the default.
 *
 * @param standard the default
 */
function choicesOf(schema: Schema, path: string, standard?: unknown): Choice[] {
  const def = defOf(schema);
  if (isWrapper(def)) return choicesOf(def.innerType, path, def.type === "default" ? def.defaultValue : standard);
  const choice = (name: string, isMadeBy: Choice["isMadeBy"]): Choice => ({ name, of: schema, isMadeBy });
  switch (def.type) {
    case "literal":
      return [];
    case "enum":
      return Object.values(def.entries).map((entry) => choice(`${path}: ${entry}`, (value) => value === entry));
    case "boolean":
      return [true, false].map((entry) => choice(`${path}: ${entry}`, (value) => value === entry));
    case "union":
      return choicesOfUnion(schema, path);
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) =>
        choicesOf(inner, `${path}.${key}`, isObject(standard) ? standard[key] : undefined).map((one) => ({
          ...one,
          isMadeBy: (value: unknown) => isObject(value) && one.isMadeBy(value[key]),
        })),
      );
    case "number":
    case "string":
    case "array":
      return [choice(path, (value) => value !== undefined && !isDeepStrictEqual(value, standard))];
    default:
      throw new Error(`${path}: options of the type ${def.type} are not known here`);
  }
}

export interface Definition {
  readonly name: string;
  readonly schema: z.ZodObject;
}

/**
 * The choices that none of the values makes. Every option of a definition must be set to something else than its
 * default, and each value of its enumerations and switches be taken, in that definition itself. What lies deeper, the
 * parameters of a distribution, say, counts once for all definitions that share the schema.
 *
 * @param values of a definition, by its name
 */
export function choicesNotMade(
  definitions: readonly Definition[],
  values: (name: string) => readonly unknown[],
): string[] {
  const isMade = (name: string, choice: Choice) => values(name).some(choice.isMadeBy);
  const notMade: string[] = [];
  const deeper: { choice: Choice; key: string; made: boolean }[] = [];
  for (const { name, schema } of definitions) {
    for (const [key, option] of Object.entries(schema.shape) as [string, Schema][]) {
      const path = `${name}.${key}`;
      const standard = defaultOf(option);
      const isSet: Choice = {
        name: path,
        of: option,
        isMadeBy: (value) => isObject(value) && value[key] !== undefined && !isDeepStrictEqual(value[key], standard),
      };
      const isTag = defOf(unwrapped(option)).type === "literal";
      if (!isTag && !isMade(name, isSet)) notMade.push(path);
      for (const inner of choicesOf(option, path)) {
        const choice = { ...inner, isMadeBy: (value: unknown) => isObject(value) && inner.isMadeBy(value[key]) };
        if (["enum", "boolean"].includes(defOf(unwrapped(option)).type)) {
          if (!isMade(name, choice)) notMade.push(choice.name);
        } else if (inner.of !== unwrapped(option)) {
          deeper.push({ choice, key: inner.name.split(".").at(-1)!, made: isMade(name, choice) });
        }
      }
    }
  }
  const isMadeSomewhere = ({ choice, key }: (typeof deeper)[number]) =>
    deeper.some((other) => other.made && other.choice.of === choice.of && other.key === key);
  return [...notMade, ...deeper.filter((one) => !isMadeSomewhere(one)).map(({ choice }) => choice.name)];
}
