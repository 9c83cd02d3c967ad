/** Questions in a row that are answered without the clock, at most. */
const mostUnasked = 63;

/**
 * Tells whether this time has passed since it last had. It may be asked millions of times a second, next to which the
 * clock is slow: where the answers come within a fraction of a millisecond most are given without it.
 */
export function interval(milliseconds: number): { hasPassed(): boolean; restart(): void } {
  let start = performance.now();
  let asked = start;
  let pause = 0;
  let unasked = 0;
  return {
    hasPassed() {
      if (unasked > 0) {
        unasked--;
        return false;
      }
      const now = performance.now();
      pause = now - asked < 0.2 ? Math.min(2 * pause + 1, mostUnasked) : 0;
      unasked = pause;
      asked = now;
      if (now - start < milliseconds) return false;
      start = now;
      return true;
    },
    restart() {
      start = performance.now();
    },
  };
}
