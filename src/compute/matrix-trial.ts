import { setTimeout } from "node:timers/promises";
import { kernelMemory } from "./kernel-module.js";
import { type KernelExports, MatrixProduct } from "./matrix-product.js";
import { longestWait, Stopwatch } from "./stopwatch.js";

type Instantiate = (memory: WebAssembly.Memory) => KernelExports;
type Shape = readonly [rows: number, inner: number, columns: number];
export type Tiles = "wide" | "narrow";

/** With tiles cut short in both directions. */
const comparedShapes: readonly Shape[] = [
  [8, 23, 37],
  [8, 23, 21],
];

/** Of one in so many parts: products of such numbers have more digits than float32, and sums of them fewer than float64. */
const grain = 2 ** 15;

/** What becomes of a sum when x·y is added to it, to the bit. */
export type Addition = (sum: number, x: number, y: number) => number;

/** A product of made-up numbers in a memory of its own. */
function trialOf(instantiate: Instantiate, [rows, inner, columns]: Shape) {
  const memory = kernelMemory(32);
  const exports = instantiate(memory);
  let free = 64;
  const allocate = (bytes: number) => {
    free += Math.ceil(bytes / 16) * 16;
    return free - Math.ceil(bytes / 16) * 16;
  };
  const [a, b, c] = [rows * inner, inner * columns, rows * columns].map((size) => allocate(4 * size)) as Triple;
  const values = new Float32Array(memory.buffer);
  for (let i = a / 4; i < c / 4; i++) values[i] = Math.round(Math.sin(i) * grain) / grain;
  const products: Readonly<Record<Tiles, MatrixProduct>> = {
    wide: new MatrixProduct({ exports, memory, allocate, hasWideTiles: true }),
    narrow: new MatrixProduct({ exports, memory, allocate, hasWideTiles: false }),
  };
  return {
    a: values.subarray(a / 4, b / 4),
    b: values.subarray(b / 4, c / 4),
    c: values.subarray(c / 4, c / 4 + rows * columns),
    multiply: (tiles: Tiles) =>
      products[tiles].multiply({
        a,
        b,
        c,
        rows: [{ length: rows, a: inner, c: columns }],
        inner: [{ length: inner, a: 1, b: columns }],
        columns: { length: columns, b: 1 },
      }),
  };
}
type Triple = [number, number, number];

/** Calls of each function that makes tiles, 256 steps long, where all that it reads is in the first cache. */
function tileCalls(instantiate: Instantiate): Readonly<Record<Tiles, (() => void)[]>> {
  const memory = kernelMemory(1);
  const { tile5x16, gathered5x16, tile5x8, gathered5x8 } = instantiate(memory);
  const steps = 256;
  const [a, b, sums, zeros, rows, noRows, steppedBy20] = [0, 8192, 32768, 40960, 49152, 49184, 49216] as const;
  const table = new Uint32Array(memory.buffer);
  for (let row = 0; row < 5; row++) {
    table[rows / 4 + row] = sums + 64 * row;
    table[noRows / 4 + row] = zeros;
  }
  for (let step = 0; step < steps; step++) table[steppedBy20 / 4 + step] = 20 * step;
  return {
    wide: [
      () => tile5x16(a, b, steps, noRows, rows, 0, 0),
      () => gathered5x16(noRows, steppedBy20, b, steps, noRows, rows, 0, 0),
    ],
    narrow: [
      () => tile5x8(a, b, steps, noRows, rows, 0, 0),
      () => gathered5x8(noRows, steppedBy20, b, steps, noRows, rows, 0, 0),
    ],
  };
}

/** Which tiles are faster once V8 has optimized both; some milliseconds, most of them spent waiting for that. */
export async function fasterTiles(instantiate: Instantiate): Promise<Tiles> {
  const calls = tileCalls(instantiate);
  const wide = calls.wide.map((call) => new Stopwatch(call));
  const narrow = calls.narrow.map((call) => new Stopwatch(call));
  const all = [...wide, ...narrow];
  const timeAll = (rounds: number) => {
    for (let round = 0; round < rounds; round++) for (const watch of all) watch.time();
  };
  const deadline = performance.now() + longestWait.milliseconds;
  while (!all.every(({ isOptimized }) => isOptimized) && performance.now() < deadline) {
    timeAll(5);
    await setTimeout(1);
  }
  timeAll(10);
  return Stopwatch.sum(wide) / (5 * 16) < Stopwatch.sum(narrow) / (5 * 8) ? "wide" : "narrow";
}

/** Whether every entry is, to the bit, the chain of additions that it is defined to be. */
export function isExact(instantiate: Instantiate, tiles: Tiles, plus: Addition): boolean {
  return comparedShapes.every((shape) => {
    const [rows, inner, columns] = shape;
    const { a, b, c, multiply } = trialOf(instantiate, shape);
    multiply(tiles);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum = plus(sum, a[i * inner + k]!, b[k * columns + j]!);
        if (sum !== c[i * columns + j]) return false;
      }
    }
    return true;
  });
}
