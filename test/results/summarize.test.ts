import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { csvLines } from "../../src/trace/csv-file.js";
import { freshDirectory, runTool } from "../cli/tool.js";

const config = {
  name: "machines",
  problem: { name: "quadratic", conditionNumber: 10 },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 5,
  seeds: [0, 1, 2, 3],
};

async function made(): Promise<string> {
  const directory = freshDirectory();
  writeFileSync(join(directory, "config.json"), JSON.stringify(config));
  expect((await runTool([join(directory, "config.json"), "-o", join(directory, "a"), "-j", "1"])).code).toBe(0);
  return directory;
}

const summary = (directory: string) => readFileSync(join(directory, "summary.csv"), "utf8");

test("summary.csv is rebuilt from the run directories of one machine or of several", async () => {
  const directory = await made();
  const [a, b] = [join(directory, "a"), join(directory, "b")];
  const complete = summary(join(a, "machines"));
  rmSync(join(a, "machines", "summary.csv"));
  const rebuilt = await runTool(["summarize", join(a, "machines")]);
  expect(rebuilt).toMatchObject({ code: 0, stderr: "" });
  expect(rebuilt.stdout).toContain("4 runs (4 completed)");
  expect(summary(join(a, "machines"))).toBe(complete);

  // Two runs each, one of them in both places, unfinished in the first.
  cpSync(a, b, { recursive: true });
  const runs = join("machines", "runs");
  const [first, second, third, fourth] = readdirSync(join(a, runs)).sort();
  for (const id of [third!, fourth!]) rmSync(join(a, runs, id), { recursive: true });
  rmSync(join(b, runs, first!), { recursive: true });
  const path = join(a, runs, second!, "run.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...manifest, status: "interrupted" }));
  const merged = await runTool(["summarize", a, b, "-o", join(directory, "merged")]);
  expect(merged).toMatchObject({ code: 0, stderr: "" });
  expect(merged.stdout).toContain("4 runs from 2 directories (4 completed)");
  expect(summary(join(directory, "merged", "machines"))).toBe(complete);

  // Finished in both places, with different results: said, and the first is taken.
  writeFileSync(path, JSON.stringify({ ...manifest, outcome: { ...manifest.outcome, final: { trainLoss: 42 } } }));
  const conflicting = await runTool(["summarize", a, b, "-o", join(directory, "merged")]);
  expect(conflicting.code).toBe(0);
  expect(conflicting.stderr).toContain(`${second}: the results in ${join(a, "machines")} and ${join(b, "machines")}`);
  expect(summary(join(directory, "merged", "machines"))).toContain(",42,");
});

test("ten thousand run directories, and a directory without any", async () => {
  const directory = await made();
  const runs = join(directory, "a", "machines", "runs");
  const manifest = JSON.parse(readFileSync(join(runs, readdirSync(runs)[0]!, "run.json"), "utf8"));
  for (let i = 0; i < 10_000; i++) {
    const id = `copy-${i}`;
    mkdirSync(join(runs, id));
    writeFileSync(join(runs, id, "run.json"), JSON.stringify({ ...manifest, id, seed: i }));
  }
  const started = performance.now();
  const { stdout } = await runTool(["summarize", join(directory, "a")]);
  process.stderr.write(`10 004 run directories summarized in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  expect(stdout).toContain("10004 runs");
  expect(
    summary(join(directory, "a", "machines"))
      .trimEnd()
      .split("\n"),
  ).toHaveLength(10_005);

  const empty = await runTool(["summarize", freshDirectory()]);
  expect(empty.code).toBe(2);
  expect(empty.stderr).toMatch(/^error: .*: no results in it; expected an experiment's directory.*\n$/);
});

test("texts that a spreadsheet would compute are escaped where asked for; numbers stay numbers", async () => {
  const cells = ["=1+1", "+a", "-a", "@a", "\tx", "a=b", "-1.5", "+2", "-1e-7", "-Infinity", -3, "", undefined, true];
  expect(csvLines([cells])).toBe("=1+1,+a,-a,@a,\tx,a=b,-1.5,+2,-1e-7,-Infinity,-3,,,true\n");
  expect(csvLines([cells], { escapeFormulas: true })).toBe(
    "'=1+1,'+a,'-a,'@a,'\tx,a=b,-1.5,+2,-1e-7,-Infinity,-3,,,true\n",
  );

  const directory = freshDirectory();
  const label = '=HYPERLINK("x")';
  const optimizer = { ...config.optimizer, label };
  const path = join(directory, "config.json");
  writeFileSync(path, JSON.stringify({ ...config, optimizer, seeds: [-1] }));
  const results = join(directory, "machines");
  const line = () => summary(results).split("\n")[1];
  await runTool([path, "-o", directory, "-q"]);
  expect(line()).toMatch(/,"=HYPERLINK\(""x""\) seed=-1",completed,,"=HYPERLINK\(""x""\)",lars,-1,/);
  for (const args of [
    [path, "-o", directory, "-q"],
    ["summarize", results],
  ]) {
    await runTool([...args, "--escape-formulas"]);
    expect(line()).toMatch(/,"'=HYPERLINK\(""x""\) seed=-1",completed,,"'=HYPERLINK\(""x""\)",lars,-1,/);
    await runTool(["summarize", results]);
    expect(line()).toMatch(/,"=HYPERLINK/);
  }
});
