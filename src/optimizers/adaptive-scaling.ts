import { z } from "zod";
import type { RuleAlgebra } from "../compute/algebra.js";
import { adapted } from "./moments.js";

/** ε where implementations differ in its place. */
export const epsilonFields = (standard: number) => ({
  epsilon: z.number().positive().default(standard).describe("ε: keeps entries without a gradient from dividing by 0"),
  epsilonInRoot: z
    .boolean()
    .default(false)
    .describe("whether ε is added under the root, √(v + ε) (optax, TensorFlow), in place of √v + ε (PyTorch, Keras)"),
});

interface EpsilonOptions {
  readonly epsilon: number;
  readonly epsilonInRoot: boolean;
}

/** a/(√v + ε) or a/√(v + ε), entry by entry. */
export const dividedByRoot = <V, S>(
  algebra: RuleAlgebra<V, S>,
  a: V,
  square: V,
  { epsilon, epsilonInRoot }: EpsilonOptions,
): V =>
  epsilonInRoot
    ? algebra.divide(a, algebra.squareRoot(algebra.shift(square, epsilon)))
    : adapted(algebra, a, square, epsilon);
