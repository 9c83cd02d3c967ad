import {
  assuming,
  atTheStart,
  constantRate,
  equationOne,
  fullBatch,
  inNorm,
  knownOptimum,
  optimumAwayFromOrigin,
  rates,
  singleBlock,
  stronglyConvexAndSmooth,
} from "./assumptions.js";
import { type BoundContext, type BoundMonitor, defineBound, tolerance } from "./bound.js";
import { contractionLimit, distanceAfterStep, nextEnvelope } from "./contraction.js";
import { conditionNumberOf, optimumNorm, ratesOf, short } from "./facts.js";
import { weightNorm, wholeOf } from "./measures.js";
import { roundingOf } from "./rounding.js";

/** λ/min(1, 2c − λ): the radius in units of W. */
export function relativeRadius(conditionNumber: number, rate: number): number {
  return rate / Math.min(1, contractionLimit(conditionNumber) - rate);
}

/** Of an assumption that only the first record tells. */
export const startTooFar = (distance: number, optimum: number): string =>
  `d_0 = ${short(distance)} is not below W = ${short(optimum)}: nothing holds from starts farther from w* than 0 is (T2b)`;

interface Memory {
  initialDistance?: number;
  /** D_k of T4d */
  envelope: number;
}

function start(context: BoundContext, state?: unknown): BoundMonitor {
  const whole = wholeOf(context);
  const conditionNumber = conditionNumberOf(context);
  const after = distanceAfterStep(conditionNumber);
  const rounding = roundingOf(context);
  const optimum = optimumNorm(context);
  const rate = ratesOf(context).largest;
  const radius = relativeRadius(conditionNumber, rate) * optimum;
  const arrived = radius * (1 + tolerance.float64);
  const memory: Memory = { envelope: Number.NaN, ...(state as Partial<Memory>) };
  const columns = [Number.NaN];
  return {
    observe(record, check) {
      const distance = record.distance!;
      columns[0] = Number.NaN;
      if (memory.initialDistance === undefined) {
        memory.initialDistance = distance;
        memory.envelope = distance;
      } else if (memory.envelope <= arrived && memory.initialDistance < optimum) {
        check(distance, radius, rounding(weightNorm(record, whole) + optimum));
        columns[0] = radius;
      }
      memory.envelope = nextEnvelope(after, memory.envelope, rate, optimum);
      return columns;
    },
    state: () => ({ ...memory }),
    unchecked() {
      const { initialDistance = Number.NaN } = memory;
      return initialDistance >= optimum
        ? startTooFar(initialDistance, optimum)
        : `the run ended before the envelope of T4d had come down to the radius ${short(radius)}`;
    },
  };
}

/**
 * T4c: constant λ keeps the iterates within a radius proportional to λ; by T2a it cannot be zero.
 *
 * Proof: docs/theory.md, T4c. It is checked from the step on at which D_k has come down to R (within 1e-9 relative).
 */
export const radius = defineBound({
  name: "radius",
  theorem: "T4c",
  version: 1,
  statement: "limsup d_k ≤ λW/min(1, 2c − λ), c = 2√κ/(κ + 1)",
  ...assuming(
    equationOne,
    inNorm(2),
    fullBatch,
    singleBlock,
    knownOptimum,
    optimumAwayFromOrigin,
    stronglyConvexAndSmooth,
    constantRate,
    rates(
      "λ < 2c",
      ({ largest }, context) => largest < contractionLimit(conditionNumberOf(context)),
      (context) => contractionLimit(conditionNumberOf(context)),
    ),
    rates(
      "a radius below W: λ/min(1, 2c − λ) < 1",
      ({ largest }, context) => relativeRadius(conditionNumberOf(context), largest) < 1,
    ),
    atTheStart("d_0 < W"),
  ),
  source: "of the rule of arXiv:1801.03137, equation (1); proof in docs/theory.md",
  columns: [
    {
      name: "distance_radius",
      meaning: "radius about w* that the iterates no longer leave (T4c)",
      formula: "λW/min(1, 2c − λ)",
      unit: "weight",
      drawnWith: "distance",
    },
  ],
  start,
});
