import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

/**
 * What is read of Babel's path to a node of the syntax tree.
 *
 * @typedef {object} SyntaxPath
 * @property {unknown} key where the node is in its parent
 * @property {{ type: string, key?: { name?: string } }} node
 * @property {{ type: string, callee?: { property?: { name?: string } } } | null} parent
 */

/** Properties that hold text for people. */
const proseKeys = new Set([
  "assumptions",
  "formula",
  "meaning",
  "phrase",
  "source",
  "statement",
  "summary",
  "theorem",
  "unit",
]);

/** Text for people is read, not tested word by word: descriptions of schemas, statements of theorems, formulas. */
const ignorer = {
  /** @param {unknown} path */
  shouldIgnore(path) {
    const { key, node, parent } = /** @type {SyntaxPath} */ (path);
    const isProse = node.type === "ObjectProperty" && proseKeys.has(node.key?.name ?? "");
    const isDescription =
      parent?.type === "CallExpression" && key !== "callee" && parent.callee?.property?.name === "describe";
    return isProse || isDescription ? "text for people" : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "prose", ignorer)];
