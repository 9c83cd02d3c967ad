import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { exitCodes } from "../../src/base/errors.js";
import { freshDirectory, root, runTool } from "../cli/tool.js";

const directory = freshDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const experiment = "centred-frontier";
const reproduce = (...options: string[]) =>
  runTool(["reproduce", experiment, "--out", join(directory, "results"), ...options]);
const references = join(directory, "reference");
cpSync(join(root, "results/reference", experiment), join(references, experiment), { recursive: true });

it("holds the runs against the committed references, and itself against runs known to be bad", async () => {
  const { code, stdout } = await reproduce("--all");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^met +noticed: steps that are too long +found to violate norm-ratio/m);
  expect(stdout).toMatch(/^met +traces, outcomes and bounds are those of the committed reference +3 of 3 runs: /m);
  // What is well is counted, and not listed.
  expect((await reproduce()).stdout).toMatch(
    /^\n\d+ claims: \d+ met, \d+ held; \d+ bounds do not apply \(--all lists them\)\n$/,
  );
});

it("takes the experiments of one collection, and says of a name that is none what it may have meant", async () => {
  const told = async (...names: string[]) => {
    const { code, stderr } = await runTool(["reproduce", ...names, "--out", join(directory, "none")]);
    expect(code).toBe(exitCodes.usage);
    return stderr;
  };
  expect(await told("centred-fronteer")).toBe(
    'error: no experiment "centred-fronteer" is to be reproduced. Did you mean "centred-frontier"?\n',
  );
  expect(await told(experiment, "large-batch-tuned")).toMatch(
    /^error: "centred-frontier" belongs to paper and "large-batch-tuned" to compare, whose claims are apart;/,
  );
});

it.each<[what: string, file: string, from: RegExp, to: string, found: RegExp]>([
  ["in its trace", "trace.csv", /^(0,1,1,0\.\d+),0\.\d/m, "$1,0.7", /: column \w+: first at step 1/],
  [
    "in the slack of a bound",
    "verdicts.csv",
    /^0,norm-ratio,held,2,/m,
    "0,norm-ratio,held,2,0.5",
    /norm-ratio: smallest slack/,
  ],
  [
    "in what it came to",
    "reference.json",
    /"distance":0\.8/,
    '"distance":0.7',
    /final distance 0\.8.* in place of 0\.7/,
  ],
])("fails where a run differs from its reference %s", async (_, file, from, to, found) => {
  const path = join(references, experiment, file);
  const original = readFileSync(path, "utf8");
  expect(original).toMatch(from);
  writeFileSync(path, original.replace(from, to));
  const { code, stdout } = await reproduce("--references", references);
  const quiet = await reproduce("--references", references, "--quiet");
  writeFileSync(path, original);
  expect([quiet.code, quiet.stdout]).toEqual([code, ""]);
  expect(quiet.stderr).toMatch(/^error: centred-frontier: NOT MET: traces, outcomes and bounds are those/m);
  expect(code).toBe(exitCodes.verificationFailed);
  expect(stdout).toMatch(/^NOT MET +traces, outcomes and bounds are those/m);
  expect(stdout).toMatch(found);
});

it("says so where there is no reference", async () => {
  const { code, stdout } = await reproduce("--references", join(directory, "nowhere"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^not checked +traces, outcomes and bounds .* there is none in /m);
});

describe("--check", () => {
  const out = join(directory, "checked");
  const path = join(out, "claims.csv");
  const committed = readFileSync(join(root, "results/paper/claims.csv"), "utf8");
  const check = (...options: string[]) => runTool(["reproduce", experiment, "--out", out, "--check", ...options]);
  const write = (text: string) => {
    mkdirSync(out, { recursive: true });
    writeFileSync(path, text);
  };

  it("finds the claims of an experiment as they are committed, and writes none", async () => {
    write(committed);
    const { code, stdout } = await check();
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/^compared with .*claims\.csv: \d+ claims in every column\nno differences$/m);
    expect(readFileSync(path, "utf8")).toBe(committed);
    expect(readdirSync(out)).not.toContain("CLAIMS.md");
  });

  it("tells what differs, a line each", async () => {
    const row = committed.split("\n").find((line) => line.startsWith(`${experiment},`))!;
    write(committed.replace(row, row.replace(/,met$/, ",not met")));
    const { code, stdout } = await check();
    expect(code).toBe(exitCodes.verificationFailed);
    expect(stdout).toMatch(/^DIFFERS {2}centred-frontier: .*: verdict met in place of not met\n1 difference$/m);
  });

  it("compares verdicts alone where the backend was another", async () => {
    const elsewhere = committed.replaceAll(/^(centred-frontier,[^,]*,)3 runs on float64,/gm, "$13 runs on tensorflow,");
    write(elsewhere.replaceAll(/^(centred-frontier,.*)smallest slack/gm, "$1least slack"));
    const { code, stdout } = await check();
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/ by their verdicts, since they were made on another backend or data set$/m);
    expect(stdout).toMatch(/^ {2}centred-frontier: float64 in place of tensorflow$/m);
  });

  it("says so where there is nothing to compare with", async () => {
    const { code, stderr } = await runTool(["reproduce", experiment, "--check", "--out", join(directory, "none")]);
    expect(code).toBe(exitCodes.usage);
    expect(stderr).toMatch(/^error: there is no .*claims\.csv to compare with; /);
  });
});
