import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { expand } from "../../src/config/expand.js";
import { experimentOf } from "../../src/config/load.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { execute } from "../report/support.js";
import { network, signalAt, startTool, traces, writeConfig } from "./support.js";

const convex = {
  name: "convex",
  problem: { name: "quadratic", conditionNumber: 10, dimension: 4 },
  optimizer: { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.2 } },
  steps: 60,
};
const near = { column: "distance", below: 0.1 };

const only = (directory: string, name: string) => {
  const runs = join(directory, name, "runs");
  return join(runs, readdirSync(runs)[0]!);
};
const lines = (directory: string, name: string, file: string) =>
  readFileSync(join(only(directory, name), file), "utf8")
    .trimEnd()
    .split("\n");
const idsOf = async (config: Record<string, unknown>) => {
  const { manifests } = await execute(config, freshDirectory());
  return manifests.map(({ id }) => id);
};

describe("a target", () => {
  test("is no part of a run's identity: with another one the finished runs are kept, and read anew", async () => {
    const directory = freshDirectory();
    const first = await execute({ ...convex, target: near }, directory);
    const second = await execute({ ...convex, target: { column: "gap", below: 1e-9 } }, directory);
    expect(second.skipped).toBe(1);
    expect(first.manifests[0]!.toTarget).toMatchObject({ outcome: "reached" });
    expect(second.manifests[0]!.toTarget).toEqual({ outcome: "not reached" });
    expect(readFileSync(join(directory, "convex", "summary.csv"), "utf8")).toMatch(/steps_to_target.*\n.*,60,Infinity/);
    // What is read is never written down as the run's own.
    expect(readFileSync(join(only(directory, "convex"), "run.json"), "utf8")).not.toContain("toTarget");
  });

  test("is what runs can be compared by", async () => {
    const objective = { statistic: "target" };
    const { objective: made, manifests } = await execute({ ...convex, target: near, objective }, freshDirectory());
    expect(made).toMatchObject({ column: "step", statistic: "target", direction: "minimize" });
    expect(manifests[0]!.toTarget).toMatchObject({ steps: expect.any(Number), seconds: expect.any(Number) });
  });
});

describe("stop.atTarget", () => {
  test("ends a run where the whole run has its target, with the same rows until then", async () => {
    const directory = freshDirectory();
    const whole = await execute({ ...convex, target: near }, directory);
    const stopped = await execute({ ...convex, name: "stopped", target: near, stop: { atTarget: true } }, directory);
    const { toTarget } = whole.manifests[0]!;
    if (toTarget?.outcome !== "reached") throw new Error("the target is never reached");
    const { steps } = toTarget;
    expect(steps).toBeGreaterThan(3);
    expect(steps).toBeLessThan(50);
    const [run] = stopped.manifests;
    expect(run).toMatchObject({
      status: "completed",
      stopReason: `target reached at step ${steps}`,
      outcome: { steps },
      toTarget: { steps },
    });
    expect(lines(directory, "stopped", "trace.csv")).toEqual(
      lines(directory, "convex", "trace.csv").slice(0, steps + 2),
    );
    // It is part of what the run is, spelled out.
    expect(run!.config.stop).toMatchObject({ atTarget: [near] });
    expect(run!.id).not.toBe(whole.manifests[0]!.id);
  });

  test("keeps the weights of that step, though reading was some steps behind", async () => {
    const target = { column: "train_accuracy", above: 0.4 };
    const config = { ...network, steps: 300, evaluate: 5, optimizer: { name: "lars", learningRate: 0.02 } };
    const directory = freshDirectory();
    const stop = { atTarget: target };
    const made = await execute({ ...config, name: "stopped", stop, save: "weights" }, directory);
    const { steps } = made.manifests[0]!.outcome!;
    expect(made.manifests[0]!.stopReason).toBe(`target reached at step ${steps}`);
    await execute({ ...config, name: "short", steps, save: "weights" }, directory);
    const weights = (name: string) => readFileSync(join(only(directory, name), "weights.npz"), "latin1");
    expect(weights("stopped")).toBe(weights("short"));
  });

  test("written out or left to the target is the same run; false is as if it were not there", async () => {
    const spelledOut = await idsOf({ ...convex, stop: { atTarget: near } });
    expect(await idsOf({ ...convex, target: near, stop: { atTarget: true } })).toEqual(spelledOut);
    expect(await idsOf({ ...convex, target: [near], stop: { atTarget: [near] } })).toEqual(spelledOut);
    expect(await idsOf({ ...convex, stop: { atTarget: false } })).toEqual(await idsOf(convex));
  });

  test("at a target that is never reached changes nothing but the run's identity", async () => {
    const directory = freshDirectory();
    const never = { column: "gap", below: 0 };
    await execute(convex, directory);
    const { manifests } = await execute({ ...convex, name: "never", stop: { atTarget: never } }, directory);
    expect(manifests[0]).toMatchObject({ status: "completed", outcome: { steps: 60 } });
    expect(manifests[0]).not.toHaveProperty("stopReason");
    expect(lines(directory, "never", "trace.csv")).toEqual(lines(directory, "convex", "trace.csv"));
  });
});

