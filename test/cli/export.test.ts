import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
// Comes with hyparquet-writer.
import { asyncBufferFromFile, parquetMetadata, parquetReadObjects } from "hyparquet";
import { beforeAll, describe, expect, test } from "vitest";
import { traceColumns } from "../../src/trace/columns.js";
import { readColumns } from "../../src/trace/csv-columns.js";
import { writeConfig } from "../execution/support.js";
import { freshDirectory, runTool } from "./tool.js";

const directory = freshDirectory();
const experiment = join(directory, "long");

const config = {
  name: "long",
  problem: { name: "quadratic", conditionNumber: 10, dimension: 4 },
  optimizers: [
    { name: "lars", label: 'a, "b"', learningRate: 0.1 },
    { name: "sgd", learningRate: 1000 },
  ],
  sweep: { grid: { "problem.dimension": [4, 8], "optimizer.learningRate": { list: [0.1, 1e30] } } },
  seeds: [0, 3],
  steps: 20,
  bounds: ["norm-ratio"],
  target: { column: "gap", below: 0.01 },
};

beforeAll(async () => {
  await runTool([writeConfig(directory, config), "-o", directory, "-q"]);
});

const exported = async (...args: string[]) => {
  const { code, stdout, stderr } = await runTool(["export", ...args]);
  expect([code, stderr]).toEqual([0, ""]);
  return stdout;
};

/** The rows of a CSV file by their columns. */
function rowsOf(path: string): Record<string, string>[] {
  const columns = [...readColumns(path)];
  return columns[0]![1].map((_, i) => Object.fromEntries(columns.map(([name, fields]) => [name, fields[i]!])));
}
const idsOf = () => rowsOf(join(experiment, "summary.csv")).map(({ id }) => id!);
const traceOf = (id: string, file = "trace.csv") => rowsOf(join(experiment, "runs", id, file));

describe("all traces of an experiment as one table", () => {
  test("CSV: who each row is of, then its trace, all digits as they are", async () => {
    const path = join(directory, "all.csv");
    const ids = idsOf();
    expect(ids).toHaveLength(16);
    const rows = ids.flatMap((id) => traceOf(id).map((row) => ({ id, row })));
    expect(await exported(experiment, "-o", path)).toMatch(new RegExp(`all.csv: ${rows.length} rows, \\d+ columns`));
    const table = rowsOf(path);
    expect(table).toHaveLength(rows.length);
    for (const [i, { id, row }] of rows.entries()) expect(table[i]).toMatchObject({ experiment: "long", id, ...row });
    const labelled = table.filter(({ optimizer }) => optimizer === 'a, "b"');
    expect(new Set(labelled.map(({ rule, seed }) => `${rule} ${seed}`))).toEqual(new Set(["lars 0", "lars 3"]));
    expect(new Set(table.map((row) => row["axis.problem.dimension"]))).toEqual(new Set(["4", "8"]));
    // A run that diverged has its rows, spelled out as they were.
    expect(new Set(table.map(({ status }) => status))).toEqual(new Set(["completed", "diverged"]));
  });

  test("Parquet: the same values, as numbers and texts; nothing where a field is empty", async () => {
    const [csv, parquet] = [join(directory, "same.csv"), join(directory, "same.parquet")];
    await exported(experiment, "-o", csv);
    await exported(experiment, "-o", parquet);
    const file = await asyncBufferFromFile(parquet);
    const rows = (await parquetReadObjects({ file })) as Record<string, unknown>[];
    const spelled = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === null ? "" : String(value)])),
    );
    expect(spelled).toEqual(
      rowsOf(csv).map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, field]) => [
            name,
            traceColumns.some((column) => column.name === name) && field !== "" ? String(Number(field)) : field,
          ]),
        ),
      ),
    );
    expect(typeof rows[0]!.step).toBe("bigint");
    expect(typeof rows[0]!.loss).toBe("number");
  });

  test("layers, or a row a run", async () => {
    const [layers, runs] = [join(directory, "layers.csv"), join(directory, "runs.csv")];
    await exported(experiment, "--layers", "-o", layers);
    const all = idsOf().flatMap((id) => traceOf(id, "layers.csv"));
    const table = rowsOf(layers);
    expect(table).toHaveLength(all.length);
    expect(table.at(-1)).toMatchObject(all.at(-1)!);
    await exported(experiment, "--summary", "-o", runs);
    const summary = rowsOf(join(experiment, "summary.csv"));
    expect(rowsOf(runs)).toEqual(summary.map((row) => ({ experiment: "long", ...row })));
    expect(summary[0]!.steps_to_target).not.toBe("");
  });

  test("several experiments below each other, those that lack a column with empty fields", async () => {
    const other = {
      ...config,
      name: "other",
      sweep: undefined,
      optimizers: undefined,
      optimizer: config.optimizers[0],
    };
    const together = freshDirectory();
    await runTool([writeConfig(together, { ...other, bounds: [] }), "-o", together, "-q"]);
    const path = join(together, "both.csv");
    await exported(experiment, join(together, "other"), "-o", path);
    const rows = rowsOf(path);
    expect(new Set(rows.map((row) => row.experiment))).toEqual(new Set(["long", "other"]));
    const last = rows.at(-1)!;
    expect(last).toMatchObject({ experiment: "other", "axis.problem.dimension": "" });
    const refused = await runTool(["export", experiment, join(together, "other")]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toBe(
      "error: these are several experiments (long, other); say with --out where the table goes\n",
    );
  });

  test("a run without a trace is left out, aloud", async () => {
    const [id] = idsOf();
    const trace = join(experiment, "runs", id!, "trace.csv");
    renameSync(trace, `${trace}.away`);
    const { stderr, code } = await runTool(["export", experiment, "-o", join(directory, "less.csv")]);
    renameSync(`${trace}.away`, trace);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^.*: it has no such file and is left out\n$/);
    expect(rowsOf(join(directory, "less.csv")).map((row) => row.id)).not.toContain(id);
  });

  test.each([
    [["--format", "xlsx"], /^error: --format: expected one of "csv", "parquet"; got "xlsx"\.\n$/],
    [
      ["--format", "csv", "-o", "x.parquet"],
      /^error: --format csv contradicts the name of the file, x\.parquet; .*\n$/,
    ],
    [["--layers", "--summary"], /^error: --layers and --summary are two tables; expected one of them\n$/],
    [["-o", "/dev/full/x.csv"], /^error: cannot write \/dev\/full\/x\.csv: .*\n$/],
  ])("a wrong option is one line: %j", async (args, message) => {
    const { code, stderr } = await runTool(["export", experiment, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("in groups of rows, so that a large experiment is never in memory as a whole", async () => {
    const [id] = idsOf();
    const trace = join(experiment, "runs", id!, "trace.csv");
    const whole = readFileSync(trace, "utf8");
    const [header, , row] = whole.split("\n");
    const count = 120_000;
    writeFileSync(trace, `${header}\n${`${row}\n`.repeat(count)}`);
    const path = join(directory, "large.parquet");
    const { code } = await runTool(["export", experiment, "-o", path], {
      env: { NODE_OPTIONS: "--max-old-space-size=200" },
    });
    writeFileSync(trace, whole);
    expect(code).toBe(0);
    const groups = parquetMetadata(new Uint8Array(readFileSync(path)).buffer).row_groups.map(({ num_rows }) =>
      Number(num_rows),
    );
    expect(groups.slice(0, 2)).toEqual([50_000, 50_000]);
    expect(groups).toHaveLength(3);
    rmSync(path);
  });
});
