import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { startTool, traces, until } from "../execution/support.js";
import { bowlProblem, meanRule, triangleBound } from "./plugin-sources.js";

const quadratic = { problem: { name: "quadratic" }, steps: 40 };

/** A directory with these files in it. */
function directoryWith(files: Readonly<Record<string, string | object>>): string {
  const directory = freshDirectory();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
  }
  return directory;
}

const runsIn = (directory: string, experiment: string) => readdirSync(join(directory, "results", experiment, "runs"));

describe("a rule of a plugin", () => {
  const rules = [
    { name: "mean-lars", learningRate: 0.05 },
    { name: "lars", learningRate: 0.05 },
  ];
  const config = { ...quadratic, name: "own", plugins: ["./mean-lars.mjs"], optimizers: rules, seeds: [0, 1] };

  test("is listed, suggested, run by workers, verified, reported, and made anew when its file changes", async () => {
    const cwd = directoryWith({ "mean-lars.mjs": meanRule, "own.json": config });
    const listed = await runTool(["list", "--plugin", "./mean-lars.mjs"], { cwd });
    expect(listed.stdout).toContain("mean-lars");
    const misspelt = await runTool(["own.json", "--set", "optimizers.0.name=mean-lasr"], { cwd });
    expect(misspelt).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "mean-lars"?') });

    const first = await runTool(["own.json", "--jobs", "2", "--json"], { cwd });
    expect(first.code).toBe(0);
    const ids = runsIn(cwd, "own");
    expect(ids).toHaveLength(4);
    expect(await runTool(["verify", "own.json", "--twice"], { cwd })).toMatchObject({ code: 0 });
    const [own] = ids.filter((id) => id.startsWith("mean"));
    const manifest = JSON.parse(readFileSync(join(cwd, "results/own/runs", own!, "run.json"), "utf8"));
    expect(manifest.plugins).toEqual([
      { name: "./mean-lars.mjs", path: join(cwd, "mean-lars.mjs"), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);

    // A comment more: another file, so another rule. The runs of the tool's own rule are kept.
    writeFileSync(join(cwd, "mean-lars.mjs"), `${meanRule}\n// A comment.\n`);
    const [second] = JSON.parse((await runTool(["own.json", "--json"], { cwd })).stdout) as [{ skipped: number }];
    expect(second.skipped).toBe(2);
    expect(runsIn(cwd, "own")).toHaveLength(6);

    // Results outlive the plugin they were made with.
    renameSync(join(cwd, "mean-lars.mjs"), join(cwd, "gone.mjs"));
    const report = await runTool(["report", "results/own"], { cwd });
    expect(report).toMatchObject({ code: 0, stderr: expect.stringContaining("plugin ./mean-lars.mjs: cannot read") });
  });

  test("is killed in the middle and resumed to the byte", async () => {
    const long = { ...config, steps: 4000, seeds: [0], checkpoint: { everySteps: 50 } };
    const cwd = directoryWith({ "mean-lars.mjs": meanRule, "own.json": long });
    await runTool([join(cwd, "own.json"), "--out", join(cwd, "whole")]);
    const running = startTool([join(cwd, "own.json"), "--out", join(cwd, "cut"), "--jobs", "2"]);
    const checkpoints = () => {
      try {
        const runs = join(cwd, "cut/own/runs");
        return readdirSync(runs).some((id) => readdirSync(join(runs, id)).includes("checkpoint"));
      } catch {
        return false;
      }
    };
    await until("a checkpoint", checkpoints);
    process.kill(-running.child.pid!, "SIGKILL");
    await running.ended;
    const resumed = await runTool([join(cwd, "own.json"), "--out", join(cwd, "cut")]);
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining("going on from step") });
    expect(traces(join(cwd, "cut/own"))).toEqual(traces(join(cwd, "whole/own")));
  });
});

