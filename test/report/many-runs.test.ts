import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { writeConfig } from "../execution/support.js";

const config = {
  ...{ name: "many", problem: { name: "quadratic", conditionNumber: 10, dimension: 4 }, steps: 1999 },
  optimizer: { name: "lars", learningRate: 0.1 },
  expect: [
    { claim: "near", source: "here", value: { column: "distance", statistic: "final" }, below: 1 },
    { claim: "by the rate", source: "here", value: { column: "norm_ratio", statistic: "maximum" }, below: 0.11 },
  ],
};

/** Copies one run to many seeds; its traces, some 700 kB, are on the disk once. */
function multiply(experiment: string, count: number): void {
  const runs = join(experiment, "runs");
  const [id] = readdirSync(runs);
  const manifest = JSON.parse(readFileSync(join(runs, id!, "run.json"), "utf8"));
  const planned = Array.from({ length: count }, (_, seed) => {
    const one = { ...manifest, id: `copy-${seed}`, label: `lars seed=${seed}`, seed };
    mkdirSync(join(runs, one.id));
    writeFileSync(join(runs, one.id, "run.json"), JSON.stringify(one));
    for (const name of Object.keys(manifest.files)) linkSync(join(runs, id!, name), join(runs, one.id, name));
    return { id: one.id, label: one.label };
  });
  const path = join(experiment, "experiment.json");
  const file = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...file, runs: planned }));
}

test("report, expectations and verification of many runs take the memory of few", async () => {
  const directory = freshDirectory();
  await runTool([writeConfig(directory, config), "-o", directory, "-q"]);
  const experiment = join(directory, "many");
  multiply(experiment, 300);
  // All columns of so many runs, as text, would take some 700 MB.
  const env = { NODE_OPTIONS: "--max-old-space-size=160" };
  for (const command of ["report", "verify"]) {
    const { code, stderr } = await runTool([command, experiment], { env });
    expect([code, stderr]).toEqual([0, ""]);
  }
  expect(readFileSync(join(experiment, "report.html"), "utf8")).toContain("Median over seeds (n = 300)");
  rmSync(directory, { recursive: true });
});
