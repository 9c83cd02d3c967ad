import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { exitCodes } from "../../src/base/errors.js";
import { freshDirectory, runTool } from "./tool.js";

const directory = freshDirectory();
const tool = (...args: string[]) => runTool(args, { cwd: directory });
const linesOf = (text: string) => text.trimEnd().split("\n");

const probe = {
  name: "probe",
  problem: { name: "scalar" },
  optimizer: { name: "lars", learningRate: 0.1 },
  steps: 3,
  seeds: [0, 1],
};

beforeAll(async () => {
  writeFileSync(join(directory, "probe.json"), JSON.stringify(probe));
  expect(await tool("probe.json", "--quiet")).toMatchObject({ code: 0 });
});

test("all mistakes of a config are told, a line each, with the place and the valid names", async () => {
  const mistaken = {
    ...probe,
    nmae: 1,
    problem: { name: "quadratic", dimensin: 3, optimum: { norm: -1 } },
    optimizer: {
      name: "lars",
      learningRate: { schedule: "step", initial: 1, milestones: [1], facto: 2 },
      foo: 1,
      bar: 2,
    },
    steps: "many",
    evaluate: { every: "never", x: 1 },
    seeds: { rnge: [0, 3, 1] },
  };
  writeFileSync(join(directory, "mistaken.json"), JSON.stringify(mistaken));
  const { code, stderr } = await tool("mistaken.json");
  expect(code).toBe(exitCodes.usage);
  expect(linesOf(stderr)).toEqual([
    expect.stringMatching(/^error: mistaken\.json: problem\.optimum\.norm: expected a number > 0 .*; got -1$/),
    expect.stringMatching(
      /^error: mistaken\.json: problem: unknown key "dimensin"\. Did you mean "dimension"\? Valid keys: name, /,
    ),
    expect.stringMatching(/^error: mistaken\.json: steps: expected a number .*; got "many"$/),
    expect.stringMatching(/^error: mistaken\.json: evaluate\.every: expected one of "epoch", "end"; got "never"\.$/),
    'error: mistaken.json: evaluate: unknown key "x". Valid keys: every, trainingExamples',
    'error: mistaken.json: optimizer.learningRate: unknown key "facto". Did you mean "factor"? Valid keys: schedule, initial, warmupSteps, factor, milestones',
    expect.stringMatching(/^error: mistaken\.json: optimizer: unknown keys "foo", "bar"\. Valid keys: name, /),
    'error: mistaken.json: seeds: unknown key "rnge". Did you mean "range"? Valid keys: list, range, linspace, logspace, concat',
    expect.stringMatching(/^error: mistaken\.json: unknown key "nmae"\. Did you mean "name"\? Valid keys: name, /),
  ]);
});

test("mistakes beyond twenty are counted", async () => {
  const optimizers = Array.from({ length: 30 }, (_, i) => ({ name: "lars", label: `l${i}`, learningRate: -1 }));
  writeFileSync(join(directory, "many.json"), JSON.stringify({ ...probe, optimizer: undefined, optimizers }));
  const lines = linesOf((await tool("many.json")).stderr);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe("error: many.json: and 10 more mistakes");
});

test.each<[args: string[], told: RegExp]>([
  [["verfy"], /^error: unknown command "verfy"\. Did you mean "verify"\?/],
  [["-q", "shwo", "results"], /^error: unknown command "shwo"\. Did you mean "show"\?/],
  [["lst", "lars"], /^error: unknown command "lst"\. Did you mean "list"\?/],
  [["lars-mnits"], /^error: cannot read config lars-mnits: .*Did you mean "lars-mnist"\?$/],
  [["nrms"], /^error: cannot read config nrms: .*Did you mean "norms"\?$/],
  [["run", "verfy"], /^error: cannot read config verfy: no such file/],
  [["absent.json"], /^error: cannot read config absent\.json: no such file/],
  [["list", "larz"], /^error: nothing is called "larz" .*Did you mean "lars"\?$/],
  [["show", "nowhere"], /^error: nowhere is no run; expected/],
])("%j is no command, config or name, and what was meant is suggested", async (args, told) => {
  const { code, stdout, stderr } = await tool(...args);
  expect(stderr.trimEnd()).toMatch(told);
  expect([code, stdout, linesOf(stderr).length]).toEqual([exitCodes.usage, "", 1]);
});

describe("show", () => {
  const runs = () => readdirSync(join(directory, "results/probe/runs")).sort();

  test("lists the runs of an experiment, and of all experiments in a directory", async () => {
    for (const path of ["results/probe", "results"]) {
      const [title, header, ...rows] = linesOf((await tool("show", path)).stdout);
      expect(title).toBe("results/probe");
      expect(header).toMatch(/^run +status +steps +directory$/);
      expect(rows.map((row) => row.split(/ {2,}/))).toEqual(
        runs().map((id, seed) => [`lars seed=${seed}`, "completed", "3 of 3", `results/probe/runs/${id}`]),
      );
    }
    const { stdout } = await tool("show", "results/probe", "--json");
    expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual(runs());
  });

  test("still tells all about one run", async () => {
    const { stdout } = await tool("show", `results/probe/runs/${runs()[1]}`);
    expect(linesOf(stdout)[0]).toBe("probe: lars seed=1");
  });
});

test("list tells all about what has a name, of each kind that has it", async () => {
  const { code, stdout } = await tool("list", "lars", "step");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^lars \(optimizer\): proportional updates in the L2 norm/m);
  expect(stdout).toMatch(/^update +Δw = −λ·c·\(‖w‖₂\/‖g‖₂\)·g$/m);
  expect(stdout).toMatch(/^ {2}momentum {2}number ≥ 0 and < 1; default 0$/m);
  expect(stdout).toMatch(/^step \(schedule\)/m);
  expect(stdout).toMatch(/^step \(column of trace\.csv\)/m);
});

test.each(["run", "verify", "list", "reproduce"])("the help of %s ends with examples", async (command) => {
  const { stdout } = await tool(command, "--help");
  expect(stdout).toMatch(/\nExamples:\n {2}run-experiment .*\n {6}\S/);
});
