import { spawnSync } from "node:child_process";
import * as tf from "@tensorflow/tfjs-core";
// In Node the core alone has no gradients: this library registers them.
import "@tensorflow/tfjs-layers";
import { describe, expect, it } from "vitest";
import { startBackend } from "../../src/compute/backends.js";
import { testedBackends } from "../tested-backends.js";

// `npm run test:native` runs these.
describe.runIf(testedBackends.includes("tensorflow"))("the native backend", () => {
  it("is what auto takes first, on libtensorflow, in this process's TensorFlow.js", async () => {
    const { name, version, notChosen } = await startBackend("auto");
    expect(name).toBe("tensorflow");
    expect(version).toMatch(/^4\.22\.0, libtensorflow 2\.\d+\.\d+$/);
    expect(notChosen).toEqual([]);
    expect(tf.getBackend()).toBe("tensorflow");
  });

  it("says why it has no GPU where there is none", async () => {
    await startBackend("tensorflow");
    const { isUsingGpuDevice } = tf.backend() as tf.KernelBackend & { isUsingGpuDevice: boolean };
    if (isUsingGpuDevice) expect((await startBackend("cuda")).device).toMatch(/^GPU, CUDA/);
    else
      await expect(startBackend("cuda")).rejects.toThrow(/^backend cuda: (the NVIDIA driver lists|TensorFlow cannot)/);
  });

  it("frees what TensorFlow has for it: in other shapes, and beside it", async () => {
    await startBackend("tensorflow");
    const { binding } = tf.backend() as tf.KernelBackend & { binding: { getNumOfTensors(): number } };
    const step = () =>
      tf.tidy(() => {
        const image = tf.fill([1, 4, 4, 2], 0.5) as tf.Tensor4D;
        const gradient = tf.grad((a) => tf.reshape(tf.maxPool(a as tf.Tensor4D, 2, 2, "valid"), [2, 4]))(image);
        tf.matMul(tf.reshape(gradient, [8, 4]), tf.reshape(gradient, [4, 8])).dataSync();
        tf.concat([tf.reshape(tf.tensor(["a", "b"]), [2, 1]), tf.tensor([["c"]])]).dataSync();
      });
    step();
    const before = binding.getNumOfTensors();
    for (let i = 0; i < 3; i++) step();
    expect(binding.getNumOfTensors()).toBe(before);
  });

  describe("with operations of this tool, on vectors too long for the host", () => {
    const length = 2 ** 12 + 5;
    const numbers = (phase: number) =>
      Float32Array.from({ length }, (_, i) => Math.sin(i + phase) * 2 ** ((i % 40) - 20));
    const [a, b] = [numbers(0), numbers(1)];
    const s = Math.fround(-0.1);
    const scaled = b.map((x) => s * x);
    const sums = a.map((x, i) => x + scaled[i]!);
    const norm = (x: Float32Array) => Math.fround(Math.sqrt(x.reduce((sum, one) => sum + one * one, 0)));
    const setUp = async () => {
      const { algebra } = await startBackend("tensorflow");
      const { binding } = tf.backend() as tf.KernelBackend & { binding: { getNumOfTensors(): number } };
      const made = () => [tf.memory().numTensors, tf.memory().numDataBuffers, binding.getNumOfTensors()];
      return { algebra, made, a: algebra.vector(a), b: algebra.vector(b) };
    };

    it("a product and the sum that it is put off for are those of two operations, to the bit", async () => {
      const { algebra, ...vectors } = await setUp();
      const [product, sum, reverse] = algebra.scope(() => {
        const product = algebra.scale(s, vectors.b);
        const sum = algebra.add(vectors.a, product);
        return [product, sum, algebra.add(algebra.scale(s, vectors.b), vectors.a)];
      }) as [tf.Tensor, tf.Tensor, tf.Tensor];
      expect([product, sum, reverse].map((tensor) => tensor.dataSync())).toEqual([scaled, sums, sums]);
      for (const [tensor, values] of [[product, scaled] as const, [sum, sums] as const, [vectors.b, b] as const]) {
        const found = await algebra.read([algebra.norm(tensor, 2)]);
        expect(Math.abs(found[0]! / norm(values) - 1)).toBeLessThan(2 ** -22);
      }
    });

    it("a product is computed where nothing is added to it, and not where nobody asks for it", async () => {
      const { algebra, made, ...vectors } = await setUp();
      const inUse = () => {
        const [tensors] = algebra.scope(() => {
          algebra.scale(s, vectors.b);
          const ofGone = algebra.scale(s, algebra.add(vectors.b, vectors.b));
          return [[algebra.scale(s, vectors.b), ofGone, algebra.subtract(vectors.a, algebra.scale(s, vectors.b))]];
        });
        const values = tensors!.map((tensor) => tensor.dataSync());
        tf.dispose(tensors!);
        return values;
      };
      expect(inUse()).toEqual([scaled, b.map((x) => s * Math.fround(x + x)), a.map((x, i) => x - scaled[i]!)]);
      const before = made();
      inUse();
      expect(made()).toEqual(before);
    });

    it("a vector that is added to itself, scaled, and a product of a product", async () => {
      const { algebra, a: x } = await setUp();
      const found = algebra.scope(() => {
        const twice = algebra.scale(2, x);
        return [algebra.add(x, twice), algebra.add(twice, algebra.scale(s, twice)), twice];
      });
      const doubled = a.map((x) => 2 * x);
      const expected = [a.map((x) => x + 2 * x), doubled.map((x) => x + Math.fround(s * x)), doubled];
      expect(found.map((tensor) => tensor.dataSync())).toEqual(expected);
    });

    it("norms are numbers of float32 where their squares are not", async () => {
      const { algebra } = await setUp();
      for (const size of [1e-30, 1e30]) {
        const x = algebra.vector(new Float32Array(10_000).fill(size));
        const [found] = await algebra.read([algebra.norm(x, 2)]);
        expect(Math.abs(found! / (100 * Math.fround(size)) - 1)).toBeLessThan(2 ** -22);
      }
    });
  });

  it("computes with few numbers as with many", async () => {
    await startBackend("tensorflow");
    const columns = (rows: number) =>
      tf.tensor(
        Float32Array.from({ length: rows }, (_, i) => 1 / (i + 3)),
        [rows, 1],
      );
    const table = (rows: number) =>
      tf.tensor(
        Float32Array.from({ length: 6 * rows }, (_, i) => Math.cos(i)),
        [rows, 6],
      );
    const results = (rows: number) =>
      [tf.add, tf.sub, tf.mul, tf.div].flatMap((operation) =>
        [
          operation(columns(rows), table(rows)),
          operation(table(rows), columns(rows)),
          operation(table(rows), table(rows)),
          operation(tf.scalar(0.3), table(rows)),
          operation(table(rows), tf.tensor([[0.7]])),
          operation(tf.tensor([1, 2, 3, 4, 5, 6]), table(rows)),
        ].map((tensor) => {
          expect(tensor.shape).toEqual([rows, 6]);
          return tensor.dataSync().slice(0, 6 * 10);
        }),
      );
    expect(results(10)).toEqual(results(1000));
  });

  it("starts in a thread after others that had started it have ended", () => {
    const inThread = `
      import { startBackend } from "${new URL("../../dist/compute/backends.js", import.meta.url).href}";
      const { algebra } = await startBackend("tensorflow");
      console.log(await algebra.read([algebra.norm(algebra.vector(new Float32Array(10_000).fill(1)), 2)]));`;
    const program = `
      import { Worker } from "node:worker_threads";
      for (let i = 0; i < 2; i++) {
        const worker = new Worker(new URL("data:text/javascript,${encodeURIComponent(inThread)}"));
        await new Promise((resolve) => worker.on("exit", resolve));
      }`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "[ 100 ]\n[ 100 ]\n", stderr: "" });
  });

  it("logs nothing and ends cleanly", () => {
    const program = `
      import { startBackend } from "./dist/compute/backends.js";
      const { algebra } = await startBackend("tensorflow");
      console.log(await algebra.read([algebra.norm(algebra.vector([3, 4]), 2)]));`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
      encoding: "utf8",
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "[ 5 ]\n", stderr: "" });
  });
});
