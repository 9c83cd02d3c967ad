import {
  type Document,
  type ErrorCode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { messageOf } from "../base/errors.js";

/** A text that is no YAML, or none that a config can hold; the message says what is wrong with it. */
export class YamlError extends Error {
  /** Line and column, from 1, where that is known. */
  readonly position: readonly [line: number, column: number] | undefined;

  constructor(message: string, position?: { line: number; col: number }) {
    super(message);
    this.position = position && [position.line, position.col];
  }
}

/** More than people write: what has more was made by mistake, by a program or by aliases of aliases. */
const mostValues = 200_000;

/** Each is looked for among all nodes before it. */
const mostAliases = 1000;

const tooDeep = "nested too deeply; expected a few levels";

/** Where the parser speaks to programmers. */
const ownWords: Readonly<Partial<Record<ErrorCode, string>>> = {
  NON_STRING_KEY: "a list, an object or an alias stands as a key; expected text",
  MULTIPLE_DOCS: "a second document begins (---); expected one",
  RESOURCE_EXHAUSTION: tooDeep,
};

/** A key that comes a second time. The parser's own check compares each key with each. */
function repeatedKey({ items }: YAMLMap): Node | undefined {
  const keys = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (keys.has(String(key.value))) return key;
    keys.add(String(key.value));
  }
  return undefined;
}

/** @throws YamlError for what the parser lets pass */
function checkNodes(document: Document, fail: (message: string, node: Node) => never): void {
  let aliases = 0;
  visit(document, {
    Alias(_, node) {
      if (++aliases > mostAliases) fail(`more than ${mostAliases} aliases (*); expected a few`, node);
    },
    Map(_, node) {
      const key = repeatedKey(node);
      if (key) fail(`the key ${String(key)} occurs twice; expected each key once`, key);
    },
  });
}

/**
 * Keys that mean something to JavaScript objects are never config keys; and a config is a tree of a size to be read.
 *
 * @throws YamlError otherwise
 */
export function checkTree(root: unknown): void {
  let values = 0;
  const above = new Set<object>();
  const visitValue = (value: unknown) => {
    if (++values > mostValues)
      throw new YamlError(`more than ${mostValues} values, aliases (*) followed; expected a page or two`);
    if (typeof value !== "object" || value === null) return;
    if (above.has(value))
      throw new YamlError("an alias (*) stands inside what it stands for; expected a tree of values");
    above.add(value);
    for (const [key, inner] of Object.entries(value)) {
      if (key === "__proto__" || key === "constructor" || key === "prototype") {
        throw new YamlError(`unknown key "${key}"`);
      }
      visitValue(inner);
    }
    above.delete(value);
  };
  visitValue(root);
}

/**
 * The value of a YAML text (JSON is YAML): a tree of plain data.
 *
 * @throws YamlError if it is no YAML, or not a tree of a size to be read
 */
export function parseYaml(text: string): unknown {
  const lines = new LineCounter();
  // Plain data only: no tags, keys that are text.
  const options = {
    lineCounter: lines,
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
    prettyErrors: false,
  };
  try {
    const document = parseDocument(text, options);
    const [error] = [...document.errors, ...document.warnings];
    if (error) throw new YamlError(ownWords[error.code] ?? messageOf(error), lines.linePos(error.pos[0]));
    checkNodes(document, (message, { range }) => {
      throw new YamlError(message, range ? lines.linePos(range[0]) : undefined);
    });
    const value: unknown = document.toJS({ maxAliasCount: -1 });
    checkTree(value);
    return value;
  } catch (error) {
    if (error instanceof YamlError) throw error;
    // The visitor and the check call themselves at every level.
    throw new YamlError(error instanceof RangeError ? tooDeep : messageOf(error));
  }
}
