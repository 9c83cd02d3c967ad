import { declareValuePlugin, PluginKind } from "@stryker-mutator/api/plugin";

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
  /** @param {import("@stryker-mutator/api/ignore").NodePath} path */
  shouldIgnore(path) {
    if (path.isObjectProperty() && path.node.key.type === "Identifier" && proseKeys.has(path.node.key.name)) {
      return "text for people";
    }
    const { parent } = path;
    const isDescription =
      parent?.type === "CallExpression" &&
      parent.callee.type === "MemberExpression" &&
      parent.callee.property.type === "Identifier" &&
      parent.callee.property.name === "describe" &&
      path.key !== "callee";
    return isDescription ? "text for people" : undefined;
  },
};

export const strykerPlugins = [declareValuePlugin(PluginKind.Ignore, "prose", ignorer)];
