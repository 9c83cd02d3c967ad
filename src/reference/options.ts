import { z } from "zod";

/** An option as a config can set it. */
export interface Option {
  /** Dotted; `[]` stands for any entry of a list, `*` for any key. */
  readonly path: string;
  /** What may stand there, in words: "number > 0", "stay, one or gradient". */
  readonly type: string;
  /** As it would be written in a config; "required" where there is none, and empty where it may be left out. */
  readonly preset: string;
  readonly meaning: string;
}

/** What this file reads of JSON Schema. */
interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema | false;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const isPlainWord = (text: string) => /^[\p{L}][\p{L}\p{N}_./*-]*$/u.test(text);

/** A value as YAML has it on one line. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}: ${flowText(inner)}`)
      .join(", ")}}`;
  }
  return typeof value === "string" && isPlainWord(value) ? value : (JSON.stringify(value) ?? "");
}

/** "a, b or c" */
export const oneOfThese = (words: readonly string[]): string =>
  words.length > 1 ? `${words.slice(0, -1).join(", ")} or ${words.at(-1)}` : (words[0] ?? "");

/** Zod's limits of whole numbers say nothing. */
const says = (limit: number | undefined) => limit !== undefined && Math.abs(limit) < Number.MAX_SAFE_INTEGER;

function numberText(noun: string, { minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Schema): string {
  const limits = [
    ...(says(exclusiveMinimum) ? [`> ${exclusiveMinimum}`] : says(minimum) ? [`≥ ${minimum}`] : []),
    ...(says(exclusiveMaximum) ? [`< ${exclusiveMaximum}`] : says(maximum) ? [`≤ ${maximum}`] : []),
  ];
  return [noun, limits.join(" and ")].filter((part) => part !== "").join(" ");
}

/** More words than these would fill a line: that they are names has to do. */
const mostWords = 12;

/** Reads one schema: the options of its objects. */
class Reader {
  private readonly seen = new Set<string>();

  constructor(
    private readonly definitions: Readonly<Record<string, Schema>>,
    private readonly elsewhere: Readonly<Record<string, string>>,
  ) {}

  private resolved(schema: Schema): Schema {
    const name = schema.$ref?.slice("#/$defs/".length);
    return name === undefined ? schema : { ...this.definitions[name], ...schema };
  }

  /** The alternatives of a schema, those within them too. */
  private forms(given: Schema): readonly Schema[] {
    const schema = this.resolved(given);
    const inner = schema.anyOf ?? schema.oneOf;
    return inner ? inner.flatMap((one) => this.forms(one)) : [schema];
  }

  /** What may stand at a place, in words. */
  private typeText(schema: Schema): string {
    const forms = this.forms(schema);
    const kind = discriminatorOf(forms.filter(({ properties }) => properties));
    const words = forms.flatMap((form) => (kind && form.properties ? [`{${kind}, …}`] : this.formWords(form)));
    return oneOfThese([...new Set(words)]);
  }

  private formWords(form: Schema): string[] {
    const { enum: values, type } = form;
    if (form.const !== undefined) return [flowText(form.const)];
    if (values) return values.length > mostWords ? ["name"] : values.map(flowText);
    return typeof type === "object" ? type.flatMap((one) => this.formWords({ type: one })) : [this.formText(form)];
  }

  private formText(form: Schema): string {
    switch (form.type) {
      case "integer":
        return numberText("whole number", form);
      case "number":
        return numberText("number", form);
      case "string":
        return "text";
      case "boolean":
        return "true or false";
      case "array":
        return this.listText(form);
      case "object":
        return form.properties ? `{${Object.keys(form.properties).join(", ")}}` : "object";
      default:
        return "any value";
    }
  }

  private listText({ items, prefixItems }: Schema): string {
    if (prefixItems) return `[${prefixItems.map((item) => this.typeText(item)).join(", ")}]`;
    const inner = items ? this.typeText(items) : "";
    if (inner === "" || inner === "any value") return "list";
    return `list of ${/ or |^[^{[]*, /.test(inner) ? `(${inner})` : inner.replace(/^(whole number|number|text|list|name)\b/, "$1s")}`;
  }

  private readonly row = (path: string, given: Schema, isRequired: boolean, condition: string): Option => {
    const schema = this.resolved(given);
    const { description = "" } = schema;
    return {
      path,
      type: this.elsewhere[path] ?? this.typeText(schema),
      preset: schema.default !== undefined ? flowText(schema.default) : isRequired ? "required" : "",
      meaning: [condition, description].filter((part) => part !== "").join(": "),
    };
  };

  /** The options within a value. */
  within(schema: Schema, path: string): Option[] {
    if (path in this.elsewhere) return [];
    if (schema.$ref !== undefined) {
      if (this.seen.has(schema.$ref)) return [];
      this.seen.add(schema.$ref);
    }
    const forms = this.forms(schema);
    const objects = forms.filter(({ properties }) => properties);
    const kind = discriminatorOf(objects);
    const named = kind === undefined ? [] : [this.kindRow(objects, kind, path)];
    const rows = objects.flatMap((object) => this.fields(object, path, kind, forms.length === 1 || kind !== undefined));
    const listed = forms.flatMap(({ items }) => (items ? this.within(items, `${path}[]`) : []));
    const keyed = forms.flatMap(({ additionalProperties }) =>
      typeof additionalProperties === "object" ? this.within(additionalProperties, `${path}.*`) : [],
    );
    return distinct([...named, ...rows, ...listed, ...keyed]);
  }

  /** @param isOnlyForm whether what is required of the object is required of the value */
  private fields(
    { properties = {}, required = [] }: Schema,
    path: string,
    kind: string | undefined,
    isOnlyForm: boolean,
  ): Option[] {
    const condition = kind === undefined ? "" : `with ${kind} ${flowText(properties[kind]!.const)}`;
    return Object.entries(properties)
      .filter(([name, { const: value }]) => name !== kind && !(path === "" && value !== undefined))
      .flatMap(([name, schema]) => {
        const inner = path === "" ? name : `${path}.${name}`;
        return [
          this.row(inner, schema, isOnlyForm && required.includes(name), condition),
          ...this.within(schema, inner),
        ];
      });
  }

  private kindRow(objects: readonly Schema[], kind: string, path: string): Option {
    const words = objects.map(({ properties }) => flowText(properties![kind]!.const));
    const place = path === "" ? kind : `${path}.${kind}`;
    const told = objects.flatMap(({ properties }) => {
      const { const: value, description } = properties![kind]!;
      return description === undefined ? [] : [`${flowText(value)}: ${description}`];
    });
    const meaning = told.join("; ") || "which of these forms it is";
    return { path: place, type: this.elsewhere[place] ?? oneOfThese(words), preset: "required", meaning };
  }
}

/** The key by whose constant value several objects are told apart. */
function discriminatorOf(objects: readonly Schema[]): string | undefined {
  if (objects.length < 2) return undefined;
  return Object.keys(objects[0]!.properties!).find((key) => {
    const values = objects.map(({ properties }) => properties![key]?.const);
    return values.every((value) => value !== undefined) && new Set(values).size === values.length;
  });
}

const distinct = (options: readonly Option[]): Option[] => [
  ...new Map(options.map((option) => [JSON.stringify(option), option])).values(),
];

/**
 * The options that a schema describes, in its order: one a path, those within objects and lists after what holds them.
 * The names by which registry entries are told apart are left out.
 *
 * @param elsewhere types of paths whose inside is described at another place
 */
export function optionsOf(schema: z.ZodType, elsewhere: Readonly<Record<string, string>> = {}): Option[] {
  const json = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Schema;
  return new Reader(json.$defs ?? {}, elsewhere).within(json, "");
}
