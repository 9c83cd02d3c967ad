import type { BoundContext, BoundMonitor } from "./bound.js";
import { optimumNorm, short } from "./facts.js";
import { weightNorm, wholeOf } from "./measures.js";
import { startTooFar } from "./radius.js";
import { roundingOf } from "./rounding.js";

/** An envelope D_k of the distances, from D_0 = d_0 on, which says something as long as it is below W. */
export interface Envelope {
  /** D_{k+1} from D_k and the rate of step k. */
  next(envelope: number, learningRate: number): number;
  /** How the roundings of k steps add up, in units of that of one. */
  accumulated(steps: number): number;
}

/** As independent ones do. */
export const asIndependent = Math.sqrt;

/** As they do at the very worst, where no step magnifies what those before it have lost. */
export const atWorst = (steps: number): number => steps;

interface Memory {
  initialDistance?: number;
  /** D_k; NaN once it has reached W */
  envelope: number;
}

/** The monitor of such a statement; its column is D_k. */
export function enveloped(context: BoundContext, { next, accumulated }: Envelope, state: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const rounding = roundingOf(context);
  const optimum = optimumNorm(context);
  const memory: Memory = { envelope: Number.NaN, ...(state as Partial<Memory>) };
  const columns = [Number.NaN];
  return {
    observe(record, check) {
      if (memory.initialDistance === undefined) {
        memory.initialDistance = memory.envelope = record.distance!;
      } else if (memory.envelope < optimum) {
        const tolerance = accumulated(record.step) * rounding(weightNorm(record, whole) + optimum);
        check(record.distance!, memory.envelope, tolerance);
      }
      if (!(memory.envelope < optimum)) memory.envelope = Number.NaN;
      columns[0] = memory.envelope;
      if (!record.last) memory.envelope = next(memory.envelope, record.learningRate);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked() {
      const { initialDistance = Number.NaN } = memory;
      return initialDistance >= optimum
        ? startTooFar(initialDistance, optimum)
        : `the envelope reached W = ${short(optimum)} at once: λ_0 is too large for d_0`;
    },
  };
}
