/**
 * c = 2√κ/(κ + 1): the smallest cosine between the gradient and w − w* that strong convexity and smoothness allow (T4).
 */
export function smallestCosine(conditionNumber: number): number {
  return (2 * Math.sqrt(conditionNumber)) / (conditionNumber + 1);
}

/** 2c: every step of a centred problem with λ below it shortens the distance to the optimum (T4b). */
export function contractionLimit(conditionNumber: number): number {
  return 2 * smallestCosine(conditionNumber);
}

/** A bound on the distance to the optimum after a step of this length from this distance. */
export type DistanceAfterStep = (distance: number, stepLength: number) => number;

/**
 * φ(d, η) = √(d² − 2cηd + η²) of T4, for one condition number.
 *
 * With b/a the ratio of the smaller to the larger of d and η it is a·√((1 − b/a)² + 2(1 − c)·b/a), which neither
 * cancels where d ≈ η nor overflows or underflows; 1 − c = (√κ − 1)²/(κ + 1).
 */
export function distanceAfterStep(conditionNumber: number): DistanceAfterStep {
  const oneMinusCosine = (Math.sqrt(conditionNumber) - 1) ** 2 / (conditionNumber + 1);
  return (distance, stepLength) => {
    const larger = Math.max(distance, stepLength);
    if (larger === 0) return 0;
    const ratio = Math.min(distance, stepLength) / larger;
    return larger * Math.sqrt((1 - ratio) ** 2 + 2 * oneMinusCosine * ratio);
  };
}

/**
 * D_{k+1} = max(λW, φ(D_k, λ(W + D_k)), φ(D_k, λ(W − D_k))) of T4d, for D_k < W: the largest distance after a step
 * from anywhere within D_k of the optimum, since there W − d ≤ ‖w‖₂ ≤ W + d, φ² is convex in η, and at either end of
 * that range convex in d.
 */
export function nextEnvelope(after: DistanceAfterStep, envelope: number, rate: number, optimumNorm: number): number {
  const far = after(envelope, rate * (optimumNorm + envelope));
  const near = after(envelope, rate * (optimumNorm - envelope));
  return Math.max(rate * optimumNorm, far, near);
}

/**
 * What co-coercivity, ⟨g, w − w*⟩ ≥ (μLd² + ‖g‖²)/(μ + L), makes of a step −s·g with s ≤ `longest`: the squared distance
 * falls at least by the factor 1 − 2q·s (T12).
 */
export const coCoercivity = (strongConvexity: number, smoothness: number) => ({
  q: 1 / (1 / strongConvexity + 1 / smoothness),
  longest: 2 / (strongConvexity + smoothness),
});
