import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root } from "./cli/tool.js";

/** What each example prints, and that alone. */
const printed: Readonly<Record<string, RegExp>> = {
  "train-a-model.mjs": /^loss 0\.\d+ → 0\.[0-3]\d+\naccuracy 0\.\d+ → 0\.9\d\n$/,
  "follow-an-experiment.mjs": /^sgd seed=0: step 0, loss .*\nlars seed=0: best loss .*; held: .*\benvelope\b.*\n$/s,
  "own-problem.mjs":
    /^norm-ratio: held\nnorm-growth: held\nbest-iterate: held\nlayer-wise-descent: held\nnearest .* 0\.0\d+\n$/,
  "own-model.mjs":
    /^epoch 0: .*\nepoch 1: .*\nepoch 2: .*\nepoch 3: .*\nepoch 4: (100|9\d|8\d)\.\d % of the test images are told right\n$/,
  "own-data-set.mjs": /^epoch 0: .*\nepoch 5: (100|9\d)\.\d % of the test images are told right\n$/s,
  "own-rule.test.mjs": /^# pass 9\n# fail 0$/m,
};

const directory = join(root, "examples");
const scripts = readdirSync(directory).filter((name) => name.endsWith(".mjs"));

test.concurrent.each(scripts)("%s does what it says, on the built package", async (name) => {
  const args = name.endsWith(".test.mjs") ? ["--test", "--test-reporter=tap"] : [];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [...args, join(directory, name)]);
  expect(stderr).toBe("");
  expect(stdout).toMatch(printed[name]!);
  expect(readFileSync(join(directory, name), "utf8").split("\n").length).toBeLessThanOrEqual(60);
});