test("the times of evaluations go on where a run was cut off, without the rows that come again", async () => {
  const config = { ...convex, name: "cut", steps: 900, checkpoint: { everySteps: 100 }, trace: { every: 50 } };
  const directory = freshDirectory();
  const args = [writeConfig(directory, config), "-o", directory, "-q"];
  const moment = { call: "renameSync", path: "checkpoint.previous", count: 4, signal: "SIGKILL" } as const;
  expect(await startTool(args, signalAt(moment)).ended).toBe("SIGKILL");
  expect((await runTool(args)).code).toBe(0);
  const rows = lines(directory, "cut", "timing.csv").map((line) => line.split(",").map(Number) as [number, number]);
  const increases = (column: 0 | 1) => rows.slice(2).every((row, i) => row[column] > rows[i + 1]![column]);
  expect([increases(0), increases(1)]).toEqual([true, true]);
  expect(rows[1]![0]).toBe(0);
  // They are no part of what is compared.
  const uninterrupted = freshDirectory();
  await runTool([writeConfig(uninterrupted, config), "-o", uninterrupted, "-q"]);
  expect(traces(join(directory, "cut"))).toEqual(traces(join(uninterrupted, "cut")));
  expect(JSON.parse(readFileSync(join(only(directory, "cut"), "run.json"), "utf8")).files).not.toHaveProperty(
    "timing.csv",
  );
});

describe("bad input", () => {
  const message = async (more: Record<string, unknown>) => {
    try {
      expand(await experimentOf({ ...convex, ...more }, ".", builtIn));
    } catch (error) {
      return (error as Error).message;
    }
    return "no error";
  };

  test("is one line that says what, where, and the mend", async () => {
    expect(await message({ target: { column: "gap" } })).toBe("config: target: give either above or below");
    expect(await message({ target: { column: "gap", above: 1, below: 2 } })).toMatch(/target: give either above or/);
    expect(await message({ target: { column: "val_acuracy", above: 1 } })).toMatch(/target.*val_accuracy/);
    expect(await message({ target: [] })).toMatch(/^config: target: /);
    expect(await message({ stop: { atTarget: true } })).toBe(
      "config: stop.atTarget needs a target, such as target: {column: val_accuracy, above: 0.97}",
    );
    expect(await message({ objective: { statistic: "target" } })).toMatch(/objective: statistic target needs a target/);
    expect(await message({ target: near, objective: { statistic: "target" }, stop: { atTarget: true } })).toBe(
      "no error",
    );
  });
});

test("a target that no run measures is told", async () => {
  const directory = freshDirectory();
  const path = join(directory, "unmeasured.json");
  writeFileSync(path, JSON.stringify({ ...convex, target: { column: "val_accuracy", above: 0.9 } }));
  const { stdout } = await runTool([path, "-o", directory]);
  expect(stdout).toContain("target val_accuracy above 0.9: no run measures it");
});
