import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "csv-stringify/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { scanCsv } from "../../src/trace/csv-scan.js";
import { freshDirectory } from "../cli/tool.js";

const directory = freshDirectory();
const path = join(directory, "table.csv");

/** What a scan of these columns hands over, and whether the file has them. */
function scanned(text: string, columns: readonly string[]) {
  writeFileSync(path, text);
  const rows: string[][] = [];
  const isThere = scanCsv(path, columns, (fields) => rows.push([...fields]));
  return { isThere, rows };
}

/** Numbers, nothing, texts that are quoted and texts that are not, and now and then one that fills more than a block. */
const field = fc.oneof(
  { weight: 8, arbitrary: fc.double().map(String) },
  { weight: 4, arbitrary: fc.constant("") },
  { weight: 4, arbitrary: fc.constantFrom("w", "λ = 1", 'a "b"', "a, b", ",", '"', "a layer whose name is long") },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 70_000 }).map((length) => "x".repeat(length)) },
);
const table = fc
  .integer({ min: 1, max: 6 })
  .chain((width) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 40 }));

test("hands over the fields that a parser finds, whatever they are, in any order of the columns", () => {
  fc.assert(
    fc.property(table, fc.boolean(), fc.nat(), (rows, endsWithBreak, seed) => {
      const header = rows[0]!.map((_, i) => `column ${i}`);
      const order = header.map((_, i) => (i * 7 + seed) % header.length).filter((i, at, all) => all.indexOf(i) === at);
      const text = stringify([header, ...rows]);
      const found = scanned(
        endsWithBreak || text.endsWith("\n\n") ? text : text.slice(0, -1),
        order.map((i) => header[i]!),
      );
      expect(found.isThere).toBe(true);
      expect(found.rows).toEqual(rows.map((row) => order.map((i) => row[i])));
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("says that a column is not there, and visits nothing", () => {
  expect(scanned("step,loss\n0,1\n", ["loss", "gap"])).toEqual({ isThere: false, rows: [] });
  expect(scanned("", ["loss"])).toEqual({ isThere: false, rows: [] });
});

test.each([
  ["fewer", "step,loss\n0,1\n1\n2,3\n", "line 3 has 1 fields, not 2"],
  ["more", "step,loss\n0,1,2\n", "line 2 has 3 fields, not 2"],
  ["more, the last one quoted", 'step,loss\n0,1\n1,2,"3"\n', "line 3 has 3 fields, not 2"],
])("refuses a line with %s fields than the header", (_, text, message) => {
  expect(() => scanned(text, ["loss"])).toThrow(`cannot read ${path}: ${message}`);
});
