import * as tf from "@tensorflow/tfjs-core";
import type { DeferredOperations, Entries } from "./deferred-operations.js";
import type { MatrixKernel } from "./matrix-kernel.js";
import type { ComputedVector, Making } from "./pending-vector.js";
import { commonShape, PendingVectors } from "./pending-vectors.js";
import { VectorProgram } from "./vector-program.js";
import type { WasmBackend } from "./wasm-backend.js";
import { exportsIn } from "./wasm-instance.js";
import { type WasmData, WasmVector } from "./wasm-vector.js";

/** The pending vectors in the memory of one wasm backend, which are computed by its own module. */
class WasmVectors extends PendingVectors<WasmData, WasmVector> {
  private readonly program: VectorProgram;
  private readonly computeOne = (vector: WasmVector) => this.compute(vector);

  constructor(
    private readonly wasmBackend: WasmBackend,
    kernel: MatrixKernel,
  ) {
    super(wasmBackend, wasmBackend.dataIdMap);
    const { wasm } = wasmBackend;
    this.program = new VectorProgram({
      exports: exportsIn(wasm, kernel),
      memory: wasm.asm.memory,
      allocate: (bytes) => wasm._malloc(bytes) >>> 0,
      free: (address) => wasm._free(address),
    });
  }

  protected formOf(entries: readonly Entries[]) {
    const shape = commonShape(entries);
    return shape && { shape };
  }

  protected vector(dataId: tf.DataId, order: number, making: Making<WasmData>): WasmVector {
    return new WasmVector(dataId, order, making, this.computeOne);
  }

  protected memoryFor({ shape }: WasmVector): ComputedVector<WasmData> {
    const { dataId } = this.wasmBackend.makeOutput(shape, "float32");
    return { dataId, data: this.table.get(dataId) };
  }

  protected run(needed: readonly WasmVector[], results: ReadonlyMap<WasmVector, ComputedVector<WasmData>>): void {
    this.program.run(needed, results);
  }
}

const byModule = new WeakMap<object, WasmVectors>();

/** Operations on vectors in the memory of the wasm backend that is active, put off; see assembly/entrywise.ts. */
export function wasmDeferredOperations(kernel: MatrixKernel): DeferredOperations {
  const active = () => {
    const backend = tf.backend() as WasmBackend;
    const known = byModule.get(backend);
    if (known) return known;
    const vectors = new WasmVectors(backend, kernel);
    byModule.set(backend, vectors);
    return vectors;
  };
  return {
    make: (operation, operands) => active().make(operation, operands),
    settle: (vectors) => active().settle(vectors),
  };
}
