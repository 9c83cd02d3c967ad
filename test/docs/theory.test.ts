import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { theoryPictures } from "../../scripts/pictures/theory.js";
import { bounds } from "../../src/bounds/registry.js";
import { root } from "../cli/tool.js";
import { textOf } from "./pages.js";

const theory = textOf("docs/theory.md");

/** What stands between the anchor of a theorem and the next one. */
function sectionOf(theorem: string): string {
  const [, after] = theory.split(`<a id="${theorem.toLowerCase()}"></a>`);
  return (after ?? "").split(/<a id=|^## Known limits/m)[0]!;
}

const theorems = [...new Set(bounds.map(({ theorem }) => theorem))];

test.each([...theorems, "T7", "T9"])("%s has a section with a statement and a proof", (theorem) => {
  expect(sectionOf(theorem)).toContain(`# ${theorem}. `);
  expect(sectionOf(theorem)).toMatch(/\*\*Statement\.\*\*/);
  expect(sectionOf(theorem)).toMatch(/\*\*Proof\.\*\*[\s\S]*∎/);
});

test("every bound is named beside its theorem", () => {
  const rows = theory.split("\n").filter((line) => line.startsWith("| [T"));
  for (const { name, theorem } of bounds) {
    expect(rows.find((row) => row.includes(`[${theorem}](#${theorem.toLowerCase()})`))).toContain(`\`${name}\``);
  }
});

test("the modules of the bounds say where the proof is", () => {
  const directory = join(root, "src/bounds");
  const sources = readdirSync(directory).map((file) => readFileSync(join(directory, file), "utf8"));
  for (const { name, theorem } of bounds.filter((bound) => bound.theorem !== "T11")) {
    const source = sources.find((text) => text.includes(`name: "${name}"`));
    expect([name, source?.includes(`docs/theory.md, ${theorem}.`)]).toEqual([name, true]);
  }
});

test("every picture is on the page, and is made by one command", () => {
  const files = readdirSync(join(root, "docs/pictures/theory")).sort();
  expect(files).toEqual(theoryPictures.map(({ name }) => `${name}.svg`).sort());
  for (const file of files) expect(theory).toContain(`](pictures/theory/${file})`);
});
