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
