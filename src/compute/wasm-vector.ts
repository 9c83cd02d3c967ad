import type { DataId } from "@tensorflow/tfjs-core";
import type { EntrywiseOperation } from "./deferred-operations.js";
import { type Counted, isPending, type Making, type Operand, PendingVector } from "./pending-vector.js";

/** Data as the wasm backend has it in its table: its number in the backend's C++ part, and its address in bytes. */
export interface WasmData extends Counted {
  readonly id: number;
  readonly memoryOffset: number;
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** A pending vector in the memory of the wasm backend. */
export class WasmVector extends PendingVector<WasmData> implements WasmData {
  declare readonly operation: EntrywiseOperation;
  // For the program that computes it: the last instruction that needs it, and its block of the workspace.
  lastUse = 0;
  block = 0;

  constructor(dataId: DataId, order: number, making: Making<WasmData>, compute: (vector: WasmVector) => WasmData) {
    super(dataId, order, making, () => compute(this));
  }

  get id(): number {
    return this.computed.id;
  }

  get memoryOffset(): number {
    return this.computed.memoryOffset;
  }
}

/** Whether an operand has yet to be computed. */
export const isPendingOnWasm = (operand: Operand<WasmData>): operand is WasmVector => isPending(operand);
