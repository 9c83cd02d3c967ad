import { randomStream } from "../base/random.js";
import type { Norm } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import type { Form } from "../optimizers/update-rule.js";

/** A step of a rule, and what it was made of. */
export interface FormStep {
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  readonly learningRate: number;
  readonly update: Float64Array;
  /** The update before it; 0 at first. */
  readonly before: Float64Array;
}

/** Part of the form that a rule says its steps have: in words, and as the step that it makes them to be. */
export interface FormClaim {
  readonly statement: string;
  expected(step: FormStep): Float64Array;
}

const { norm, scale, addScaled } = float64;

/** What a form says of each step. */
export function formClaims(form: Form, p: Norm): FormClaim[] {
  const { alongGradient, clippedRate, shrunk, heavyBall, decayed } = form;
  const claims: FormClaim[] = [];
  const claim = (statement: string, expected: FormClaim["expected"]) => claims.push({ statement, expected });
  if (alongGradient) {
    claim("steps along the gradient", ({ gradient: g, update }) => scale(-norm(update, 2) / norm(g, 2), g));
  }
  if (clippedRate) {
    const { coefficient: c, epsilon } = clippedRate;
    claim("steps at the rate min(λ, c‖w‖/(‖g‖ + ε))", ({ weights: w, gradient: g, learningRate }) =>
      scale(-Math.min(learningRate, (c * norm(w, 2)) / (norm(g, 2) + epsilon)), g),
    );
  }
  if (shrunk) {
    claim("makes the step of equation (1) and shrinks", ({ weights: w, gradient: g, learningRate }) => {
      const next = addScaled(w, (-learningRate * norm(w, 2)) / norm(g, 2), g);
      return addScaled(scale(1 / Math.hypot(1, learningRate), next), -1, w);
    });
  }
  if (heavyBall) {
    claim("is the heavy ball", ({ weights: w, gradient: g, learningRate, before }) =>
      addScaled(scale(heavyBall.momentum, before), -heavyBall.rate(learningRate, norm(w, p), norm(g, p)), g),
    );
  }
  if (decayed) {
    const { coefficient: c, decay } = decayed;
    claim("is LARS with weight decay", ({ weights: w, gradient: g, learningRate }) =>
      scale((-learningRate * c * norm(w, 2)) / (norm(g, 2) + decay * norm(w, 2)), addScaled(g, decay, w)),
    );
  }
  return claims;
}

/** Weights, and gradients of changing size one after the other. */
export function* formDrives(): Generator<{ start: number[][]; gradients: number[][][] }> {
  const stream = randomStream({ seed: 2019, name: "forms" });
  const entries = (size: number) => Array.from({ length: size }, () => 2 * stream.uniform() - 1);
  for (let i = 0; i < 10; i++) {
    const size = 2 + (i % 5);
    const gradients = Array.from({ length: 5 }, () => [entries(size).map((x) => x * 10 ** (2 * stream.uniform() - 1))]);
    yield { start: [entries(size)], gradients };
  }
}
