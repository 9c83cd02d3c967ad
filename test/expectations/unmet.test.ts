import { expect, test } from "vitest";
import { exitCodes } from "../../src/base/errors.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { writeConfig } from "../execution/support.js";

// w goes 0.5, 0.55, 0.605 towards 1: losses ½·0.5², …, ½·0.395² = 0.0780125
const base = {
  problem: { name: "scalar", start: 0.5 },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 2,
};
const final = { column: "loss", statistic: "final" };
const stated = (claim: string, more: object) => ({ claim, source: "by hand", value: final, ...more });

test.each([
  ["met", [stated("it falls", { below: 0.0781 })], exitCodes.ok, /1 passed|passed/],
  [
    "not met",
    [stated("it falls", { below: 0.0781 }), stated("it falls further", { below: 0.078 })],
    exitCodes.verificationFailed,
    /FAILED +unmet +expectation +it falls further +expected final loss < 0\.078; measured 0\.0780125\n/,
  ],
  [
    "not evaluated",
    [stated("it falls", { below: 1, runs: { seed: 3 } })],
    exitCodes.verificationFailed,
    /FAILED .* measured not evaluated: no run is selected by \{"seed":3\}\n/,
  ],
])("verify, with a claim that is %s", async (_, claims, code, line) => {
  const directory = freshDirectory();
  const config = writeConfig(directory, { ...base, name: "unmet", expect: claims });
  const ended = await runTool(["verify", config, "-o", directory, "--references", directory]);
  expect(ended.stdout).toMatch(line);
  expect(ended.code).toBe(code);
  // So does reading the results that lie there.
  expect((await runTool(["verify", `${directory}/unmet`, "--references", directory])).code).toBe(code);
});
