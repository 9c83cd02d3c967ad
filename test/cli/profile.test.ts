import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeConfig } from "../execution/support.js";
import { freshDirectory, runTool } from "./tool.js";

/** The distance from the optimum is |1 − λ·curvature|^k. */
const config = {
  name: "profiled",
  problem: { name: "scalar", target: 1, start: 2 },
  optimizers: [
    { name: "sgd", label: "slow", learningRate: 0.1 },
    { name: "sgd", label: "fast", learningRate: 0.3 },
    { name: "sgd", label: "lost", learningRate: 3 },
  ],
  sweep: { grid: { "problem.curvature": [0.5, 1] } },
  steps: 40,
};

test("profiles of real runs are those of the steps that each of them took", async () => {
  const directory = freshDirectory();
  const made = await runTool([
    writeConfig(directory, { ...config, target: { column: "distance", below: 0.1 } }),
    "-o",
    directory,
    "-q",
  ]);
  expect([made.code, made.stderr]).toEqual([0, ""]);
  const out = join(directory, "profiles.csv");
  const { code, stdout } = await runTool(["profile", join(directory, "profiled"), "-o", out]);
  expect(code).toBe(0);
  const line = (start: string) => stdout.split("\n").find((one) => one.startsWith(start));
  // (1 − λh)^k < 0.1: h = 0.5 at λ = 0.1: k > 44.9, beyond 40; at 0.3: 14.2; at 3: |1 − 1.5|^k, 3.3.
  expect(line("curvature=0.5")!.trim().split(/ {2,}/)).toEqual(["curvature=0.5", "15", "4", "not reached"]);
  // h = 1: 0.9^k: 21.9; 0.7^k: 6.5; |1 − 3|^k grows.
  expect(line("curvature=1")!.trim().split(/ {2,}/)).toEqual(["curvature=1", "7", "not reached", "22"]);
  expect(line("steps to target")!.trim().split(/ {2,}/)).toEqual(["steps to target", "fast", "lost", "slow"]);
  expect(readFileSync(out, "utf8")).toBe(
    `optimizer,ratio,share\nfast,1,0.5\nfast,${15 / 4},1\nlost,1,0.5\nslow,1,0\nslow,${22 / 7},0.5\n`,
  );
  const figure = readFileSync(join(directory, "profiled", "report.html"), "utf8");
  expect(figure).toContain('id="performance-profile"');
});

test("without a target there is nothing to profile, and a wrong cost is one line", async () => {
  const directory = freshDirectory();
  await runTool([writeConfig(directory, config), "-o", directory, "-q"]);
  const none = await runTool(["profile", join(directory, "profiled")]);
  expect(none.code).toBe(2);
  expect(none.stderr).toMatch(
    /^error: .*: no run has a target to be profiled by; name one in the config, such as .*\n$/,
  );
  const wrong = await runTool(["profile", join(directory, "profiled"), "--cost", "hours"]);
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toBe('error: --cost: expected one of "steps", "epochs", "seconds"; got "hours".\n');
});
