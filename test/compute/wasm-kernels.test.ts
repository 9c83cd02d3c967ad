import * as tf from "@tensorflow/tfjs-core";
// The core alone has no gradients in Node; the layers register them.
import "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { batchNormalised } from "../../src/compute/batch-normalisation.js";
import { prepareMatrixKernel } from "../../src/compute/matrix-kernel.js";
import type { WasmBackend } from "../../src/compute/wasm-backend.js";
import { replaceWasmKernels, restoreWasmKernels } from "../../src/compute/wasm-kernels.js";
import { wasmBackends } from "../wasm-backends.js";

const length = fc.integer({ min: 1, max: 7 });
const product = fc.record({
  rows: length,
  inner: length,
  columns: length,
  batchA: fc.constantFrom([], [1], [3]),
  batchB: fc.constantFrom([], [1], [3]),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  seed: fc.integer({ min: 1, max: 1000 }),
});
type Product = typeof product extends fc.Arbitrary<infer T> ? T : never;

function factors({ rows, inner, columns, batchA, batchB, transposeA, transposeB, seed }: Product) {
  const a = transposeA ? [inner, rows] : [rows, inner];
  const b = transposeB ? [columns, inner] : [inner, columns];
  return [
    tf.randomUniform([...batchA, ...a], -1, 1, "float32", seed),
    tf.randomUniform([...batchB, ...b], -1, 1, "float32", seed + 1),
  ] as const;
}

/** What f makes on each backend, entry by entry. */
async function onBoth(f: () => tf.Tensor[]): Promise<{ wasm: number[][]; cpu: number[][] }> {
  const values = async (name: string) => {
    await tf.setBackend(name);
    return tf.tidy(() => f().map((tensor) => Array.from(tensor.dataSync())));
  };
  return { wasm: await values("wasm"), cpu: await values("cpu") };
}

function expectClose({ wasm, cpu }: { wasm: number[][]; cpu: number[][] }): void {
  expect(wasm.map(({ length }) => length)).toEqual(cpu.map(({ length }) => length));
  // Sums of some hundred products: rounding in proportion to the largest result.
  const [values, expected] = [wasm.flat(), cpu.flat()];
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(2e-6 * largest);
}

beforeAll(async () => {
  await startBackend("cpu");
  await startBackend("wasm");
});

it("multiplies as the cpu backend does, transposed or not, with broadcast batches", async () => {
  await fc.assert(
    fc.asyncProperty(product, async (drawn) => {
      expectClose(
        await onBoth(() => {
          const [a, b] = factors(drawn);
          return [tf.matMul(a, b, drawn.transposeA, drawn.transposeB)];
        }),
      );
    }),
    { seed: 3, numRuns: 40 },
  );
});

it.each([
  [false, false],
  [false, true],
  [true, false],
  [true, true],
])("has the gradients of the cpu backend: transposeA %s, transposeB %s", async (transposeA, transposeB) => {
  await fc.assert(
    fc.asyncProperty(product, async (drawn) => {
      const matching = { ...drawn, batchB: drawn.batchA, transposeA, transposeB };
      expectClose(
        await onBoth(() => {
          const [a, b] = factors(matching);
          return tf.grads((x, y) => tf.square(tf.matMul(x!, y!, transposeA, transposeB)))([a, b]);
        }),
      );
    }),
    { seed: 4, numRuns: 10 },
  );
});

it("fuses bias and activation as the cpu backend does", async () => {
  await fc.assert(
    fc.asyncProperty(product, async (drawn) => {
      const { transposeA, transposeB } = drawn;
      expectClose(
        await onBoth(() => {
          const [a, b] = factors({ ...drawn, batchA: [], batchB: [] });
          const bias = tf.linspace(-0.5, 0.5, drawn.columns);
          return [tf.fused.matMul({ a, b, transposeA, transposeB, bias, activation: "relu" })];
        }),
      );
    }),
    { seed: 5, numRuns: 20 },
  );
});

