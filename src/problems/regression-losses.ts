import { power } from "../base/power.js";
import type { PointwiseLoss } from "./linear-model.js";

/** ℓ(z, y) = ½(z − y)² */
export const squaredLoss: PointwiseLoss = {
  name: "squared",
  of(algebra, predictions, targets) {
    const residuals = algebra.subtract(predictions, targets);
    const meanSquare = algebra.mean(algebra.multiply(residuals, residuals));
    return { loss: algebra.times(algebra.scalar(0.5), meanSquare), slopes: residuals };
  },
};

/** ℓ(z, y) = |z − y|, with the subgradient 0 at z = y */
export const absoluteLoss: PointwiseLoss = {
  name: "absolute",
  of(algebra, predictions, targets) {
    const residuals = algebra.subtract(predictions, targets);
    return { loss: algebra.mean(algebra.absolute(residuals)), slopes: algebra.sign(residuals) };
  },
};

/** ℓ(z, y) = log(1 + e^{−yz}), y = ±1; the accuracy counts yz ≥ 0 as correct */
export const logisticLoss: PointwiseLoss = {
  name: "logistic",
  of(algebra, predictions, labels) {
    const margins = algebra.multiply(labels, predictions);
    const { sigmoid: wrongness, softplus: losses } = algebra.logistic(algebra.scale(algebra.scalar(-1), margins));
    const correct = algebra.signOrOne(margins);
    return {
      loss: algebra.mean(losses),
      slopes: algebra.scale(algebra.scalar(-1), algebra.multiply(labels, wrongness)),
      // From ±1 to 1 and 0.
      accuracy: algebra.times(algebra.scalar(0.5), algebra.mean(algebra.shift(correct, 1))),
    };
  },
};

/** Huber's loss with threshold δ: ½r² for |r| ≤ δ, δ(|r| − δ/2) beyond. With c = r clipped to ±δ both are c(r − c/2). */
export function huberLoss(threshold: number): PointwiseLoss {
  return {
    of(algebra, predictions, targets) {
      const residuals = algebra.subtract(predictions, targets);
      const clipped = algebra.clip(residuals, -threshold, threshold);
      const lever = algebra.addScaled(residuals, algebra.scalar(-0.5), clipped);
      return { loss: algebra.mean(algebra.multiply(clipped, lever)), slopes: clipped };
    },
  };
}

/** Geman and McClure's loss with scale c: ½r²/(1 + (r/c)²), slope r/(1 + (r/c)²)². Smooth, bounded by c²/2, not convex. */
export function gemanMcClureLoss(scale: number): PointwiseLoss {
  return {
    of(algebra, predictions, targets) {
      const residuals = algebra.subtract(predictions, targets);
      const squares = algebra.multiply(residuals, residuals);
      const damping = algebra.shift(algebra.scale(algebra.scalar(power(scale, -2)), squares), 1);
      return {
        loss: algebra.times(algebra.scalar(0.5), algebra.mean(algebra.divide(squares, damping))),
        slopes: algebra.divide(residuals, algebra.multiply(damping, damping)),
      };
    },
  };
}
