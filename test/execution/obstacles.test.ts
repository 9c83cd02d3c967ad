import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import { beforeAll, expect, test } from "vitest";
import { freshDirectory, runTool } from "../cli/tool.js";
import { traces, writeConfig } from "./support.js";

const config = {
  ...{ name: "odd", problem: { name: "quadratic", conditionNumber: 10 }, steps: 20 },
  optimizer: { name: "lars", learningRate: 0.1 },
};

const finished = freshDirectory();
beforeAll(async () => {
  expect((await runTool([writeConfig(finished, config), "-o", finished, "-q"])).code).toBe(0);
});

/** A copy of the finished experiment, its run "running" or as it is. */
function copied({ cutOff }: { cutOff: boolean }) {
  const directory = freshDirectory();
  cpSync(finished, directory, { recursive: true });
  const experiment = join(directory, "odd");
  const [id] = readdirSync(join(experiment, "runs"));
  const run = join(experiment, "runs", id!);
  const path = join(run, "run.json");
  if (cutOff) writeFileSync(path, readFileSync(path, "utf8").replace('"completed"', '"running"'));
  return { args: [join(directory, "odd.json"), "-o", directory], experiment, run, id: id! };
}

const kinds: Readonly<Record<string, (path: string, precious: string) => void>> = {
  "a directory": (path) => mkdirSync(path),
  "a link": (path, precious) => symlinkSync(precious, path),
  "a pipe": (path) => execFileSync("mkfifo", [path]),
};

test.each(
  ["run.json", "trace.csv", "layers.csv", "weights.npz", "checkpoint", "checkpoint.tmp"].flatMap((name, i) =>
    Object.keys(kinds)
      .slice(i % 3, (i % 3) + 1)
      .map((kind) => [kind, name] as const),
  ),
)("%s where %s belongs is set aside, and the run is made", async (kind, name) => {
  const { args, experiment, run, id } = copied({ cutOff: true });
  const precious = join(experiment, "precious");
  writeFileSync(precious, "mine");
  rmSync(join(run, name), { force: true });
  kinds[kind]!(join(run, name), precious);
  const { code, stderr } = await runTool(args);
  expect([code, stderr]).toEqual([0, expect.stringContaining(`${name} is no file: the directory is set aside`)]);
  expect(readFileSync(precious, "utf8")).toBe("mine");
  expect(readdirSync(join(experiment, "runs"))).toEqual([id, `${id}~1`]);
  // What was set aside may hold a pipe, which nobody should read.
  rmSync(`${run}~1`, { recursive: true });
  expect(traces(experiment)).toEqual(traces(join(finished, "odd")));
});

test("what somebody else has put among the locks is left alone", async () => {
  const { args, experiment } = copied({ cutOff: true });
  const [file, directory] = ["notes.txt", "folder"].map((name) => join(experiment, "locks", name)) as [string, string];
  mkdirSync(directory, { recursive: true });
  writeFileSync(file, "mine");
  for (const path of [file, directory]) utimesSync(path, 0, 0);
  expect(await runTool(args)).toMatchObject({ code: 0, stderr: expect.not.stringContaining("bug") });
  expect(readFileSync(file, "utf8")).toBe("mine");
  expect(readdirSync(join(experiment, "locks")).sort()).toEqual(["folder", "notes.txt"]);
});

test("a checkpoint of another form, whole as it may be, is not gone on from", async () => {
  const { args, experiment, run, id } = copied({ cutOff: true });
  const payload = serialize({ id, training: { step: 3 }, files: {} });
  const magic = Buffer.from("run-experiment checkpoint 3\n");
  writeFileSync(
    join(run, "checkpoint"),
    Buffer.concat([magic, createHash("sha256").update(payload).digest(), payload]),
  );
  const { code, stderr } = await runTool(args);
  expect([code, stderr]).toEqual([
    0,
    expect.stringContaining("checkpoint cannot be used: its training.weights is not"),
  ]);
  expect(traces(experiment)).toEqual(traces(join(finished, "odd")));
});

test.each(["{", "[]", '{"runs": 5, "config": {}}', '{"config": {"name": 7}, "runs": []}'])(
  "an experiment.json that says %s is one clear line",
  async (content) => {
    const { experiment } = copied({ cutOff: false });
    writeFileSync(join(experiment, "experiment.json"), content);
    for (const command of ["report", "verify"]) {
      const { code, stderr } = await runTool([command, experiment]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: .*experiment\.json is damaged .*\n$/)]);
    }
  },
);

test("report, show and diff tell of traces that were cut or deleted since", async () => {
  const { experiment, run, id } = copied({ cutOff: false });
  const whole = readFileSync(join(run, "trace.csv"), "utf8");
  writeFileSync(join(run, "trace.csv"), whole.slice(0, -20));
  const told = new RegExp(`trace\\.csv has ${whole.length - 20} bytes in place of ${whole.length}`);
  expect((await runTool(["report", experiment])).stderr).toMatch(told);
  expect(readFileSync(join(experiment, "report.html"), "utf8")).toMatch(told);
  expect((await runTool(["show", run])).stdout).toMatch(told);

  rmSync(join(run, "trace.csv"));
  const { stdout, stderr } = await runTool(["diff", join(finished, "odd", "runs", id), run]);
  expect(stdout).toContain("TRACES  only one of them has trace.csv");
  expect(stderr).toContain("trace.csv is missing");
});
