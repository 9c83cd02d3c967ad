import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "./cli/tool.js";

/**
 * The folders of src, in the order in which they may build on each other: a file imports from its own folder and from
 * those of the lines before its own, types included. CONTRIBUTING.md draws it and says why.
 */
const layers: readonly (readonly string[])[] = [
  ["base"],
  ["compute"],
  ["data", "optimizers"],
  ["problems"],
  ["training"],
  ["bounds"],
  ["trace"],
  ["registry"],
  ["config"],
  ["results"],
  ["comparison"],
  ["expectations"],
  ["report"],
  ["built-in"],
  ["execution"],
  ["verification"],
  ["testing", "doctor", "native", "reference"],
  ["cli"],
];

/** The files of src itself: the public API, which builds on everything. */
const publicApi = ".";

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Relative imports of a module of src, dynamic ones too, as paths in src. */
function importsOf(file: string, source: string): Import[] {
  const found = source.matchAll(/(?:\bfrom|\bimport|\bimport\()\s*"(\.{1,2}\/[^"]+)\.js"/g);
  return [...found].map(([, path]) => ({ from: file, to: join(dirname(file), `${path}.ts`) }));
}

const folderOf = (file: string) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : publicApi);
const levelOf = (folder: string) =>
  folder === publicApi ? layers.length : layers.findIndex((layer) => layer.includes(folder));

/** The imports that go up or sideways. */
const wrong = (imports: readonly Import[]) =>
  imports
    .filter(({ from, to }) => folderOf(from) !== folderOf(to) && levelOf(folderOf(to)) >= levelOf(folderOf(from)))
    .map(({ from, to }) => `${from} imports ${to}`);

const source = join(root, "src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => file.endsWith(".ts"));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(source, file), "utf8")));

describe("the modules of src", () => {
  test("import from the folders below their own alone", () => {
    // As many as a reader would count: the search has not come to find nothing.
    expect(imports.length).toBeGreaterThan(3 * files.length);
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
    expect(wrong(imports)).toEqual([]);
  });

  test("lie in folders that all have a place", () => {
    const placed = new Set([publicApi, ...layers.flat()]);
    expect([...new Set(files.map(folderOf))].filter((folder) => !placed.has(folder))).toEqual([]);
  });

  test("would be found out", () => {
    const upward = importsOf("bounds/radius.ts", 'import type { Manifest } from "../results/manifest.js";');
    expect(wrong(upward)).toEqual(["bounds/radius.ts imports results/manifest.ts"]);
    const late = importsOf("data/mnist.ts", 'const x = await import("../optimizers/lars.js");');
    expect(wrong(late)).toEqual(["data/mnist.ts imports optimizers/lars.ts"]);
    expect(wrong(importsOf("cli/main.ts", 'import { run } from "./commands/run.js";'))).toEqual([]);
  });
});

test("CONTRIBUTING.md draws the layers as they are", () => {
  const drawn = layers.map((layer) => layer.join(", "));
  const contributing = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const lines = contributing.split("<!-- layers -->")[1]!.split("<!-- end of layers -->")[0]!.split("\n");
  const names = lines.flatMap((line) => line.match(/^ {4}(\S.*?) {2,}/)?.[1] ?? []);
  expect(names).toEqual([...drawn].reverse());
});
