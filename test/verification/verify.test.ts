import { execFile, execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { exitCodes } from "../../src/base/errors.js";
import type { Check } from "../../src/verification/check.js";
import { junit, markdownSummary } from "../../src/verification/formats.js";
import { temporaryDirectory } from "../report/support.js";

const root = resolve(import.meta.dirname, "../..");
const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const config = join(directory, "rules.json");
writeFileSync(
  config,
  JSON.stringify({
    name: "rules",
    problem: { name: "quadratic" },
    optimizers: [
      { name: "sgd", learningRate: 0.05 },
      { name: "lars", learningRate: 0.05 },
    ],
    steps: 30,
    expect: [{ claim: "the runs end", source: "here", status: "completed" }],
  }),
);

/** The built command line, as users start it. */
async function cli(args: readonly string[], tool = root, env: NodeJS.ProcessEnv = {}) {
  const command = [join(tool, "bin/run-experiment.js"), ...args];
  const options = { cwd: directory, env: { ...process.env, GITHUB_STEP_SUMMARY: "", ...env } };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command, options);
    return { code: 0, stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout: stdout + stderr };
  }
}

const failures = (stdout: string) => (JSON.parse(stdout) as Check[]).filter(({ outcome }) => outcome === "failed");

it("writes a reference, agrees with it, and repeats to the byte", async () => {
  const before = await cli(["verify", config, "--json", "--quiet"]);
  expect(before.code).toBe(0);
  expect((JSON.parse(before.stdout) as Check[]).find(({ kind }) => kind === "reference")).toMatchObject({
    outcome: "not checked",
  });
  expect((await cli(["verify", config, "--update", "--quiet"])).code).toBe(0);
  const after = await cli(["verify", config, "--twice", "--json", "--quiet"]);
  expect(after.code).toBe(0);
  const passed = (JSON.parse(after.stdout) as Check[]).filter(({ outcome }) => outcome === "passed");
  const count = (kind: Check["kind"]) => passed.filter((check) => check.kind === kind).length;
  // Besides the two runs, how many of them it covers and the tolerance of the checks.
  expect([count("reference"), count("repetition"), count("expectation")]).toEqual([4, 2, 1]);
});

it("fails when a reference differs by 1e-6 in one number, and names rule, column and step", async () => {
  const path = join(directory, "results/reference/rules/trace.csv");
  const original = readFileSync(path, "utf8");
  const lines = original.split("\n");
  const column = lines[0]!.split(",").indexOf("loss");
  // Of the second run, the first of the steps that are kept.
  const line = lines.findIndex((text) => /^1,[1-9]/.test(text));
  const fields = lines[line]!.split(",");
  fields[column] = String(Number(fields[column]) * (1 + 1e-6));
  lines[line] = fields.join(",");
  writeFileSync(path, lines.join("\n"));
  const { code, stdout } = await cli(["verify", "results/rules", "--json"]);
  writeFileSync(path, original);
  expect(code).toBe(exitCodes.verificationFailed);
  const [failure, ...others] = failures(stdout);
  expect(others).toEqual([]);
  expect(failure).toMatchObject({ experiment: "rules", kind: "reference", name: "lars seed=0" });
  expect(failure!.detail).toContain(`rule lars: column loss: first at step ${fields[1]}, `);
});

