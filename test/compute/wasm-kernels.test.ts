import * as tf from "@tensorflow/tfjs-core";
// The core alone has no gradients in Node; the layers register them.
import "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { prepareMatrixKernel } from "../../src/compute/matrix-kernel.js";
import { replaceWasmKernels, restoreWasmKernels } from "../../src/compute/wasm-kernels.js";

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
  const largest = Math.max(1, ...cpu.flat().map(Math.abs));
  wasm.flat().forEach((value, i) => {
    expect(Math.abs(value - cpu.flat()[i]!)).toBeLessThan(2e-6 * largest);
  });
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

const image = fc.record({
  height: fc.integer({ min: 4, max: 9 }),
  width: fc.integer({ min: 4, max: 9 }),
  channels: fc.integer({ min: 1, max: 3 }),
  kernel: fc.record({ height: fc.integer({ min: 1, max: 4 }), width: fc.integer({ min: 1, max: 4 }) }),
  stride: fc.integer({ min: 1, max: 3 }),
  pad: fc.constantFrom("same" as const, "valid" as const),
  seed: fc.integer({ min: 1, max: 1000 }),
});

it("has the cpu backend's convolutions and their gradients", async () => {
  await fc.assert(
    fc.asyncProperty(image, async ({ height, width, channels, kernel, stride, pad, seed }) => {
      expectClose(
        await onBoth(() => {
          const x = tf.randomUniform([2, height, width, channels], -1, 1, "float32", seed) as tf.Tensor4D;
          const filter = tf.randomUniform([kernel.height, kernel.width, channels, 3], -1, 1, "float32", seed + 1);
          const f = (a?: tf.Tensor, b?: tf.Tensor) =>
            tf.square(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad));
          const bias = tf.linspace(-1, 1, 3);
          const fused = tf.fused.conv2d({
            x,
            filter: filter as tf.Tensor4D,
            strides: stride,
            pad,
            bias,
            activation: "relu",
          });
          return [fused, f(x, filter), ...tf.grads(f)([x, filter])];
        }),
      );
    }),
    { seed: 6, numRuns: 40 },
  );
});

it("has the cpu backend's gradient of max pooling, below zero too", async () => {
  await fc.assert(
    fc.asyncProperty(image, async ({ height, width, channels, kernel, stride, pad, seed }) => {
      expectClose(
        await onBoth(() => {
          const x = tf.randomUniform([2, height, width, channels], -1, 0.2, "float32", seed) as tf.Tensor4D;
          const pool = (a: tf.Tensor) => tf.maxPool(a as tf.Tensor4D, [kernel.height, kernel.width], stride, pad);
          return [tf.grad((a) => tf.square(pool(a)))(x)];
        }),
      );
    }),
    { seed: 8, numRuns: 30 },
  );
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

it("frees the transposed copies", async () => {
  await tf.setBackend("wasm");
  const [a, b] = [tf.ones([3, 2]), tf.ones([4, 3])];
  const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
  for (let i = 0; i < 5; i++) {
    tf.matMul(a, b, true, true).dispose();
    // A matrix of one row is transposed without a copy: its data must survive.
    tf.tidy(() => {
      tf.matMul(tf.reshape(a, [1, 6]), tf.reshape(a, [1, 6]), true, false);
    });
  }
  expect([tf.memory().numTensors, tf.engine().backend.numDataIds()]).toEqual(before);
  expect(Array.from(a.dataSync())).toEqual([1, 1, 1, 1, 1, 1]);
  tf.dispose([a, b]);
});

it("is idempotent and can be undone", async () => {
  const matrixKernel = await prepareMatrixKernel();
  const kernel = () => tf.getKernel(tf.BatchMatMul, "wasm").kernelFunc;
  const replaced = kernel();
  replaceWasmKernels(matrixKernel);
  expect(kernel()).toBe(replaced);
  restoreWasmKernels();
  const shipped = kernel();
  expect(shipped).not.toBe(replaced);
  restoreWasmKernels();
  expect(kernel()).toBe(shipped);
  replaceWasmKernels(matrixKernel);
  expect(kernel()).not.toBe(shipped);
});
