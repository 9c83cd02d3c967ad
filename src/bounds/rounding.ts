import { type Precision, smallestNormal } from "../compute/algebra.js";
import type { BoundContext } from "./bound.js";
import { wholeOf } from "./measures.js";

/** u: the largest relative error of one rounding. */
const unitRoundoff: Readonly<Record<Precision, number>> = { float64: 2 ** -53, float32: 2 ** -24 };

/**
 * The rounding level of a number computed from others of this magnitude, 4u·√n·magnitude + n·smallest normal, n being
 * the number of weights. It is all that checks allow besides the relative tolerance, and they pass as magnitude only
 * what cancels: ‖w‖₂ + ‖w*‖₂ for a distance, |f| + |f*| for a gap. A norm or an inner product of n terms rounds like
 * √n·u (Higham and Mary 2019, doi:10.1137/18M1226312); a step takes about four roundings (the ratio of the norms, its
 * product with the gradient, the sum, the measurement). Below the smallest normal number digits are lost or flushed to
 * 0.
 */
export function roundingOf(context: BoundContext): (magnitude: number) => number {
  const { entries } = wholeOf(context);
  const relative = 4 * unitRoundoff[context.precision] * Math.sqrt(entries);
  const underflow = entries * smallestNormal[context.precision];
  return (magnitude) => relative * magnitude + underflow;
}

/** What may be lost of a rate: below the smallest normal number, which some processors take for 0, all of it. */
export const lostOfRate = (rate: number, precision: Precision): number => (rate < smallestNormal[precision] ? rate : 0);
