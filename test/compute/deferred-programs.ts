import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import type { Scalar, TensorAlgebra } from "../../src/compute/tensors.js";

type Vector = tf.Tensor;

/** What can be put off, of vectors and numbers that are drawn for it. */
const operations = (
  A: TensorAlgebra,
): Readonly<Record<string, (vectors: readonly Vector[], numbers: readonly number[]) => Vector>> => ({
  add: ([a, b]) => A.add(a!, b!),
  subtract: ([a, b]) => A.subtract(a!, b!),
  multiply: ([a, b]) => A.multiply(a!, b!),
  divide: ([a, b]) => A.divide(a!, b!),
  scale: ([a], [s]) => A.scale(s!, a!),
  divideBy: ([a], [s]) => A.divideBy(a!, s!),
  addScaled: ([a, b], [s]) => A.addScaled(a!, s!, b!),
  shift: ([a], [s]) => A.shift(a!, s!),
  absolute: ([a]) => A.absolute(a!),
  sign: ([a]) => A.sign(a!),
  signOrOne: ([a]) => A.signOrOne(a!),
  squareRoot: ([a]) => A.squareRoot(a!),
  clip: ([a], [s]) => A.clip(a!, -Math.abs(s!), Math.abs(s!)),
  ifLessEach: ([a, b, c, d]) => A.ifLessEach(a!, b!, c!, d!),
});
const names = Object.keys(operations({} as TensorAlgebra));

/** With zeros of both signs, numbers that are not normal, infinite ones and NaN. */
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.float({ min: -4, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.float() },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e-42) },
);

/** The entries are drawn for some places and repeated: a vector may be longer than what is computed at a time. */
export const vectors = fc
  .tuple(fc.constantFrom(1, 3, 7, 8, 9, 100, 1023, 1024, 1025, 2500), fc.array(entry, { minLength: 40, maxLength: 40 }))
  .map(([size, drawn]) =>
    Array.from({ length: 4 }, (_, v) => Float32Array.from({ length: size }, (_, i) => drawn[(7 * i + 11 * v) % 40]!)),
  );

/** Each makes one more vector of the ones that are there; its norm may be asked for, and vectors may be freed early. */
export const program = fc.array(
  fc.record({
    name: fc.constantFrom(...names),
    operands: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
    number: fc.float({ min: -3, max: 3, noNaN: true }).map(Math.fround),
    isAsked: fc.boolean(),
    isFreed: fc.boolean(),
    isKept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

type Step = typeof program extends fc.Arbitrary<(infer S)[]> ? S : never;

/** The vectors that are kept, made step by step. Vectors that others were made of may be freed before those are computed. */
export function made(
  A: TensorAlgebra,
  steps: readonly Step[],
  inputs: readonly Vector[],
  observe: (vector: Vector) => void = () => {},
) {
  const byName = operations(A);
  const all = [...inputs];
  const norms: Scalar[] = [];
  const kept: Vector[] = [];
  for (const { name, operands, number, isAsked, isFreed, isKept } of steps) {
    const chosen = operands.map((index) => all[index % all.length]!);
    const result = byName[name]!(chosen, [number]);
    observe(result);
    if (isAsked) norms.push(A.norm(result, 2));
    if (isKept) kept.push(result);
    all.push(result);
    const [first] = chosen as [Vector];
    if (!isFreed || inputs.includes(first) || kept.includes(first)) continue;
    all.splice(all.indexOf(first), 1);
    first.dispose();
  }
  return { norms: norms as number[], kept };
}

const bits = (entries: ArrayLike<number>) => [...new Uint32Array(Float32Array.from(entries).buffer)];
/** The bits of numbers; NaN has many. */
export const plain = (entries: ArrayLike<number>) =>
  bits(entries).map((word) => ((word & 0x7fffffff) > 0x7f800000 ? "NaN" : word));

export const counts = () => {
  const { numTensors, numDataBuffers } = tf.memory();
  return { numTensors, numDataBuffers, ids: tf.backend().numDataIds() };
};
