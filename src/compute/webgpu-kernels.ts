import * as tf from "@tensorflow/tfjs-core";
import { provideDeferredOperations } from "./deferred-operations.js";
import type { DenseAttributes } from "./dense-layer.js";
import type { IntensitiesAttributes } from "./intensities.js";
import { crossEntropyKernel, denseKernel, hitsKernel, intensitiesKernel, reluGradientKernel } from "./kernel-names.js";
import type { WebgpuBackend, WebgpuKernel } from "./webgpu-backend.js";
import { filterGradient } from "./webgpu-convolution.js";
import { webgpuDeferredOperations } from "./webgpu-deferred.js";
import { declarations, forEach, groupsFor, ProgramRunner, word } from "./webgpu-program.js";

const backendName = "webgpu";

/** Programs that are recorded before they are submitted: to submit costs as much as to record some twenty. */
const programsPerSubmission = 128;

const crossEntropySource = `${declarations({ logits: "f32", labels: "i32", losses: "write f32", slopes: "write f32" }, 2)}
${forEach(`
  let classes = ${word(1)};
  let first = i * classes;
  let label = first + u32(labels[i]);
  var largest = logits[first];
  for (var j = first + 1u; j < first + classes; j++) { largest = max(largest, logits[j]); }
  var sum = 0.0;
  for (var j = first; j < first + classes; j++) { sum += exp(logits[j] - largest); }
  losses[i] = log(sum) - (logits[label] - largest);
  for (var j = first; j < first + classes; j++) {
    slopes[j] = exp(logits[j] - largest) / sum - select(0.0, 1.0, j == label);
  }`)}`;

const hitsSource = `${declarations({ logits: "f32", labels: "i32", results: "write f32" }, 2)}
${forEach(`
  let first = i * ${word(1)};
  var largest = first;
  for (var j = first + 1u; j < first + ${word(1)}; j++) { if (logits[j] > logits[largest]) { largest = j; } }
  results[i] = select(0.0, 1.0, largest - first == u32(labels[i]));`)}`;

const reluGradientSource = `${declarations({ dy: "f32", x: "f32", results: "write f32" }, 1)}
${forEach("  results[i] = select(0.0, dy[i], x[i] > 0.0);")}`;

/** Four bytes a word; what each becomes is looked up, since a GPU's own division may be off by a rounding or two. */
const intensitiesSource = `${declarations({ bytes: "u32", table: "f32", results: "write f32" }, 1)}
${forEach("  results[i] = table[(bytes[i >> 2u] >> (8u * (i & 3u))) & 0xffu];")}`;

/** By name: what TensorFlow.js composes of several programs, or does on the host. */
function kernelsBy(runner: ProgramRunner): Readonly<Record<string, WebgpuKernel>> {
  const { backend } = runner;
  const shipped = (name: string) => tf.getKernel(name, backendName).kernelFunc;
  const table = runner.storage(4 * 256);
  backend.queue.writeBuffer(
    table,
    0,
    Float32Array.from({ length: 256 }, (_, byte) => byte / 255),
  );

  return {
    [crossEntropyKernel]({ inputs: { logits, labels } }) {
      const [rows, classes] = logits!.shape as [number, number];
      const [losses, slopes] = [runner.output([rows]), runner.output([rows, classes])];
      const buffers = [logits!, labels!, losses, slopes].map((tensor) => runner.bufferOf(tensor));
      runner.run(crossEntropySource, buffers, [rows, classes], groupsFor(rows));
      return [losses, slopes];
    },
    [hitsKernel]({ inputs: { logits, labels } }) {
      const [rows, classes] = logits!.shape as [number, number];
      const result = runner.output([rows]);
      const buffers = [logits!, labels!, result].map((tensor) => runner.bufferOf(tensor));
      runner.run(hitsSource, buffers, [rows, classes], groupsFor(rows));
      return result;
    },
    [reluGradientKernel]({ inputs: { dy, x } }) {
      const result = runner.output(dy!.shape);
      const size = tf.util.sizeFromShape(dy!.shape);
      const buffers = [dy!, x!, result].map((tensor) => runner.bufferOf(tensor));
      runner.run(reluGradientSource, buffers, [size], groupsFor(size));
      return result;
    },
    [denseKernel]({ inputs: { x, weights, bias }, attrs }) {
      const { isRectified } = attrs as DenseAttributes;
      const inputs = { a: x!, b: weights!, ...(bias && { bias }) };
      const activation = isRectified ? "relu" : "linear";
      const attributes = { transposeA: false, transposeB: false, activation } as unknown as tf.NamedAttrMap;
      return shipped(tf._FusedMatMul)({ inputs, attrs: attributes, backend }) as tf.TensorInfo;
    },
    [tf.Conv2DBackpropFilter]: filterGradient(runner, shipped(tf.Conv2DBackpropFilter) as unknown as WebgpuKernel),
    [intensitiesKernel]({ attrs }) {
      const { bytes, shape } = attrs as IntensitiesAttributes;
      const result = runner.output(shape);
      const words = new Uint8Array(4 * Math.ceil(bytes.length / 4));
      words.set(bytes);
      const uploaded = runner.storage(words.length);
      backend.queue.writeBuffer(uploaded, 0, words);
      const buffers = [uploaded, table, runner.bufferOf(result)];
      runner.run(intensitiesSource, buffers, [bytes.length], groupsFor(bytes.length));
      runner.release(uploaded);
      return result;
    },
  };
}

/**
 * Has numbers of the host written to the device's memory by its queue, in place of a new buffer for each. They come before
 * all commands that are not yet submitted, which is no matter: none of those uses the memory.
 */
function uploadByQueue(backend: WebgpuBackend, runner: ProgramRunner): void {
  const shipped = backend.uploadToGPU.bind(backend);
  backend.uploadToGPU = (dataId) => {
    const data = backend.tensorMap.get(dataId);
    const { values } = data;
    const isAsItIs = data.dtype === "float32" ? values instanceof Float32Array : values instanceof Int32Array;
    if (!values || values.length === 0 || !isAsItIs || data.resource) {
      shipped(dataId);
      return;
    }
    const buffer = runner.storage(values.byteLength);
    backend.queue.writeBuffer(buffer, 0, values as BufferSource);
    data.values = null;
    data.resource = buffer;
  };
}

/** Gives the WebGPU backend, which is active, programs that do more at once. Doing it twice is doing it once. */
export function addWebgpuKernels(): void {
  if (tf.getKernel(crossEntropyKernel, backendName)) return;
  const backend = tf.backend() as WebgpuBackend;
  tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", programsPerSubmission);
  const runner = new ProgramRunner(backend);
  uploadByQueue(backend, runner);
  for (const [kernelName, kernel] of Object.entries(kernelsBy(runner))) {
    if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
    tf.registerKernel({ kernelName, backendName, kernelFunc: kernel as unknown as tf.KernelFunc });
  }
  provideDeferredOperations(backendName, webgpuDeferredOperations(runner));
}
