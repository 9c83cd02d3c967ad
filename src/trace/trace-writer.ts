import { join } from "node:path";
import type { FileState } from "../base/files.js";
import type { BoundColumn } from "../bounds/bound.js";
import type { Precision } from "../compute/algebra.js";
import type { StepRecord } from "../training/record.js";
import { averagedColumns, type Column, layerColumns, traceColumns } from "./columns.js";
import { CsvFile, csvField } from "./csv-file.js";

/** Writes the fields of a row; texts are quoted already. */
function writeFields<Row>(file: CsvFile, columns: readonly Column<Row>[], row: Row, precision: Precision): void {
  for (let i = 0; i < columns.length; i++) {
    const { value, exact } = columns[i]!;
    const field = value(row);
    if (typeof field === "number") file.number(field, exact ? "float64" : precision);
    else file.text(field ?? "");
  }
}

/** A run's files as they stood at one moment; `layers` is absent where layers.csv is not written. */
export interface TraceStates {
  readonly trace: FileState;
  readonly layers?: FileState;
}

export const traceFiles = { trace: "trace.csv", layers: "layers.csv" } as const;

/** Writes the traced records of a run: trace.csv, one line a step, and layers.csv, one line a step and layer. */
export class TraceWriter {
  private readonly trace: CsvFile;
  private readonly layers: CsvFile | undefined;
  /** What is measured, to the left of what bounds say. */
  private readonly measured: readonly Column<StepRecord>[];
  private readonly layerNames: readonly string[];

  /**
   * @param layerNames in the order of the records' layers
   * @param boundColumns go to the right of the measured ones, in this order
   * @param options.averaged whether weights are averaged, and the averages have columns
   * @param options.resume continue existing files from these states
   * @param options.mayWrite asked before every write; throws where the run has become another process's
   */
  constructor(
    directory: string,
    layerNames: readonly string[],
    boundColumns: readonly BoundColumn[],
    private readonly precision: Precision,
    options: {
      layers: boolean;
      averaged?: boolean;
      resume?: TraceStates | undefined;
      mayWrite?: (() => void) | undefined;
    },
  ) {
    this.layerNames = layerNames.map(csvField);
    this.measured = options.averaged ? [...traceColumns, ...averagedColumns] : traceColumns;
    const header = [...this.measured, ...boundColumns].map(({ name }) => name);
    const { mayWrite, resume } = options;
    this.trace = new CsvFile(join(directory, traceFiles.trace), header, { resume: resume?.trace, mayWrite });
    if (!options.layers) return;
    const layerHeader = layerColumns.map(({ name }) => name);
    try {
      this.layers = new CsvFile(join(directory, traceFiles.layers), layerHeader, { resume: resume?.layers, mayWrite });
    } catch (error) {
      this.trace.close();
      throw error;
    }
  }

  /** @param boundValues one a bound column; NaN where a bound says nothing about this step: an empty field */
  write(record: StepRecord, boundValues: readonly number[]): void {
    const { precision, trace, layers, layerNames } = this;
    writeFields(trace, this.measured, record, precision);
    for (let i = 0; i < boundValues.length; i++) {
      const value = boundValues[i]!;
      if (Number.isNaN(value)) trace.text("");
      else trace.number(value, "float64");
    }
    trace.endLine();
    if (!layers) return;
    for (let i = 0; i < layerNames.length; i++) {
      // A step that was not measured has none.
      const layer = record.layers[i];
      if (!layer) continue;
      writeFields(layers, layerColumns, { record, name: layerNames[i]!, layer }, precision);
      layers.endLine();
    }
  }

  flush(): void {
    this.trace.flush();
    this.layers?.flush();
  }

  /** The files as they stand once everything written so far is safely on the disk. */
  sync(): TraceStates {
    const trace = this.trace.sync();
    return this.layers ? { trace, layers: this.layers.sync() } : { trace };
  }

  close(): void {
    try {
      this.trace.close();
    } finally {
      this.layers?.close();
    }
  }
}
