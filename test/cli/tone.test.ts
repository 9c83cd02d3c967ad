import { describe, expect, test } from "vitest";
import { columnsOf } from "../../src/cli/output.js";
import { fittedTable, table, widthOf, wrapped } from "../../src/cli/table.js";
import { coloursOf, painted, toned } from "../../src/cli/tone.js";

describe("colours", () => {
  const terminal = { isTTY: true as const, hasColors: () => true };
  const plain = { isTTY: true as const, hasColors: () => false };
  const pipe = { isTTY: false };

  test.each([
    ["a terminal", terminal, {}, true],
    ["a terminal without any", plain, {}, false],
    ["a pipe", pipe, {}, false],
    ["NO_COLOR", terminal, { NO_COLOR: "1" }, false],
    ["an empty NO_COLOR", terminal, { NO_COLOR: "" }, true],
    ["FORCE_COLOR on a pipe", pipe, { FORCE_COLOR: "1" }, true],
    ["FORCE_COLOR before NO_COLOR", pipe, { FORCE_COLOR: "", NO_COLOR: "1" }, true],
    ["FORCE_COLOR=0 on a terminal", terminal, { FORCE_COLOR: "0" }, false],
  ] as const)("%s", (_, stream, environment, expected) => expect(coloursOf(stream, environment)).toBe(expected));

  test("stand around texts with a tone alone", () => {
    expect(painted(toned("bad", "NOT MET"), "NOT MET", true)).toBe("\u001b[31mNOT MET\u001b[39m");
    expect(painted(toned("bad", "NOT MET"), "NOT MET", false)).toBe("NOT MET");
    expect(painted("NOT MET", "NOT MET", true)).toBe("NOT MET");
  });
});

test("a terminal is as wide as it is, everything else as 80 columns", () => {
  expect(columnsOf({ isTTY: true, columns: 132 })).toBe(132);
  expect(columnsOf({ isTTY: true, columns: 0 })).toBe(80);
  expect(columnsOf({ isTTY: false, columns: 132 })).toBe(80);
});

describe("a table", () => {
  const rows = [
    ["lars", toned("warning", "1/10"), "0.5"],
    ["sgd", "", "12.25"],
  ];

  test("aligns what has a tone as it does what has none", () => {
    expect(table(["rule", "lost", "loss"], rows)).toEqual([
      "rule  lost   loss",
      ["lars", "", "  ", toned("warning", "1/10"), "", "  ", "  ", "0.5"],
      "sgd         12.25",
    ]);
  });

  test("gives up its least important columns until it fits", () => {
    const columns = [{ title: "rule" }, { title: "lost", dispensable: 1 }, { title: "loss", dispensable: 2 }];
    const widths = [80, 17, 16, 10, 3].map((width) => Math.max(...fittedTable(columns, rows, width).map(widthOf)));
    expect(widths).toEqual([17, 17, 10, 10, 4]);
    expect(fittedTable(columns, rows, 3)).toEqual(["rule", "lars", "sgd"]);
  });
});

test("a text breaks between words, and a word that is too long not at all", () => {
  expect(wrapped("one two three four", 9)).toEqual(["one two", "  three", "  four"]);
  expect(wrapped("extraordinarily so", 6)).toEqual(["extraordinarily", "  so"]);
});
