import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { writeConfig } from "../execution/support.js";

const config = (name: string) => ({
  ...{ name, problem: { name: "quadratic", dimension: 2 }, steps: 3 },
  optimizer: { name: "lars", learningRate: 0.1 },
});

test("the reports of a directory of experiments have an index, that of one experiment has none", async () => {
  const directory = freshDirectory();
  const out = join(directory, "results");
  for (const name of ["two", "one"]) await runTool([writeConfig(directory, config(name)), "-o", out, "-q"]);
  const alone = await runTool(["report", join(out, "one")]);
  expect(alone).toMatchObject({ code: 0, stderr: "" });
  expect(existsSync(join(out, "index.html"))).toBe(false);
  const all = await runTool(["report", out]);
  expect(all).toMatchObject({ code: 0, stderr: "" });
  expect(all.stdout.trim().split("\n").at(-1)).toBe(join(out, "index.html"));
  const page = readFileSync(join(out, "index.html"), "utf8");
  expect([...page.matchAll(/<b>(\w+)<\/b>/g)].map(([, name]) => name)).toEqual(["one", "two"]);
  expect(page).not.toContain("unsafe-eval");
  rmSync(directory, { recursive: true });
});
