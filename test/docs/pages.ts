import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../cli/tool.js";

/** What is not of the repository: made by tools, or by runs. */
const foreign = /(^|\/)(node_modules|dist|coverage|reports|\.git)$|^results\/(?!paper$|reference$)/;

function* walk(directory: string): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
    if (foreign.test(path)) continue;
    if (entry.isDirectory()) yield* walk(path);
    else if (entry.name.endsWith(".md")) yield path;
  }
}

/** Every Markdown file of the repository, relative to its root. */
export const pages: readonly string[] = [...walk("")].sort();

/** Those that people wrote: without the API reference and the claims, which are generated as a whole. */
export const writtenPages = pages.filter((page) => !page.startsWith("docs/api/") && !page.startsWith("results/"));

export const textOf = (page: string): string => readFileSync(join(root, page), "utf8");
