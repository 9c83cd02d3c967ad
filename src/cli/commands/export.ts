import { extname, join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../../base/errors.js";
import { withTargets } from "../../comparison/targets.js";
import { type Collection, collect } from "../../results/collect.js";
import { type LongTable, runsTable, tracesTable } from "../../results/long-table.js";
import { writeCsvTable, writeParquetTable } from "../../results/table-files.js";
import { checkedOptions } from "../options.js";
import { print, tell } from "../output.js";

const formats = ["csv", "parquet"] as const;

const optionsSchema = z.object({
  format: z.enum(formats).optional(),
  out: z.string().min(1, "--out: expected a file, such as traces.parquet").optional(),
  layers: z.boolean().default(false),
  summary: z.boolean().default(false),
  escapeFormulas: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** The form that is asked for, or that the name of the file says. */
function formatOf({ format, out }: Options): (typeof formats)[number] {
  const ending = formats.find((one) => out !== undefined && extname(out) === `.${one}`);
  if (format !== undefined && ending !== undefined && format !== ending) {
    throw new ExperimentError(`--format ${format} contradicts the name of the file, ${out}; leave one of them out`);
  }
  return format ?? ending ?? "csv";
}

function pathOf({ out }: Options, collections: readonly Collection[], name: string): string {
  if (out !== undefined) return out;
  if (collections.length === 1) return join(collections[0]!.directories[0]!, name);
  const names = collections.map(({ experiment }) => experiment).join(", ");
  throw new ExperimentError(`these are several experiments (${names}); say with --out where the table goes`);
}

/** What is exported, and what its file is called. */
function tableOf({ layers, summary }: Options, collections: readonly Collection[]): [name: string, table: LongTable] {
  if (layers && summary) throw new ExperimentError("--layers and --summary are two tables; expected one of them");
  if (summary) return ["runs", runsTable(collections)];
  return layers ? ["layers", tracesTable(collections, "layers")] : ["traces", tracesTable(collections, "trace")];
}

/** Writes the traces of experiments as one long table. */
export async function exportTable(directories: readonly string[], rawOptions: unknown): Promise<void> {
  const options = checkedOptions(optionsSchema, rawOptions);
  const format = formatOf(options);
  const collections = collect(directories).map((collection) => ({
    ...collection,
    manifests: options.summary ? withTargets(collection) : collection.manifests,
  }));
  for (const conflict of collections.flatMap(({ conflicts }) => conflicts)) tell(conflict);
  const [name, table] = tableOf(options, collections);
  const path = pathOf(options, collections, `${name}.${format}`);
  for (const { label } of table.without) tell(`${label}: it has no such file and is left out`);
  const { escapeFormulas } = options;
  const rows = format === "csv" ? writeCsvTable(table, path, { escapeFormulas }) : await writeParquetTable(table, path);
  print([`${path}: ${rows} rows, ${table.columns.length} columns`]);
}
