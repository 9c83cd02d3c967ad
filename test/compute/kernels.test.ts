import * as tf from "@tensorflow/tfjs-core";
import * as library from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Norm } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { crossEntropy } from "../../src/compute/cross-entropy.js";
import "../../src/compute/dense-layer.js";
import { float64 } from "../../src/compute/float64.js";
import { hits } from "../../src/compute/hits.js";
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

  it("see whether the largest logit is the label's, the first of equal ones", async () => {
    const logits = [
      [3, 1, 2],
      [1, 5, 5],
      [1, 5, 5],
      [-1, -2, -0.5],
      [0, 0, 0],
    ];
    const found = tf.tidy(() => hits(tf.tensor2d(logits), tf.tensor1d([0, 1, 2, 2, 1], "int32")));
    expect([...(await found.data())]).toEqual([1, 1, 0, 1, 0]);
    found.dispose();
  });

  // 2 × 3 · 3 × 2, and what falls below 0 is cut off.
  const x = [
    [1, -2, 3],
    [0.5, 4, -1],
  ];
  const w = [
    [1, 2],
    [-1, 0.5],
    [2, -3],
  ];
  const dy = [
    [1, 10],
    [100, 1000],
  ];
  it.each([
    // x·W = [[9, −8], [−5.5, 6]]
    { activation: "linear", bias: undefined, y: [9, -8, -5.5, 6], slopes: [1, 10, 100, 1000] },
    { activation: "relu", bias: undefined, y: [9, 0, 0, 6], slopes: [1, 0, 0, 1000] },
    { activation: "relu", bias: [-10, 8.5], y: [0, 0.5, 0, 14.5], slopes: [0, 10, 0, 1000] },
    { activation: "sigmoid", bias: [-9, 8], y: [0.5, 0.5, 1 / (1 + Math.exp(14.5)), 1 / (1 + Math.exp(-14))] },
  ] as const)(
    "make a layer, $activation with bias $bias, and its gradients",
    async ({ activation, bias, y, ...rest }) => {
      const layer = library.layers.dense({ units: 2, activation, useBias: bias !== undefined, inputDim: 3 });
      layer.build([null, 3]);
      layer.setWeights([tf.tensor2d(w), ...(bias ? [tf.tensor1d([...bias])] : [])]);
      const input = tf.tensor2d(x);
      const weights = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
      const before = tf.memory().numTensors;
      const { value, grads } = tf
        .engine()
        .gradients(() => layer.apply(input) as tf.Tensor, [input, ...weights], tf.tensor2d(dy));
      const expected = rest.slopes ?? y.map((probability, i) => dy.flat()[i]! * probability * (1 - probability));
      const [a, b, c, d] = expected as [number, number, number, number];
      const close = async (tensor: tf.Tensor, numbers: readonly number[]) =>
        [...(await tensor.data())].forEach((found, i) => {
          expect(Math.abs(found - numbers[i]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(numbers[i]!)));
        });
      await close(value, y);
      // dx_ij = Σ_u slope_iu·w_ju, dw_ju = Σ_i x_ij·slope_iu, db_u = Σ_i slope_iu
      await close(
        grads[0]!,
        [
          [a, b],
          [c, d],
        ].flatMap(([s, t]) => w.map(([u, v]) => s! * u! + t! * v!)),
      );
      await close(
        grads[1]!,
        [0, 1, 2].flatMap((j) => [x[0]![j]! * a + x[1]![j]! * c, x[0]![j]! * b + x[1]![j]! * d]),
      );
      if (bias) await close(grads[2]!, [a + c, b + d]);
      tf.dispose([value, ...grads]);
      expect(tf.memory().numTensors).toBe(before + 1);
      tf.dispose([input, ...weights]);
    },
  );

  it("take the largest of each window, and hand its gradient back there", async () => {
    const windows = fc.record({
      size: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.constantFrom<"same" | "valid">("same", "valid"),
      height: fc.integer({ min: 3, max: 7 }),
      width: fc.integer({ min: 3, max: 7 }),
      seed: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(windows, async ({ size, stride, pad, height, width, seed }) => {
        const area = height * width;
        // No two equal ones, negative ones among them.
        const image = Float32Array.from({ length: area }, (_, i) => ((i * 37 + seed) % area) - area / 2);
        const along = (length: number) =>
          pad === "same" ? Math.ceil(length / stride) : Math.floor((length - size) / stride) + 1;
        const shift = (length: number) =>
          pad === "same" ? Math.max(0, Math.floor(((along(length) - 1) * stride + size - length) / 2)) : 0;
        const slopes = Float32Array.from({ length: along(height) * along(width) }, (_, i) => i + 1);
        const expected = { maxima: [] as number[], gradient: new Float32Array(area) };
        for (let row = 0; row < along(height); row++) {
          for (let column = 0; column < along(width); column++) {
            const [top, left] = [row * stride - shift(height), column * stride - shift(width)];
            let largest = -1;
            for (let i = Math.max(0, top); i < Math.min(height, top + size); i++) {
              for (let j = Math.max(0, left); j < Math.min(width, left + size); j++) {
                if (largest < 0 || image[i * width + j]! > image[largest]!) largest = i * width + j;
              }
            }
            expected.gradient[largest]! += slopes[expected.maxima.length]!;
            expected.maxima.push(image[largest]!);
          }
        }
        const { value, grad } = tf.tidy(() =>
          tf.valueAndGrad((a) => tf.maxPool(a as tf.Tensor4D, size, stride, pad))(
            tf.tensor4d(image, [1, height, width, 1]),
            tf.tensor4d(slopes, [1, along(height), along(width), 1]),
          ),
        );
        expect([...(await value.data())]).toEqual(expected.maxima);
        expect(await grad.data()).toEqual(expected.gradient);
        tf.dispose([value, grad]);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it("sum up the gradient of a convolution by its filter over all places of all images", async () => {
    const facts = fc.record({
      images: fc.integer({ min: 1, max: 3 }),
      side: fc.constantFrom(5, 9, 28),
      channels: fc.integer({ min: 1, max: 3 }),
      outChannels: fc.constantFrom(1, 3, 6, 65),
      rows: fc.integer({ min: 1, max: 3 }),
      columns: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 2 }),
      pad: fc.constantFrom("same" as const, "valid" as const),
    });
    await fc.assert(
      fc.asyncProperty(facts, async ({ images, side, channels, outChannels, rows, columns, stride, pad }) => {
        const wave = (shape: readonly number[], rate: number) => {
          const size = shape.reduce((product, length) => product * length);
          return tf.tensor(
            Float32Array.from({ length: size }, (_, i) => Math.sin(rate * i * i)),
            [...shape],
          );
        };
        const x = wave([images, side, side, channels], 0.7) as tf.Tensor4D;
        const filter = wave([rows, columns, channels, outChannels], 0.3) as tf.Tensor4D;
        const outSide = pad === "same" ? Math.ceil(side / stride) : 0;
        const [height, width] =
          pad === "same"
            ? [outSide, outSide]
            : ([rows, columns].map((n) => Math.ceil((side - n + 1) / stride)) as [number, number]);
        const dy = wave([images, height, width, outChannels], 1.1) as tf.Tensor4D;
        const { value, grads } = tf.engine().gradients(() => tf.conv2d(x, filter, stride, pad), [filter], dy);
        const [found, pixels, slopes] = await Promise.all([grads[0]!.data(), x.data(), dy.data()]);
        const margin = (out: number, size: number) =>
          pad === "same" ? Math.max(0, (out - 1) * stride + size - side) >> 1 : 0;
        const [top, left] = [margin(height, rows), margin(width, columns)];
        for (let tap = 0; tap < found.length; tap++) {
          const o = tap % outChannels;
          const c = Math.floor(tap / outChannels) % channels;
          const s = Math.floor(tap / outChannels / channels) % columns;
          const r = Math.floor(tap / outChannels / channels / columns);
          let sum = 0;
          for (let q = 0; q < images * height * width; q++) {
            const row = (Math.floor(q / width) % height) * stride + r - top;
            const column = (q % width) * stride + s - left;
            if (row < 0 || row >= side || column < 0 || column >= side) continue;
            const image = Math.floor(q / width / height);
            sum += pixels[((image * side + row) * side + column) * channels + c]! * slopes[q * outChannels + o]!;
          }
          expect(Math.abs(found[tap]! - sum)).toBeLessThan(2e-6 * images * height * width);
        }
        tf.dispose([x, filter, dy, value, ...grads]);
      }),
      { numRuns: 15, seed: 3 },
    );
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

  it("compute with the same data in several shapes, in whatever order they go", async () => {
    const before = tf.memory();
    const row = tf.tensor2d([[1, 2, 3, 4, 5, 6]]);
    const matrix = tf.reshape(row, [2, 3]);
    const product = tf.matMul(matrix, matrix, false, true);
    row.dispose();
    const column = tf.reshape(matrix, [6, 1]);
    matrix.dispose();
    const outer = tf.matMul(column, column, true, false);
    const sums = tf.tidy(() => tf.sum(tf.reshape(column, [3, 2]), 1));
    // 1 + 4 + 9, 4 + 10 + 18, 16 + 25 + 36; Σi²; 1 + 2, 3 + 4, 5 + 6
    expect([...(await product.data())]).toEqual([14, 32, 32, 77]);
    expect([...(await outer.data())]).toEqual([91]);
    expect([...(await sums.data())]).toEqual([3, 7, 11]);
    expect([...(await column.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    tf.dispose([product, outer, sums, column]);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  });

  it.skipIf(testedBackends.includes("webgpu"))("reduce as float64 does, over all of float32's numbers", async () => {
    const reductions = hostReductionsOf(tf.getBackend())!;
    const flush = (x: number) => (keepsSubnormals(name) || Math.abs(x) >= 2 ** -126 ? x : 0);
    const arrays = fc.array(finite.map(flush), { minLength: 1, maxLength: 70 });
    // Zeros after them: of few numbers and of many, which some backends add up in different places.
    const zeros = fc.constantFrom(0, 4000);
    fc.assert(
      fc.property(arrays, zeros, fc.constantFrom<Norm>(1, 2, "infinity"), (values, zeros, p) => {
        const x = tf.tensor1d([...values, ...Array<number>(zeros).fill(0)]);
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