test("a problem of a plugin has its bounds checked, and a bound of one is checked and drawn", async () => {
  const files = { "bowl.mjs": bowlProblem, "triangle.mjs": triangleBound.replace("FACTOR * ", "") };
  const plugins = ["./bowl.mjs", "./triangle.mjs"];
  const config = {
    name: "bowl",
    plugins,
    problem: { name: "bowl" },
    optimizer: { name: "lars", learningRate: 0.1 },
    steps: 30,
  };
  const cwd = directoryWith({ ...files, "bowl.json": config });
  const { code, stdout } = await runTool(["bowl.json", "--json"], { cwd });
  expect(code).toBe(0);
  const [{ runs }] = JSON.parse(stdout) as [{ runs: [{ verdicts: Record<string, { outcome: string }> }] }];
  for (const name of ["triangle", "envelope", "radius", "best-iterate"]) {
    expect(runs[0].verdicts[name], name).toMatchObject({ outcome: "held" });
  }
  expect(readFileSync(join(cwd, "results/bowl/report.html"), "utf8")).toContain("triangle inequality path length");

  // A bound that is wrong by half is violated.
  writeFileSync(join(cwd, "triangle.mjs"), triangleBound.replace("FACTOR", "0.5"));
  const wrong = await runTool(["verify", "bowl.json"], { cwd });
  expect(wrong.code).toBe(4);
  expect(wrong.stdout).toContain("triangle inequality triangle");
});

test("a base brings its plugins along, from where it lies", async () => {
  const cwd = directoryWith({
    "shared/mean-lars.mjs": meanRule,
    "shared/base.yaml": "name: base\nplugins: [./mean-lars.mjs]\nproblem: {name: quadratic}\nsteps: 3\n",
    "bowl.mjs": bowlProblem,
    "own.yaml":
      "name: own\nextends: shared/base.yaml\nplugins: [./bowl.mjs]\nproblem: {name: bowl}\noptimizer: {name: mean-lars, learningRate: 0.1}\n",
  });
  expect(await runTool(["own.yaml", "--quiet"], { cwd })).toMatchObject({ code: 0, stderr: "" });
});

test("a package is a plugin by its name, found where the config lies", async () => {
  const cwd = directoryWith({
    "node_modules/mean-lars/package.json": { name: "mean-lars", exports: { ".": { import: "./lib/rule.mjs" } } },
    "node_modules/mean-lars/lib/rule.mjs": meanRule,
    "own.json": {
      ...quadratic,
      name: "own",
      plugins: ["mean-lars"],
      optimizer: { name: "mean-lars", learningRate: 0.1 },
    },
  });
  expect(await runTool([join(cwd, "own.json"), "--quiet", "--out", join(cwd, "results")])).toMatchObject({ code: 0 });
});

describe("a plugin that cannot be used is one clear line", () => {
  const rule = (fields: string) =>
    `import { defineOptimizer, z } from "run-experiment/plugin"; const schema = z.strictObject({ name: z.literal("own") });
     export default defineOptimizer({ name: "own", summary: "s", formula: "f", source: "s", version: 1, schema, create: () => ({}), ${fields} });`;
  const table: readonly [what: string, file: string, content: string, line: RegExp][] = [
    ["it throws", "own.mjs", 'throw new Error("boom\\nmore")', /plugin \.\/own\.mjs: cannot be loaded: boom$/],
    [
      "it is no JavaScript",
      "own.mjs",
      "export default (",
      /plugin \.\/own\.mjs: cannot be loaded: Unexpected end of input$/,
    ],
    ["it is not there", "other.mjs", "", /plugin \.\/own\.mjs: cannot read .*own\.mjs: no such file$/],
    [
      "it exports nothing",
      "own.mjs",
      "export const a = 1;",
      /it has no default export; expected a definition or a list/,
    ],
    [
      "it exports something else",
      "own.mjs",
      "export default { name: 'own' };",
      /expected what defineOptimizer, .* returns$/,
    ],
    [
      "it lacks a field",
      "own.mjs",
      rule("summary: undefined"),
      /optimizer "own": summary: expected text; it is missing$/,
    ],
    [
      "a field is wrong",
      "own.mjs",
      rule("version: 1.5"),
      /optimizer "own": version: expected a whole number; got 1\.5$/,
    ],
    [
      "its name is taken",
      "own.mjs",
      rule('name: "lars"').replace('("own")', '("lars")'),
      /optimizer "lars": the tool has one of that name/,
    ],
    ["its schema has another name", "own.mjs", rule('name: "mine"'), /schema: expected name: z\.literal\("mine"\)/],
  ];
  test.each(table)("%s", async (_, file, content, line) => {
    const config = { ...quadratic, name: "own", plugins: ["./own.mjs"], optimizer: { name: "own", learningRate: 0.1 } };
    const cwd = directoryWith({ [file]: content, "own.json": config });
    const { code, stderr } = await runTool(["own.json"], { cwd });
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(/^error: own\.json: plugin \.\/own\.mjs: /);
    expect(stderr.trimEnd()).toMatch(line);
    expect(code).toBe(2);
    expect(readdirSync(cwd).sort()).toEqual([file, "own.json"].sort());
  });
});
