import { join } from "node:path";
import { ExperimentError } from "../base/errors.js";
import { RecentlyUsed } from "../base/recently-used.js";
import { scanCsv } from "../trace/csv-scan.js";
import { traceFiles } from "../trace/trace-writer.js";
import type { Manifest } from "./manifest.js";
import { runsDirectory } from "./summary.js";

/** Numbers with the steps they belong to. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The lines of a file that have a number in one column. */
interface ColumnOfFile extends Series {
  /** Layer of each line, in layers.csv. */
  readonly layers: readonly string[];
}

/** Numbers kept in memory: some 25 MB, whatever the number of runs and the length of their traces. */
const numbersKept = 1 << 20;

/** The traces of an experiment's runs, read column by column; what was not used for long is read again. */
export class Traces {
  private readonly columns = new RecentlyUsed<ColumnOfFile | undefined>(numbersKept);

  constructor(private readonly experimentDirectory: string) {}

  /**
   * Step and number of every line that has one in this column; `layer` selects lines of layers.csv.
   *
   * @throws ExperimentError if the run has no such column, or its traces cannot be read
   */
  series(manifest: Manifest, column: string, layer?: string): Series {
    const found = this.column(manifest, traceFiles.trace, column) ?? this.column(manifest, traceFiles.layers, column);
    if (!found) throw new ExperimentError(`there is no column ${column} in the traces of ${manifest.id}`);
    if (layer === undefined) return found;
    const isOfLayer = (_: number, i: number) => found.layers[i] === layer;
    return { steps: found.steps.filter(isOfLayer), values: found.values.filter(isOfLayer) };
  }

  /** Names of the layers in layers.csv, in its order; none where it was not written. */
  layers(manifest: Manifest): string[] {
    try {
      return [...new Set(this.column(manifest, traceFiles.layers, "step")?.layers)];
    } catch (error) {
      if (error instanceof ExperimentError) return [];
      throw error;
    }
  }

  /** Undefined if the file has no such column. */
  private column({ id }: Manifest, file: string, column: string): ColumnOfFile | undefined {
    const path = join(runsDirectory(this.experimentDirectory), id, file);
    return this.columns.get(
      JSON.stringify([id, file, column]),
      () => readColumn(path, column, file === traceFiles.layers),
      (read) => 1 + (read ? read.values.length : 0),
    );
  }
}

function readColumn(path: string, column: string, hasLayers: boolean): ColumnOfFile | undefined {
  const [steps, values, layers]: [number[], number[], string[]] = [[], [], []];
  const names = new Map<string, string>();
  const columns = [...new Set(["step", column, ...(hasLayers ? ["layer"] : [])])];
  const [stepAt, valueAt, layerAt] = ["step", column, "layer"].map((name) => columns.indexOf(name)) as [
    number,
    number,
    number,
  ];
  const isThere = scanCsv(path, columns, (fields) => {
    const value = fields[valueAt]!;
    if (value === "") return;
    steps.push(Number(fields[stepAt]));
    values.push(Number(value));
    if (!hasLayers) return;
    const layer = fields[layerAt]!;
    // One text for all lines of a layer.
    if (!names.has(layer)) names.set(layer, layer);
    layers.push(names.get(layer)!);
  });
  return isThere ? { steps, values, layers } : undefined;
}
