import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "./tool.js";

test("init writes a config and a plugin that run as they are", async () => {
  const cwd = freshDirectory();
  const written = await runTool(["init"], { cwd });
  expect(written).toMatchObject({ code: 0, stderr: "" });
  expect(written.stdout).toBe(
    "wrote experiment.yaml\nwrote my-rule.mjs\nnext: run-experiment experiment.yaml --dry-run, and without --dry-run\n",
  );
  const { code, stdout } = await runTool(["verify", "experiment.yaml", "--all"], { cwd });
  expect(stdout).toMatch(/^passed +my-experiment +expectation /m);
  expect(code).toBe(0);
  // 3 optimizers × 2 condition numbers × 3 seeds.
  expect(readdirSync(join(cwd, "results/my-experiment/runs"))).toHaveLength(18);
});

test("init overwrites nothing, and then writes nothing", async () => {
  const cwd = freshDirectory();
  mkdirSync(join(cwd, "mine"));
  writeFileSync(join(cwd, "mine/my-rule.mjs"), "// mine\n");
  const { code, stdout, stderr } = await runTool(["init", "mine"], { cwd });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toBe(
    "error: mine/my-rule.mjs is there already, and nothing is overwritten; name another directory: run-experiment init <directory>\n",
  );
  expect(readdirSync(join(cwd, "mine"))).toEqual(["my-rule.mjs"]);
  expect(readFileSync(join(cwd, "mine/my-rule.mjs"), "utf8")).toBe("// mine\n");
});
