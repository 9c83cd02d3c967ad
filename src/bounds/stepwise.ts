import type { StepRecord } from "../training/record.js";
import type { BoundMonitor } from "./bound.js";

/** A statement that bounds a quantity at step k + 1 by what was measured at step k. */
export interface StepwiseStatement {
  /** The quantity, from the record of step k + 1. */
  readonly measured: (next: StepRecord) => number;
  /** Its bound, from the record of step k; NaN where nothing is stated. */
  readonly bound: (record: StepRecord) => number;
  /** The rounding level of the step from k to k + 1. */
  readonly absoluteTolerance: (record: StepRecord) => number;
  /** True where it is not a bound but the value of the quantity. */
  readonly isEqual?: true;
  /** Whether the trace shows the bound, next to the quantity at step k + 1. */
  readonly column: boolean;
  readonly unchecked?: () => string;
}

interface Memory {
  /** What step k stated about step k + 1. */
  bound: number;
  absoluteTolerance: number;
}

/** The monitor of such a statement. */
export function stepwise(statement: StepwiseStatement, state: unknown): BoundMonitor {
  const memory: Memory = { bound: Number.NaN, absoluteTolerance: 0, ...(state as Partial<Memory>) };
  const columns = statement.column ? [Number.NaN] : [];
  return {
    observe(record, check) {
      const { bound, absoluteTolerance } = memory;
      if (!Number.isNaN(bound)) {
        const measured = statement.measured(record);
        check(measured, bound, absoluteTolerance);
        if (statement.isEqual) check(bound, measured, absoluteTolerance);
      }
      if (statement.column) columns[0] = bound;
      memory.bound = record.last ? Number.NaN : statement.bound(record);
      memory.absoluteTolerance = record.last ? 0 : statement.absoluteTolerance(record);
      return columns;
    },
    state: () => ({ ...memory }),
    ...(statement.unchecked && { unchecked: statement.unchecked }),
  };
}
