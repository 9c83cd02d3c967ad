import { type EntrywiseOperation, entrywiseOperations } from "./deferred-operations.js";
import type { KernelExports } from "./matrix-product.js";
import type { ComputedVector } from "./pending-vector.js";
import { isPendingOnWasm, type WasmData, type WasmVector } from "./wasm-vector.js";

/** Entries that are computed at a time: some twenty such blocks and parts of as many vectors lie in a processor's first cache. */
const blockEntries = 128;
const blockBytes = 4 * blockEntries;

/** The numbers of operations in assembly/entrywise.ts. */
const numbers = Object.fromEntries(entrywiseOperations.map((name, i) => [name, i])) as Record<
  EntrywiseOperation,
  number
>;

/** Words of an instruction: its operation, and five addresses, each with whether it moves on; see assembly/entrywise.ts. */
const instructionWords = 11;

export interface VectorProgramOptions {
  readonly exports: Pick<KernelExports, "evaluate">;
  /** The memory that the exports compute in. */
  readonly memory: WebAssembly.Memory;
  allocate(bytes: number): number;
  free(address: number): void;
}

/**
 * Computes pending vectors in one pass over the memory, a block of entries after the other. What lies between operands
 * and results, and constants, are blocks of a workspace.
 */
export class VectorProgram {
  private workspace = 0;
  private workspaceBytes = 0;

  constructor(private readonly options: VectorProgramOptions) {}

  /**
   * @param vectors all of one size, each after those it is made of, which are among them or computed
   * @param results where the entries of those go that are wanted
   */
  run(vectors: readonly WasmVector[], results: ReadonlyMap<WasmVector, ComputedVector<WasmData>>): void {
    const constants: number[] = [];
    const blocks = assignBlocks(vectors, results, constants);
    const programBytes = 4 * instructionWords * vectors.length;
    this.reserve(blocks * blockBytes + programBytes);

    const { memory, exports } = this.options;
    const length = vectors[0]!.size;
    const entries = new Float32Array(memory.buffer, this.workspace, blocks * blockEntries);
    for (const [block, value] of constants.entries()) {
      entries.fill(value, block * blockEntries, block * blockEntries + Math.min(blockEntries, length));
    }
    const words = new Int32Array(memory.buffer, this.workspace + blocks * blockBytes, programBytes / 4);
    let at = 0;
    const write = (block: number, address?: number) => {
      words[at++] = address ?? this.workspace + block * blockBytes;
      words[at++] = address === undefined ? 0 : -1;
    };
    vectors.forEach((vector, i) => {
      at = i * instructionWords;
      words[at++] = numbers[vector.operation];
      write(vector.block, results.get(vector)?.data.memoryOffset);
      for (const operand of vector.operands) {
        if (typeof operand === "number") write(indexOf(constants, operand));
        else if (isPendingOnWasm(operand)) write(operand.block, results.get(operand)?.data.memoryOffset);
        else write(0, operand.data!.memoryOffset);
      }
    });
    exports.evaluate(words.byteOffset, vectors.length, length, blockEntries);
  }

  private reserve(bytes: number): void {
    if (bytes <= this.workspaceBytes) return;
    const { allocate, free } = this.options;
    const larger = allocate(bytes);
    if (this.workspaceBytes > 0) free(this.workspace);
    this.workspace = larger;
    this.workspaceBytes = bytes;
  }
}

/** The place of a number among others; 0 and −0 are two numbers. */
const indexOf = (numbers: readonly number[], wanted: number) => numbers.findIndex((one) => Object.is(one, wanted));

/**
 * Gives each constant, and each vector that is no result, a block of the workspace, which is free again after its last use.
 *
 * @param constants those of the vectors are added: the first blocks are theirs
 * @returns how many blocks there are
 */
function assignBlocks(
  vectors: readonly WasmVector[],
  results: ReadonlyMap<WasmVector, ComputedVector<WasmData>>,
  constants: number[],
): number {
  vectors.forEach((vector, i) => {
    vector.lastUse = i;
    for (const operand of vector.operands) {
      if (typeof operand === "number") {
        if (indexOf(constants, operand) < 0) constants.push(operand);
      } else if (isPendingOnWasm(operand)) operand.lastUse = i;
    }
  });
  let blocks = constants.length;
  const free: number[] = [];
  vectors.forEach((vector, i) => {
    for (const operand of new Set(vector.operands)) {
      if (isPendingOnWasm(operand) && operand.lastUse === i && !results.has(operand)) free.push(operand.block);
    }
    if (!results.has(vector)) vector.block = free.pop() ?? blocks++;
  });
  return blocks;
}
