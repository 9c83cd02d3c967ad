import { PlacedMatrix } from "./placed-matrix.js";
import { longestWait, Stopwatch } from "./stopwatch.js";

/** Numbers as good as any. */
const madeUp = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i + 1));

/** What the module's functions compute, each in a call that takes a microsecond. */
function callsOf(module: WebAssembly.Module): (() => unknown)[] {
  // Columns and rows that are no multiple of what is taken at once; of one column, a fit is all losses and slopes.
  const [wide, narrow] = [
    { rows: 61, columns: 67 },
    { rows: 125, columns: 1 },
  ].map(({ rows, columns }) => new PlacedMatrix(module, { rows, columns, entries: madeUp(rows * columns) }));
  const [x, y, labels] = [madeUp(67), madeUp(61), madeUp(125).map(Math.sign)];
  return [
    () => wide!.multiply(x),
    () => wide!.multiplyTransposed(y),
    () => narrow!.fit("logistic", Float64Array.of(3), labels),
  ];
}

/**
 * Whether a module that has just been compiled computes the same once V8 has optimized it: what is not optimized yet pairs
 * no operations. It waits for that some milliseconds.
 */
export function isSameOptimized(module: WebAssembly.Module): boolean {
  const calls = callsOf(module);
  const results = () => JSON.stringify(calls.map((call) => call()));
  const before = results();
  const watches = calls.map((call) => new Stopwatch(call));
  const deadline = performance.now() + longestWait.milliseconds;
  while (!watches.every(({ isOptimized }) => isOptimized) && performance.now() < deadline) {
    for (const watch of watches) watch.time();
  }
  return results() === before;
}
