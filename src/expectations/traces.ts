import { join } from "node:path";
import { ExperimentError } from "../errors.js";
import type { Manifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { type Columns, readColumns } from "../trace/csv-columns.js";

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

  /** Names of the layers in layers.csv, in its order; none where it was not written. */
  layers(manifest: Manifest): string[] {
    try {
      return [...new Set(this.file(manifest, "layers.csv").get("layer"))];
    } catch (error) {
      if (error instanceof ExperimentError) return [];
      throw error;
    }
  }
}
