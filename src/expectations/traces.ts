import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { ExperimentError } from "../errors.js";
import type { Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";

/** A CSV file by columns of text. */
export type Columns = ReadonlyMap<string, readonly string[]>;

function readColumns(path: string): Columns {
  let rows: string[][];
  try {
    rows = parse(readFileSync(path), { relax_column_count: false }) as string[][];
  } catch (error) {
    throw new ExperimentError(`cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  const [header = [], ...body] = rows;
  return new Map(header.map((name, i) => [name, body.map((row) => row[i]!)]));
}

/** The traces of an experiment's runs, each file read once. */
export class Traces {
  private readonly files = new Map<string, Columns>();

  constructor(private readonly experimentDirectory: string) {}

  private file({ id }: Manifest, name: string): Columns {
    const path = join(runsDirectory(this.experimentDirectory), id, name);
    const known = this.files.get(path);
    if (known) return known;
    const columns = readColumns(path);
    this.files.set(path, columns);
    return columns;
  }

  /** Step and number of every line that has one in this column; `layer` selects lines of layers.csv. */
  series(manifest: Manifest, column: string, layer?: string): { steps: number[]; values: number[] } {
    const inTrace = this.file(manifest, "trace.csv");
    const columns = inTrace.has(column) ? inTrace : this.file(manifest, "layers.csv");
    const fields = columns.get(column);
    if (!fields) throw new ExperimentError(`there is no column ${column} in the traces of ${manifest.id}`);
    const layers = columns.get("layer");
    const lines = fields
      .map((_, i) => i)
      .filter((i) => fields[i] !== "" && (layer === undefined || layers?.[i] === layer));
    const steps = columns.get("step")!;
    return { steps: lines.map((i) => Number(steps[i])), values: lines.map((i) => Number(fields[i])) };
  }
}