it("fuses biases of any shape and every activation as the cpu backend does", async () => {
  const activations = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;
  const fusion = fc.record({
    activation: fc.constantFrom(...activations),
    bias: fc.constantFrom<number[]>([], [1], [9], [8, 9]),
  });
  await fc.assert(
    fc.asyncProperty(fusion, async ({ activation, bias }) => {
      const shared = (shape: number[]) => ({
        activation,
        leakyreluAlpha: 0.3,
        bias: tf.randomUniform(shape, -1, 1, "float32", 3),
        preluActivationWeights: tf.linspace(0.1, 0.9, 9),
      });
      expectClose(
        await onBoth(() => {
          const a = tf.randomUniform([8, 5], -1, 1, "float32", 1) as tf.Tensor2D;
          const b = tf.randomUniform([5, 9], -1, 1, "float32", 2) as tf.Tensor2D;
          const x = tf.reshape(a, [1, 8, 1, 5]);
          const filter = tf.reshape(b, [1, 1, 5, 9]);
          // The convolution takes a bias of one axis alone.
          const row = bias.length < 2 ? bias : [9];
          return [
            tf.fused.matMul({ a, b, ...shared(bias) }),
            tf.fused.conv2d({ x: x as tf.Tensor4D, filter: filter as tf.Tensor4D, strides: 1, pad: 0, ...shared(row) }),
          ];
        }),
      );
    }),
    { seed: 7, numRuns: 40 },
  );
});

const pair = (largest: number) => fc.tuple(fc.integer({ min: 1, max: largest }), fc.integer({ min: 1, max: largest }));
const margin = fc.integer({ min: 0, max: 3 });
const explicitPadding = fc.tuple(margin, margin, margin, margin).map(
  ([top, bottom, left, right]) =>
    [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ] as tf.backend_util.ExplicitPadding,
);
const image = fc.record({
  height: fc.integer({ min: 4, max: 9 }),
  width: fc.integer({ min: 4, max: 9 }),
  channels: fc.constantFrom(1, 2, 3, 9),
  outputs: fc.constantFrom(1, 3, 8, 17, 40),
  kernel: pair(4),
  strides: pair(3),
  dilations: pair(2),
  pad: fc.oneof(fc.constantFrom("same" as const, "valid" as const), explicitPadding),
  seed: fc.integer({ min: 1, max: 1000 }),
});

it("has the cpu backend's convolutions and their gradients", async () => {
  await fc.assert(
    fc.asyncProperty(image, async ({ height, width, channels, outputs, kernel, strides, dilations, pad, seed }) => {
      expectClose(
        await onBoth(() => {
          const x = tf.randomUniform([2, height, width, channels], -1, 1, "float32", seed) as tf.Tensor4D;
          const filter = tf.randomUniform(
            [...kernel, channels, outputs],
            -1,
            1,
            "float32",
            seed + 1,
          ) as unknown as tf.Tensor4D;
          const f = (a?: tf.Tensor, b?: tf.Tensor) =>
            tf.square(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad));
          const bias = tf.linspace(-1, 1, outputs);
          const fused = tf.fused.conv2d({ x, filter, strides, pad, bias, activation: "relu" });
          // A stride or a dilation, never both.
          const dilated = (kernel[0] - 1) * dilations[0] < height && (kernel[1] - 1) * dilations[1] < width;
          const spread = dilated ? [tf.conv2d(x, filter, 1, pad, "NHWC", dilations)] : [];
          return [fused, ...spread, f(x, filter), ...tf.grads(f)([x, filter])];
        }),
      );
    }),
    { seed: 6, numRuns: 60 },
  );
});

