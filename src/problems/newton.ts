import { CholeskyDecomposition, Matrix as DenseMatrix } from "ml-matrix";
import { float64 } from "../compute/float64.js";
import { hostFunction, type LinearModel, meanFeatureNorm, type Point } from "./linear-model.js";

export interface NewtonResult {
  readonly optimum: Float64Array;
  /** ‖∇f‖₂ there */
  readonly gradientNorm: number;
  /** ‖H⁻¹∇f‖₂ there: it stays large where the minimiser is at infinity */
  readonly stepNorm: number;
  /** True if the gradient norm is at most 1e-12·max(1, mean ‖x_i‖₂), about what rounding leaves. */
  readonly converged: boolean;
}

/** ∂²ℓ/∂z² of the pointwise loss. */
export type PointwiseCurvature = (prediction: number, target: number) => number;

/**
 * Minimises a convex linear model by Newton's method with backtracking. Once the tolerance is met it goes on as long as
 * the gradient norm at least halves.
 */
export function minimiseByNewton(
  model: LinearModel,
  curvature: PointwiseCurvature,
  start: Float64Array,
  maximumSteps = 200,
): NewtonResult {
  const tolerance = 1e-12 * Math.max(1, meanFeatureNorm(model.examples.features));
  const f = hostFunction(model);
  let current = f(start);
  let step = newtonStep(hessian(model, curvature, current.w), current.gradient);
  for (let k = 0; k < maximumSteps; k++) {
    const next = lineSearch(f, current, step);
    const [before, after] = [float64.norm(current.gradient, 2), float64.norm(next.gradient, 2)];
    if (before <= tolerance && after > before / 2) break;
    current = next;
    step = newtonStep(hessian(model, curvature, current.w), current.gradient);
  }
  const gradientNorm = float64.norm(current.gradient, 2);
  return { optimum: current.w, gradientNorm, stepNorm: float64.norm(step, 2), converged: gradientNorm <= tolerance };
}

/** ∇²f(w) = mean_i ℓ''(z_i)·x_i x_iᵀ + ridge·I */
function hessian({ examples, ridge }: LinearModel, curvature: PointwiseCurvature, w: Float64Array): DenseMatrix {
  const { rows, columns, entries } = examples.features;
  const predictions = float64.multiplyMatrix(examples.features, w);
  const sum = new Float64Array(columns * columns);
  for (let i = 0; i < rows; i++) {
    const factor = curvature(predictions[i]!, examples.targets[i]!) / rows;
    if (factor === 0) continue;
    const x = entries.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < columns; j++) {
      // In this order of products the sum is exactly symmetric, as Cholesky demands.
      for (let k = 0; k < columns; k++) sum[j * columns + k]! += factor * (x[j]! * x[k]!);
    }
  }
  return DenseMatrix.eye(columns, columns, ridge).add(DenseMatrix.from1DArray(columns, columns, sum));
}

/** −(H + τI)⁻¹g, τ the first of 0, 1e-14, 1e-12, … (relative to the trace) that makes the matrix positive definite. */
function newtonStep(H: DenseMatrix, gradient: Float64Array): Float64Array {
  const scale = H.trace() || 1;
  for (let damping = 0; damping <= scale; damping = damping === 0 ? 1e-14 * scale : 100 * damping) {
    const cholesky = new CholeskyDecomposition(DenseMatrix.add(H, DenseMatrix.eye(H.rows, H.rows, damping)));
    if (!cholesky.isPositiveDefinite()) continue;
    return Float64Array.from(cholesky.solve(DenseMatrix.columnVector(gradient)).to1DArray(), (entry) => -entry);
  }
  return float64.scale(-1 / scale, gradient);
}

/** Halves the step until the value falls enough (Armijo), or, where that drowns in rounding, the gradient norm falls. */
function lineSearch(f: (w: Float64Array) => Point, { w, value, gradient }: Point, step: Float64Array): Point {
  const slope = float64.dot(gradient, step);
  const norm = float64.norm(gradient, 2);
  for (let length = 1; ; length /= 2) {
    const trial = f(float64.addScaled(w, length, step));
    const accepted = trial.value <= value + 1e-4 * length * slope || float64.norm(trial.gradient, 2) < norm;
    if (accepted || length < 1e-10) return trial;
  }
}
