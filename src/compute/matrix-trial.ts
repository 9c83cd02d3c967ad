import { setTimeout } from "node:timers/promises";
import { type KernelExports, MatrixProduct } from "./matrix-product.js";

type Instantiate = (memory: WebAssembly.Memory) => KernelExports;
type Shape = readonly [rows: number, inner: number, columns: number];
export type Tiles = "wide" | "narrow";

/** A is packed for more than 32 columns and read in place for fewer, by different functions. */
const timedShapes: readonly Shape[] = [
  [40, 256, 48],
  [40, 256, 16],
];
/** With tiles cut short in both directions, and more than one block of the sum. */
const comparedShapes: readonly Shape[] = [
  [13, 260, 37],
  [13, 260, 21],
];
/** V8 optimizes a function in the background, after some calls; on a busy machine it takes its time. */
const longestWait = 300;

/** A product of made-up numbers in a memory of its own. */
function trialOf(instantiate: Instantiate, [rows, inner, columns]: Shape) {
  const memory = new WebAssembly.Memory({ initial: 32 });
  const exports = instantiate(memory);
  let free = 64;
  const allocate = (bytes: number) => {
    free += Math.ceil(bytes / 16) * 16;
    return free - Math.ceil(bytes / 16) * 16;
  };
  const [a, b, c] = [rows * inner, inner * columns, rows * columns].map((size) => allocate(4 * size)) as Triple;
  const values = new Float32Array(memory.buffer);
  for (let i = a / 4; i < c / 4; i++) values[i] = Math.sin(i);
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

/** Which tiles are faster once V8 has optimized both; some milliseconds, most of them spent waiting for that. */
export async function fasterTiles(instantiate: Instantiate): Promise<Tiles> {
  const trials = timedShapes.map((shape) => trialOf(instantiate, shape));
  const least = { wide: Number.POSITIVE_INFINITY, narrow: Number.POSITIVE_INFINITY };
  const time = (tiles: Tiles) => {
    const start = performance.now();
    for (const { multiply } of trials) multiply(tiles);
    least[tiles] = Math.min(least[tiles], performance.now() - start);
  };
  const timeBoth = (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      time("wide");
      time("narrow");
    }
  };
  timeBoth(4);
  const unoptimized = { ...least };
  const isOptimized = (tiles: Tiles) => least[tiles] < 0.6 * unoptimized[tiles];
  const deadline = performance.now() + longestWait;
  while (!(isOptimized("wide") && isOptimized("narrow")) && performance.now() < deadline) {
    timeBoth(5);
    await setTimeout(1);
  }
  timeBoth(10);
  return least.wide < least.narrow ? "wide" : "narrow";
}

/** Whether every entry is, to the bit, the chain of rounded operations that it is defined to be. */
export function isExact(instantiate: Instantiate, tiles: Tiles): boolean {
  return comparedShapes.every((shape) => {
    const [rows, inner, columns] = shape;
    const { a, b, c, multiply } = trialOf(instantiate, shape);
    multiply(tiles);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) {
          sum = Math.fround(sum + Math.fround(a[i * inner + k]! * b[k * columns + j]!));
        }
        if (sum !== c[i * columns + j]) return false;
      }
    }
    return true;
  });
}