it("has the cpu backend's gradients of pooling, below zero and at borders too", async () => {
  const pooled = fc.record({
    height: fc.integer({ min: 4, max: 9 }),
    width: fc.integer({ min: 4, max: 9 }),
    channels: fc.constantFrom(1, 2, 3, 4, 7, 8),
    kernel: pair(4),
    stride: pair(3),
    pad: fc.constantFrom("same" as const, "valid" as const),
    seed: fc.integer({ min: 1, max: 1000 }),
  });
  await fc.assert(
    fc.asyncProperty(pooled, async ({ height, width, channels, kernel, stride, pad, seed }) => {
      expectClose(
        await onBoth(() => {
          const x = tf.randomUniform([2, height, width, channels], -1, 0.2, "float32", seed) as tf.Tensor4D;
          return [tf.maxPool, tf.avgPool].map((pool) =>
            tf.grad((a) => tf.square(pool(a as tf.Tensor4D, kernel, stride, pad)))(x),
          );
        }),
      );
    }),
    { seed: 8, numRuns: 40 },
  );
});

it.each(["wasm", "cpu"])("averages over what of a window lies inside, and so does the gradient: %s", async (name) => {
  await tf.setBackend(name);
  // Windows of two, the last one half outside: (1 + 2)/2, (2 + 6)/2, 6/1.
  const x = tf.tensor4d([1, 2, 6], [1, 1, 3, 1]);
  const pool = (a: tf.Tensor) => tf.avgPool(a as tf.Tensor4D, [1, 2], 1, "same");
  expect(Array.from(pool(x).dataSync())).toEqual([1.5, 4, 6]);
  // With dy = (1, 10, 100): 1/2, 1/2 + 10/2, 10/2 + 100/1.
  const dy = tf.tensor4d([1, 10, 100], [1, 1, 3, 1]);
  expect(Array.from(tf.grad(pool)(x, dy).dataSync())).toEqual([0.5, 5.5, 105]);
});

it("has the cpu backend's batch normalisation and its gradients, which are those of its formula", async () => {
  const drawn = fc.record({
    shape: fc.constantFrom<number[]>([5, 3], [2, 4, 5, 1], [3, 3, 2, 8], [40, 6, 6, 2]),
    mean: fc.constantFrom(0, 3, -20),
    seed: fc.integer({ min: 1, max: 1000 }),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ shape, mean, seed }) => {
      const make = (byFormula: boolean) => () => {
        const channels = [shape.at(-1)!];
        const x = tf.randomUniform(shape, mean - 1, mean + 1, "float32", seed);
        const scale = tf.randomUniform(channels, 0.5, 2, "float32", seed + 1);
        const offset = tf.randomUniform(channels, -1, 1, "float32", seed + 2);
        const towards = tf.randomUniform(shape, -1, 1, "float32", seed + 3);
        const f = (a?: tf.Tensor, gamma?: tf.Tensor, beta?: tf.Tensor) => {
          if (!byFormula) return tf.mul(batchNormalised(a!, gamma!, beta!, 0.01).output, towards);
          const rows = tf.reshape(a!, [-1, channels[0]!]);
          const { mean, variance } = tf.moments(rows, 0);
          const normal = tf.div(tf.sub(rows, mean), tf.sqrt(tf.add(variance, 0.01)));
          return tf.mul(tf.reshape(tf.add(tf.mul(gamma!, normal), beta!), shape), towards);
        };
        return [f(x, scale, offset), ...tf.grads(f)([x, scale, offset])];
      };
      const { wasm, cpu } = await onBoth(make(false));
      expectClose({ wasm, cpu });
      // By the library's own operations: their float32 sums of numbers around −20 leave fewer digits.
      const { cpu: formula } = await onBoth(make(true));
      for (const [i, values] of formula.entries()) {
        const largest = Math.max(1, ...values.map(Math.abs));
        values.forEach((value, j) => {
          expect(Math.abs(wasm[i]![j]! - value)).toBeLessThan(1e-4 * largest);
        });
      }
    }),
    { seed: 12, numRuns: 30 },
  );
});

