import { resolve } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { type CsvTable, readCsv } from "./csv-file.js";
import { defineDataset } from "./dataset.js";
import { type OwnExamples, ownDataFields, ownDataset, type Task, taskOption } from "./own-data.js";

const schema = z.strictObject({
  name: z.literal("csv").describe("A CSV file of your own, with a header line"),
  file: z.string().min(1).describe("Path of the file, relative to the config's directory"),
  target: z.string().min(1).describe("Name of the column that is to be predicted"),
  features: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Names of the columns it is predicted from. Default: all others"),
  task: taskOption,
  delimiter: z.string().length(1).default(",").describe("Character between two cells"),
  test: z.string().min(1).optional().describe("Path of a second file, whose examples are the test set"),
  ...ownDataFields,
});

type CsvOptions = z.output<typeof schema>;

/** Numbers of classes are ordered as numbers: 10 after 9. */
const isNumber = (cell: string) => cell !== "" && Number.isFinite(Number(cell));

function targetsOf(table: CsvTable, column: number, task: Task): (string | number)[] {
  const { rows } = table;
  if (task === "regression") return rows.map((row) => table.numberIn(row, column));
  const cells = rows.map((row) => {
    const cell = row.cells[column] ?? "";
    if (cell === "") throw table.wrong(row, column, "expected the name of a class, found nothing");
    return cell;
  });
  return cells.every(isNumber) ? cells.map(Number) : cells;
}

function examplesOf(table: CsvTable, { target, features, task }: CsvOptions): OwnExamples {
  const { rows, path } = table;
  const column = table.columnOf(target);
  const columns = (features ?? table.featuresBeside([target])).map((name) => table.columnOf(name));
  if (columns.includes(column)) throw new ExperimentError(`data.features: "${target}" is what is to be predicted`);
  if (columns.length === 0) throw new ExperimentError(`${path} has no column besides "${target}" to predict it from`);
  return {
    ...{ size: rows.length, height: 1, width: 1, channels: columns.length },
    pixels: Float64Array.from(rows.flatMap((row) => columns.map((one) => table.numberIn(row, one)))),
    targets: targetsOf(table, column, task),
    placeOf: (example) => `${path}:${rows[example]!.line}`,
    targetPlaceOf: (example) => `${path}:${rows[example]!.line}, column "${target}"`,
  };
}

/** Rows of a table, for classification or regression. */
export const csv = defineDataset({
  name: "csv",
  summary: "Your own table: a CSV file with a header line, for classification or regression",
  version: 1,
  schema,
  async load(options, { directory = "" }) {
    const { task, split } = options;
    const table = (file: string, option: string) => readCsv(resolve(directory, file), option, options.delimiter);
    const train = table(options.file, "data.file");
    const test = options.test === undefined ? undefined : table(options.test, "data.test");
    const files = test ? [train, test] : [train];
    return ownDataset({
      ...{ name: "csv", task, split },
      train: examplesOf(train, options),
      // The test table has its features under the same names.
      test:
        test && examplesOf(test, { ...options, features: options.features ?? train.featuresBeside([options.target]) }),
      source: files.map(({ path, sha256 }) => `${path}, SHA-256 ${sha256}`).join("; "),
    });
  },
});