/** A copy of the built tool with one of its modules changed, joined anew. */
function changedTool(name: string, file: string, from: string, to: string): string {
  const tool = join(directory, name);
  for (const part of ["bin", "dist", "package.json", "scripts/bundle.js"]) {
    cpSync(join(root, part), join(tool, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(tool, "node_modules"));
  const path = join(tool, "dist", file);
  const source = readFileSync(path, "utf8");
  const changed = source.replaceAll(from, to);
  expect(changed).not.toBe(source);
  writeFileSync(path, changed);
  execFileSync(process.execPath, [join(tool, "scripts/bundle.js")]);
  return tool;
}

const faults: readonly {
  what: string;
  place: [file: string, from: string, to: string];
  found: readonly [experiment: string, name: string, detail: RegExp][];
}[] = [
  {
    what: "a rule's formula that is off by 1e-6, in the runs of that rule alone",
    place: ["optimizers/sgd.js", "algebra.scalar(-learningRate)", "algebra.scalar(-learningRate * (1 + 1e-6))"],
    found: [["rules", "sgd seed=0", /^rule sgd: column \w+(, layer w)?: first at step 0, /]],
  },
  {
    what: "a bound that is loosened on one side, without a column that would show it",
    place: ["bounds/norm-growth.js", "check(weights, initial *", "check(weights, 1.1 * initial *"],
    found: [["rules", "lars seed=0", /^rule lars: bound norm-growth: .*mean slack 0\.\d+ in place of /]],
  },
  {
    what: "checks that always hold",
    place: ["bounds/verdict.js", "const holds = ", "const holds = true || "],
    found: [
      ["self-check", "steps that are too long", /^norm-ratio holds in float64 although it is off by 1e-8/],
      ["self-check", "steps that are too short", /^norm-ratio holds/],
      ["self-check", "elementwise steps that are too long", /^elementwise-proportionality holds/],
      ["self-check", "a strong convexity that is too large", /^one-step-contraction holds/],
    ],
  },
  {
    what: "a tolerance of 0.1",
    place: ["bounds/bound.js", "float32: 1e-4", "float32: 0.1"],
    found: [
      ["self-check", "steps that are too long", /^norm-ratio holds in float32 although it is off by 0\.001/],
      ["self-check", "steps that are too short", /^norm-ratio holds/],
      ["self-check", "elementwise steps that are too long", /^elementwise-proportionality holds/],
      ["self-check", "a strong convexity that is too large", /^one-step-contraction holds/],
      ["rules", "tolerance of the bounds", /^float32 0\.1 in place of 0\.0001$/],
    ],
  },
];

it.each(faults.map((fault, i) => [fault.what, i, fault] as const))("fails for %s", async (_, i, { place, found }) => {
  const tool = changedTool(`changed-${i}`, ...place);
  const args = ["verify", config, "--out", `results-changed-${i}`, "--json", "--quiet"];
  const { code, stdout } = await cli([...args, "--references", "results/reference"], tool);
  expect(code).toBe(exitCodes.verificationFailed);
  const failed = failures(stdout);
  expect(failed.map(({ experiment, name }) => [experiment, name])).toEqual(
    found.map(([experiment, name]) => [experiment, name]),
  );
  failed.forEach(({ detail }, i) => {
    expect(detail).toMatch(found[i]![2]);
  });
});

it("refuses a reference of another form, and says when the config has changed", async () => {
  const path = join(directory, "results/reference/rules/reference.json");
  const original = readFileSync(path, "utf8");
  writeFileSync(path, original.replace(/"referenceVersion": \d+/, '"resultSchemaVersion": 1'));
  const older = await cli(["verify", "results/rules", "--json"]);
  writeFileSync(path, original);
  expect(older.code).toBe(exitCodes.verificationFailed);
  expect(failures(older.stdout)[0]!.detail).toContain("--update");
  const args = ["verify", config, "--set", "optimizers.1.learningRate=0.06", "--out", "results-other", "--json"];
  const found = failures((await cli([...args, "--quiet"])).stdout).filter(({ kind }) => kind === "reference");
  expect(found.map(({ name }) => name)).toEqual(["lars seed=0"]);
  expect(found[0]!.detail).toMatch(/^rule lars, whose config has changed since: column learning_rate: first at step 0/);
});

it("writes JUnit XML and a step summary", async () => {
  const summary = join(directory, "summary.md");
  const args = ["verify", "results/rules", "--junit", "verify.xml", "--github"];
  expect((await cli(args, root, { GITHUB_STEP_SUMMARY: summary })).code).toBe(0);
  expect(readFileSync(join(directory, "verify.xml"), "utf8")).toMatch(
    /<testsuite name="rules" tests="\d+" failures="0" skipped="\d+">/,
  );
  expect(readFileSync(summary, "utf8")).toContain("## Verification passed");
  const hostile: Check = {
    experiment: "<e>",
    kind: "run",
    name: '"&\u0000',
    outcome: "failed",
    detail: "a | b\n<img>",
  };
  expect(junit([hostile])).toContain('name="&quot;&amp;␀"><failure message="a | b &lt;img&gt;"/>');
  expect(markdownSummary([hostile])).toContain('| &lt;e&gt; | run | "&amp;');
  expect(markdownSummary([hostile])).toContain("a \\| b &lt;img&gt; |");
});

it("show prints a run; diff says where two part", async () => {
  const { stdout } = await cli(["verify", "results/rules", "--json"]);
  expect(stdout).toContain("sgd");
  const { runs } = JSON.parse(readFileSync(join(directory, "results/rules/experiment.json"), "utf8")) as {
    runs: { id: string }[];
  };
  const [sgd, lars] = runs.map(({ id }) => join("results/rules/runs", id));
  const shown = await cli(["show", sgd!]);
  expect(shown.stdout).toMatch(/status +completed/);
  expect(shown.stdout).toMatch(/command +run-experiment verify/);
  const parted = await cli(["diff", lars!, sgd!]);
  expect(parted.stdout).toMatch(/optimizer\.name +"lars" +"sgd"/);
  expect(parted.stdout).toMatch(/TRACES {2}column \S+(, layer w)?: first at step 0/);
  expect((await cli(["diff", sgd!, sgd!])).stdout).toMatch(
    /CONFIG {2}the same\n\nPROVENANCE {2}the same\n\nTRACES {2}the same/,
  );
  expect((await cli(["show", "nowhere"])).code).toBe(exitCodes.usage);
});
