import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Norm } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { crossEntropy } from "../../src/compute/cross-entropy.js";
import { float64 } from "../../src/compute/float64.js";
import { hostReductionsOf } from "../../src/compute/host-reductions.js";
import { intensities } from "../../src/compute/intensities.js";
import "../../src/compute/relu-gradient.js";
import { keepsSubnormals, testedBackends } from "../tested-backends.js";

const finite = fc.float({ noNaN: true, noDefaultInfinity: true });

/** In float64: the loss of a row of logits, and its gradient. */
function byHand(logits: readonly number[], label: number) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return {
    loss: Math.log(sum) + largest - logits[label]!,
    // (p − 1) as −(the others): what rounding would leave of it near p = 1 is no number to compare with.
    gradient: powers.map((power, i) => (i === label ? power - sum : power) / sum),
  };
}

describe.each(testedBackends)("kernels on %s", (name) => {
  beforeAll(async () => {
    await startBackend(name);
  });

  it("take the cross-entropy of labels and its gradient to a few roundings of float32", async () => {
    const classes = 7;
    const row = fc.array(fc.float({ min: -90, max: 90, noNaN: true }), { minLength: classes, maxLength: classes });
    const rows = fc.array(
      fc.record({ logits: row, label: fc.nat(classes - 1), weight: fc.float({ min: -2, max: 2, noNaN: true }) }),
      {
        minLength: 1,
        maxLength: 9,
      },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const before = tf.memory().numTensors;
        const { value, grads } = tf.tidy(() => {
          const labels = tf.tensor1d(
            drawn.map(({ label }) => label),
            "int32",
          );
          const logits = tf.tensor2d(
            drawn.map(({ logits }) => logits),
            [drawn.length, classes],
          );
          const weights = tf.tensor1d(drawn.map(({ weight }) => weight));
          return tf.engine().gradients(() => crossEntropy(logits, labels), [logits], weights as tf.Tensor1D);
        });
        const [losses, gradients] = [await value.data(), await grads[0]!.data()];
        tf.dispose([value, grads]);
        expect(tf.memory().numTensors).toBe(before);
        drawn.forEach(({ logits, label, weight }, i) => {
          const expected = byHand(logits, label);
          expect(Math.abs(losses[i]! - expected.loss)).toBeLessThanOrEqual(4e-7 * Math.max(1, expected.loss));
          expected.gradient.forEach((slope, j) => {
            expect(Math.abs(gradients[i * classes + j]! - weight * slope)).toBeLessThan(1e-6);
          });
        });
      }),
      { seed: 11, numRuns: 40 },
    );
  });

  it("let NaN and infinite logits be seen in the loss", async () => {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY];
    const logits = bad.flatMap((value) => [0, 1, 2].map((at) => [0, 1, 2].map((i) => (i === at ? value : i))));
    const losses = tf.tidy(() => crossEntropy(tf.tensor2d(logits), tf.zeros([logits.length], "int32") as tf.Tensor1D));
    expect([...(await losses.data())].filter(Number.isFinite)).toEqual([]);
    losses.dispose();
  });

  it("pass the gradient of relu where its argument is positive, and only there", async () => {
    const x = Float32Array.from([...Array(37).keys()], (i) => i - 18);
    const dy = x.map((value) => value * value + 0.5);
    const gradient = tf.tidy(() => tf.grad((a) => tf.relu(a))(tf.tensor1d(x), tf.tensor1d(dy)));
    expect(await gradient.data()).toEqual(dy.map((slope, i) => (x[i]! > 0 ? slope : 0)));
    gradient.dispose();
  });

  it("make intensities of bytes that are those bytes over 255, rounded once", async () => {
    const bytes = Uint8Array.from({ length: 261 }, (_, i) => i);
    const images = intensities(bytes, [29, 9]);
    bytes.fill(0);
    const values = await images.data();
    expect(images.shape).toEqual([29, 9]);
    expect(values).toEqual(Float32Array.from({ length: 261 }, (_, i) => (i % 256) / 255));
    images.dispose();
  });

  it("keep the data of what shares it", async () => {
    const a = tf.tensor1d([1, 2, 3]);
    const b = tf.clone(a);
    a.dispose();
    const c = tf.tidy(() => tf.mul(b, 2));
    expect([...(await b.data()), ...(await c.data())]).toEqual([1, 2, 3, 2, 4, 6]);
    tf.dispose([b, c]);
  });

  it.skipIf(testedBackends.includes("webgpu"))("reduce as float64 does, over all of float32's numbers", async () => {
    const reductions = hostReductionsOf(tf.getBackend())!;
    const flush = (x: number) => (keepsSubnormals(name) || Math.abs(x) >= 2 ** -126 ? x : 0);
    const arrays = fc.array(finite.map(flush), { minLength: 1, maxLength: 70 });
    fc.assert(
      fc.property(arrays, fc.constantFrom<Norm>(1, 2, "infinity"), (values, p) => {
        const x = tf.tensor1d(values);
        const found = reductions.norm(x, p);
        const sum = reductions.sum(x);
        x.dispose();
        const expected = float64.norm(Float64Array.from(values), p);
        const within = (value: number, exact: number, scale: number) =>
          Math.fround(exact) === value || Math.abs(value - exact) <= 4 * 2 ** -24 * scale;
        if (Number.isFinite(Math.fround(expected)))
          expect(within(found, expected, expected), `${found}, not ${expected}`).toBe(true);
        const magnitudes = float64.norm(Float64Array.from(values), 1);
        if (Number.isFinite(Math.fround(magnitudes))) {
          expect(within(sum, float64.sum(Float64Array.from(values)), magnitudes)).toBe(true);
        }
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it.each([[[784, 300]], [[235_231]]])("reduce %j entries to a rounding or two", (shape) => {
    const reductions = hostReductionsOf(tf.getBackend());
    if (!reductions) return;
    const size = shape.reduce((product, length) => product * length);
    const values = Float32Array.from({ length: size }, (_, i) => 0.04 * Math.sin(i * i));
    const other = values.map((x) => x * x + 0.5);
    const [x, y] = [tf.tensor(values, shape), tf.tensor(other, shape)];
    const [a, b] = [Float64Array.from(values), Float64Array.from(other)];
    for (const p of [1, 2, "infinity"] as const) {
      expect(Math.abs(reductions.norm(x, p) / float64.norm(a, p) - 1)).toBeLessThan(2.5e-7);
    }
    expect(Math.abs(reductions.sum(y) / float64.sum(b) - 1)).toBeLessThan(2.5e-7);
    expect(Math.abs(reductions.dot(y, y) / float64.dot(b, b) - 1)).toBeLessThan(2.5e-7);
    tf.dispose([x, y]);
  });
});
