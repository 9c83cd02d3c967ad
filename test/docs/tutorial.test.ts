import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { agrees, follow, followedPages } from "../../scripts/tutorial.js";
import { root } from "../cli/tool.js";

test.each(followedPages)(
  "every command of %s prints what the page says, from its first line to its last",
  async (page) => {
    const followed = await follow(readFileSync(join(root, page), "utf8"));
    for (const { command, lacking } of followed) {
      if (lacking) console.warn(`${lacking} is not there, so this command of the page is left out: ${command.trim()}`);
    }
    const run = followed.filter(({ printed }) => printed !== undefined);
    expect(run.length).toBeGreaterThan(1);
    for (const { command, line, printed, expected } of run) {
      if (expected === undefined) continue;
      // As one comparison, so that a failure shows both.
      expect([line, command, agrees(printed!, expected) ? expected : printed]).toEqual([line, command, expected]);
    }
  },
  600_000,
);

test("an output that is not the page's is told apart from it", () => {
  expect(agrees("completed  0.006336  0.3 s\n", "completed   0.006336  … s\n")).toBe(true);
  expect(agrees("completed  0.006337  0.3 s\n", "completed   0.006336  … s\n")).toBe(false);
  expect(agrees("one\ntwo\n", "one …\n")).toBe(false);
  expect(agrees("one\n", "one\ntwo\n")).toBe(false);
});