it("has the hyperbolic tangent to 4e-7 of itself, odd and within ±1, and NaN of NaN", async () => {
  await tf.setBackend("wasm");
  const tanh = (values: number[]) => Array.from(tf.tidy(() => tf.tanh(tf.tensor1d(values))).dataSync());
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.float({ noDefaultInfinity: true }), fc.float({ min: -9, max: 9 })), { minLength: 1 }),
      (drawn) => {
        const values = drawn.map(Math.fround);
        const found = tanh(values);
        for (const [i, x] of values.entries()) {
          if (Number.isNaN(x)) expect(found[i]).toBeNaN();
          else expect(Math.abs(found[i]! - Math.tanh(x))).toBeLessThanOrEqual(4e-7 * Math.abs(Math.tanh(x)));
          expect(Math.abs(found[i]!)).not.toBeGreaterThan(1);
        }
        expect(tanh(values.map((x) => -x))).toEqual(found.map((y) => -y));
      },
    ),
    { numRuns: 300 },
  );
  expect(tanh([Number.POSITIVE_INFINITY, 0, -0])).toEqual([tanh([8])[0], 0, -0]);
});

it("broadcasts batches against one another as tiled copies of them", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 100 }), async (seed) => {
      const { wasm, cpu } = await onBoth(() => {
        const a = tf.randomUniform([2, 1, 3, 4], -1, 1, "float32", seed);
        const b = tf.randomUniform([3, 4, 5], -1, 1, "float32", seed + 1);
        const tiled = tf.matMul(tf.tile(a, [1, 3, 1, 1]), tf.tile(tf.expandDims(b), [2, 1, 1, 1]));
        return [tf.getBackend() === "wasm" ? tf.matMul(a, b) : tiled];
      });
      expectClose({ wasm, cpu });
    }),
    { seed: 9, numRuns: 5 },
  );
});

it("keeps no memory of the heap beyond the results", async () => {
  await tf.setBackend("wasm");
  const heap = () => (tf.backend() as WasmBackend).wasm.HEAPU8.length;
  const x = tf.ones([16, 40, 40, 8]) as tf.Tensor4D;
  const filter = tf.ones([3, 3, 8, 8]) as tf.Tensor4D;
  const use = () =>
    tf.tidy(() => {
      tf.grads((a, b) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 2, "same"))([x, filter]);
      tf.matMul(tf.reshape(x, [-1, 400]), tf.reshape(x, [-1, 400]), true, false);
    });
  for (let i = 0; i < 5; i++) use();
  const before = [heap(), tf.memory().numTensors, tf.engine().backend.numDataIds()];
  // Anything of the size of x that were left each time would come to 160 MB.
  for (let i = 0; i < 100; i++) use();
  expect([heap(), tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  tf.dispose([x, filter]);
});

it("frees the intermediate tensors of convolutions", async () => {
  await tf.setBackend("wasm");
  const x = tf.ones([2, 6, 6, 2]);
  const filter = tf.ones([3, 3, 2, 4]);
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
  const f = (a?: tf.Tensor, b?: tf.Tensor) =>
    tf.maxPool(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, "same"), 2, 2, "valid");
  for (let i = 0; i < 3; i++) tf.dispose(tf.grads(f)([x, filter]));
  expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  tf.dispose([x, filter]);
});

it("makes no lasting copies of transposed matrices", async () => {
  await tf.setBackend("wasm");
  const [a, b] = [tf.ones([3, 2]), tf.ones([4, 3])];
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
  for (let i = 0; i < 5; i++) {
    tf.matMul(a, b, true, true).dispose();
    tf.tidy(() => {
      tf.matMul(tf.reshape(a, [1, 6]), tf.reshape(a, [1, 6]), true, false);
    });
  }
  expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  expect(Array.from(a.dataSync())).toEqual([1, 1, 1, 1, 1, 1]);
  tf.dispose([a, b]);
});

