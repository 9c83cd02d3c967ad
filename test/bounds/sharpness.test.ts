import { describe, expect, it } from "vitest";
import { contractionLimit, distanceAfterStep, nextEnvelope, smallestCosine } from "../../src/bounds/contraction.js";
import { objectiveDescentThreshold } from "../../src/bounds/objective-descent.js";
import { quadratic } from "./problems.js";
import { norm, proportionalUpdate } from "./simulate.js";

const conditionNumbers = [1.5, 4, 10, 100, 1000];
const lars = proportionalUpdate(2);

/** One LARS step on ½xᵀdiag(κ, 1)x: the factors of ‖x‖₂ and of the objective. */
function stepFrom(start: readonly number[], conditionNumber: number, rate: number) {
  const { value, gradient } = quadratic({ spectrum: [conditionNumber, 1], start });
  const next = lars(start, gradient(start), rate).map((x, i) => x + start[i]!);
  return { distance: norm(next, 2) / norm(start, 2), objective: value(next) / value(start) };
}

/** Squared components in the ratio μ : L. */
const worstForDistance = (conditionNumber: number): readonly number[] => [1, Math.sqrt(conditionNumber)];

/** The point at which the largest of f's values over [low, high] lies, for an f that rises and then falls. */
function argmax(f: (x: number) => number, low: number, high: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  while (high - low > 1e-12) {
    const [left, right] = [high - ratio * (high - low), low + ratio * (high - low)];
    if (f(left) > f(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

/** The largest λ in [0, 2] with f(λ) ≤ 1, by bisection. */
function switchPoint(factor: (rate: number) => number): number {
  let [low, high] = [1e-6, 2.5];
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (factor(middle) < 1) low = middle;
    else high = middle;
  }
  return low;
}

describe("T4b is sharp", () => {
  for (const κ of conditionNumbers) {
    it(`κ = ${κ}: the worst start attains the rate at every λ`, () => {
      for (const rate of [0.01, 0.1, smallestCosine(κ), 0.9, 1.5]) {
        const guaranteed = Math.sqrt(1 - 2 * smallestCosine(κ) * rate + rate ** 2);
        expect(stepFrom(worstForDistance(κ), κ, rate).distance / guaranteed).toBeCloseTo(1, 9);
        expect(distanceAfterStep(κ)(1, rate) / guaranteed).toBeCloseTo(1, 9);
      }
      expect(distanceAfterStep(κ)(1, smallestCosine(κ))).toBeCloseTo((κ - 1) / (κ + 1), 12);
    });

    it(`κ = ${κ}: a step shortens the distance from everywhere exactly below λ = 2c`, () => {
      const measured = switchPoint((rate) => stepFrom(worstForDistance(κ), κ, rate).distance);
      expect(Math.abs(measured / contractionLimit(κ) - 1)).toBeLessThan(1e-6);
      // From both sides, over all directions of the plane: below it no start gets longer, 1 % above it one does.
      const angles = Array.from({ length: 2001 }, (_, i) => (i / 2000) * (Math.PI / 2));
      const worst = (rate: number) =>
        Math.max(...angles.map((angle) => stepFrom([Math.cos(angle), Math.sin(angle)], κ, rate).distance));
      expect(worst(0.99 * contractionLimit(κ))).toBeLessThan(1);
      expect(worst(1.01 * contractionLimit(κ))).toBeGreaterThan(1);
    });
  }

  it("a run may converge above 2c all the same: the steps from the worst starts do not lead to worst starts", () => {
    // κ = 10: 2c = 1.15. The eigenvectors are scaled by ±(κ − 1)/(κ + 1) once s = 2/(μ + L), whatever λ in between.
    const κ = 10;
    const { gradient } = quadratic({ spectrum: [κ, 1], start: [1, 2] });
    let w: readonly number[] = [1, 2];
    for (let k = 0; k < 1000; k++) w = lars(w, gradient(w), 1.3).map((x, i) => x + w[i]!);
    expect(1.3).toBeGreaterThan(contractionLimit(κ));
    expect(norm(w, 2)).toBeLessThan(1e-80);
  });
});

describe("T5 is sharp", () => {
  it("has the values of the theory", () => {
    // κ = 1: 3√3·2/3^{3/2} = 2
    expect(objectiveDescentThreshold(1)).toBeCloseTo(2, 12);
    expect(objectiveDescentThreshold(10)).toBeCloseTo(0.4888, 4);
    expect(objectiveDescentThreshold(100)).toBeCloseTo(0.0517, 4);
  });

  for (const κ of conditionNumbers) {
    it(`κ = ${κ}: the worst mixture of two eigenvalues turns from descent to ascent there`, () => {
      const threshold = objectiveDescentThreshold(κ);
      /** x with a share t of A = xᵀH²x = 1 in the L-component. */
      const mixture = (t: number): readonly number[] => [Math.sqrt(t) / κ, Math.sqrt(1 - t)];
      // f falls iff λ < 2A^{3/2}/(B√C): the worst mixture has the largest B√C, with B = κt + 1 − t and C = t/κ² + 1 − t.
      const worst = mixture(argmax((t) => (κ * t + 1 - t) * Math.sqrt(t / κ ** 2 + 1 - t), 0, 1));

      expect(stepFrom(worst, κ, threshold * (1 - 1e-4)).objective).toBeLessThan(1);
      expect(stepFrom(worst, κ, threshold * (1 + 1e-4)).objective).toBeGreaterThan(1);
      const measured = switchPoint((rate) => stepFrom(worst, κ, rate).objective);
      expect(Math.abs(measured / threshold - 1)).toBeLessThan(1e-6);
      for (let t = 0; t <= 1; t += 1 / 500) {
        expect(stepFrom(mixture(t), κ, threshold * (1 - 1e-4)).objective).toBeLessThan(1);
      }
    });
  }
});

describe("T4's functions", () => {
  it("by hand: κ = 4, c = 4/5", () => {
    expect(smallestCosine(4)).toBeCloseTo(0.8, 15);
    expect(contractionLimit(4)).toBeCloseTo(1.6, 15);
    // φ(5, 2)² = 25 − 2·0.8·2·5 + 4 = 13, and φ is symmetric
    expect(distanceAfterStep(4)(5, 2)).toBeCloseTo(Math.sqrt(13), 14);
    expect(distanceAfterStep(4)(2, 5)).toBeCloseTo(Math.sqrt(13), 14);
    expect(distanceAfterStep(4)(0, 3)).toBe(3);
    expect(distanceAfterStep(4)(0, 0)).toBe(0);
    // W = 10, λ = 0.1, D = 5: max(1, φ(5, 1.5), φ(5, 0.5)); φ(5, 0.5)² = 25 − 4 + 0.25 = 21.25, φ(5, 1.5)² = 15.25
    expect(nextEnvelope(distanceAfterStep(4), 5, 0.1, 10)).toBeCloseTo(Math.sqrt(21.25), 14);
  });

  it("keep their digits at the ends of the range", () => {
    const φ = distanceAfterStep(4);
    expect(φ(5e-200, 2e-200) / 1e-200).toBeCloseTo(Math.sqrt(13), 13);
    expect(φ(5e200, 2e200) / 1e200).toBeCloseTo(Math.sqrt(13), 13);
    // κ = 1 is |d − η|: nothing cancels that was not there before
    expect(distanceAfterStep(1)(1, 1 - 2 ** -40)).toBe(2 ** -40);
  });
});
