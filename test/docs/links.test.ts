import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { anchorsOf, linksOf } from "../../scripts/markdown.js";
import { root } from "../cli/tool.js";
import { pages, textOf } from "./pages.js";

const anchors = new Map<string, ReadonlySet<string>>();

/** The anchors of a page of the repository, read once. */
function anchorsIn(page: string): ReadonlySet<string> {
  const known = anchors.get(page) ?? anchorsOf(textOf(page));
  anchors.set(page, known);
  return known;
}

/** What is wrong with the links of a page, one line each. */
function brokenLinks(page: string, text: string): string[] {
  return linksOf(text).flatMap((target) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return /^(https|mailto):/.test(target) ? [] : [`${target}: no https`];
    const [file = "", anchor] = target.split("#");
    const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
    if (path.startsWith("..") || !existsSync(join(root, path))) return [`${target}: there is no ${path}`];
    if (anchor === undefined || !path.endsWith(".md")) return [];
    if (statSync(join(root, path)).isDirectory()) return [`${target}: a directory has no anchors`];
    return anchorsIn(path).has(decodeURIComponent(anchor)) ? [] : [`${target}: ${path} has no such heading`];
  });
}

test.each(pages)("every link and picture of %s leads somewhere", (page) => {
  expect(brokenLinks(page, textOf(page))).toEqual([]);
});

test.each([
  ["[x](no-such-file.md)", "there is no docs/no-such-file.md"],
  ["![x](pictures/none.svg)", "there is no docs/pictures/none.svg"],
  ["[x](conventions.md#no-such-heading)", "no such heading"],
  ["[x](#nowhere)", "no such heading"],
  ["[x](../../outside.md)", "there is no ../outside.md"],
  ["[x](http://example.com)", "no https"],
])("%s is found to be broken", (text, problem) => {
  expect(brokenLinks("docs/networks.md", text).join()).toContain(problem);
});

test("anchors are those of a code host, and code holds no links", () => {
  const text =
    '# The λ of T4d: "fast", `code` & more\n\n## A [link](x.md)\n## A link\n```md\n# No heading\n```\n<a id="t1"></a>\n';
  expect([...anchorsOf(text)].sort()).toEqual(["a-link", "a-link-1", "t1", "the-λ-of-t4d-fast-code--more"]);
  expect(linksOf('`[a](b)` ``[a](`b`)`` [c](d#e "title")\n\n    [f](g)\n\n```\n[h](i)\n```\n\n[j]: k\n')).toEqual([
    "d#e",
    "k",
  ]);
});