it("sums over axes to the bits of the kernel that is shipped", async () => {
  await tf.setBackend("wasm");
  const matrixKernel = await prepareMatrixKernel();
  const axes = fc.subarray([0, 1, 2]);
  const columns = fc.oneof(length, fc.integer({ min: 28, max: 70 }));
  const sums = (x: tf.Tensor, over: number[], keepDims: boolean) =>
    tf.tidy(() => {
      const sum = tf.sum(x, over, keepDims);
      return { shape: sum.shape, values: [...sum.dataSync()] };
    });
  fc.assert(
    fc.property(length, length, columns, axes, fc.boolean(), (a, b, c, over, keepDims) => {
      const x = tf.randomUniform([a, b, c], -1, 1, "float32", a + b + c);
      const own = sums(x, over, keepDims);
      restoreWasmKernels("wasm");
      const shipped = sums(x, over, keepDims);
      replaceWasmKernels("wasm", matrixKernel);
      x.dispose();
      expect(own).toEqual(shipped);
    }),
    { seed: 9, numRuns: 200 },
  );
});

it.runIf(wasmBackends.includes("wasm-fma"))("has both roundings in one process, whichever started first", async () => {
  const separate = await startBackend("wasm");
  const fused = await startBackend("wasm-fma");
  // −(1 + 2⁻¹¹) + (1 + 2⁻¹²)², whose last term is 1 + 2⁻¹¹ + 2⁻²⁴ and, rounded, 1 + 2⁻¹¹
  const a = tf.tensor2d([[-1, 1 + 2 ** -12]]);
  const b = tf.tensor2d([[1 + 2 ** -11], [1 + 2 ** -12]]);
  const image = tf.reshape(a, [1, 1, 2, 1]) as tf.Tensor4D;
  const filter = tf.reshape(b, [1, 2, 1, 1]) as tf.Tensor4D;
  const both = (x: tf.Tensor, y: tf.Tensor) => tf.concat([tf.reshape(x, [-1]), tf.reshape(y, [-1])]);
  const sums = () => [...tf.tidy(() => both(tf.matMul(a, b), tf.conv2d(image, filter, 1, "valid"))).dataSync()];
  for (let round = 0; round < 2; round++) {
    await separate.activate();
    expect(sums()).toEqual([0, 0]);
    await fused.activate();
    expect(sums()).toEqual([2 ** -24, 2 ** -24]);
  }
  await separate.activate();
  tf.dispose([a, b, image, filter]);
});

it("is idempotent and can be undone", async () => {
  const matrixKernel = await prepareMatrixKernel();
  const kernel = () => tf.getKernel(tf.BatchMatMul, "wasm").kernelFunc;
  const replaced = kernel();
  replaceWasmKernels("wasm", matrixKernel);
  expect(kernel()).toBe(replaced);
  restoreWasmKernels("wasm");
  const shipped = kernel();
  expect(shipped).not.toBe(replaced);
  restoreWasmKernels("wasm");
  expect(kernel()).toBe(shipped);
  replaceWasmKernels("wasm", matrixKernel);
  expect(kernel()).not.toBe(shipped);
});

it("has large tensors begin where a line of the cache does, and uses their memory again", async () => {
  await startBackend("wasm");
  const backend = tf.backend() as WasmBackend;
  const made = (size: number) => tf.fill([size], 1);
  const addresses = (tensors: readonly tf.Tensor[]) =>
    tensors.map(({ dataId }) => backend.dataIdMap.get(dataId).memoryOffset);
  const sizes = [256, 300, 257, 1000, 4099, 70_001];
  const first = sizes.map(made);
  expect(addresses(first).map((address) => address % 64)).toEqual(sizes.map(() => 0));
  tf.dispose(first);
  const bytes = backend.wasm.HEAPU8.length;
  // Ten times what the memory holds, had nothing been given back.
  const rounds = Math.ceil((10 * bytes) / (4 * sizes.reduce((sum, size) => sum + size)));
  for (let round = 0; round < rounds; round++) tf.dispose(sizes.map((size) => made(size + (round % 7))));
  expect(backend.wasm.HEAPU8.length).toBe(bytes);
});
