/** V8 optimizes a function in the background, after some calls; on a busy machine it takes its time. */
export const longestWait = { milliseconds: 300 };

/** The least time that some calls of a function were seen to take, and whether it became that of optimized code. */
export class Stopwatch {
  private least = Number.POSITIVE_INFINITY;
  private readonly unoptimized: number;

  constructor(private readonly call: () => void) {
    for (let i = 0; i < 3; i++) this.time();
    this.unoptimized = this.least;
  }

  time(): void {
    const start = performance.now();
    for (let i = 0; i < 20; i++) this.call();
    this.least = Math.min(this.least, performance.now() - start);
  }

  get isOptimized(): boolean {
    return this.least < 0.6 * this.unoptimized;
  }

  static sum(watches: readonly Stopwatch[]): number {
    return watches.reduce((sum, { least }) => sum + least, 0);
  }
}
