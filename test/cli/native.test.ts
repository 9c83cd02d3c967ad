import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { exitCodes } from "../../src/base/errors.js";
import { nativeDirectory } from "../../src/compute/native-addon.js";
import { freshDirectory, runTool } from "./tool.js";

const native = (args: readonly string[], cache = freshDirectory()) =>
  runTool(["native", ...args], { env: { RUN_EXPERIMENT_CACHE: cache } });

test("what native lacks is one line and exit code 3", async () => {
  const { code, stdout, stderr } = await native(["--python", "/nowhere/python"]);
  expect({ code, stdout }).toEqual({ code: exitCodes.unavailable, stdout: "" });
  // A compiler, or else the interpreter: whichever is looked at first.
  expect(stderr).toMatch(/^error: [^\n]*(install|interpreter \/nowhere\/python)[^\n]*\n$/);
});

test("native --remove deletes what was built, and says if there is nothing", async () => {
  const cache = freshDirectory();
  const before = process.env.RUN_EXPERIMENT_CACHE;
  process.env.RUN_EXPERIMENT_CACHE = cache;
  const target = nativeDirectory();
  if (before === undefined) delete process.env.RUN_EXPERIMENT_CACHE;
  else process.env.RUN_EXPERIMENT_CACHE = before;
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "native.json"), "{}");
  expect(await native(["--remove"], cache)).toEqual({ code: 0, stdout: `Removed ${target}\n`, stderr: "" });
  expect(existsSync(target)).toBe(false);
  expect((await native(["--remove"], cache)).stdout).toBe(`There is nothing to remove: ${target} does not exist\n`);
});
