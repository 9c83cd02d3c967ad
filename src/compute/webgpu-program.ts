import * as tf from "@tensorflow/tfjs-core";
import type { WebgpuBackend } from "./webgpu-backend.js";

/** How many invocations a workgroup has, unless a program says otherwise: what every device can. */
export const workgroupSize = 256;

/**
 * What a program in WGSL begins with: `buffers`, each of the type and access that is given, and `P`, its parameters, four
 * to a vector.
 */
export function declarations(buffers: Readonly<Record<string, string>>, parameters: number): string {
  const lines = Object.entries(buffers).map(([name, type], i) => {
    const access = type.startsWith("write ") ? "read_write" : "read";
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${type.replace("write ", "")}>;`;
  });
  const words = `array<vec4<u32>, ${Math.ceil(parameters / 4)}>`;
  return [...lines, `@group(0) @binding(${lines.length}) var<uniform> P: ${words};`].join("\n");
}

/** The parameter at this place, as a whole number of 32 bits. */
export const word = (place: number): string => `P[${place >> 2}][${place & 3}]`;

/** The same as a float32 number. */
export const float = (place: number): string => `bitcast<f32>(${word(place)})`;

/** What a program has that does its work for each of so many rows, entries or words: `i` is which. */
export const forEach = (body: string): string => `
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * ${workgroupSize}u;
  if (i >= ${word(0)}) { return; }
${body}
}`;

/** Workgroups for so many invocations. */
export const groupsFor = (count: number): number => Math.ceil(count / workgroupSize);

/** NaN by its bits: compilers may take it for granted that there is none. */
export const nanTest = `
fn isNaN(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn areNaN(x: vec4<f32>) -> vec4<bool> { return (bitcast<vec4<u32>>(x) & vec4(0x7fffffffu)) > vec4(0x7f800000u); }`;

/**
 * A function of this name: a number whose origin the compiler does not see, by a parameter that is always 0. Compilers for
 * GPUs may else compute (a/b)/c as a/(b·c), which can leave float32 where the former does not, or round a·b + c once.
 */
export const opaque = (zero: number, type: "f32" | "vec4<f32>" = "f32", name = "opaque"): string => {
  const bits = type.replace("f32", "u32");
  return `fn ${name}(x: ${type}) -> ${type} { return bitcast<${type}>(bitcast<${bits}>(x) ^ ${bits}(${word(zero)})); }`;
};

const float32 = new Float32Array(1);
const bits = new Uint32Array(float32.buffer);

/** The bits of a float32 number. */
export function bitsOf(value: number): number {
  float32[0] = value;
  return bits[0]!;
}

interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Bytes of results whose memory waits to be free again: then what is recorded is submitted. */
const mostBytes = 2 ** 28;

/**
 * Records programs of our own among those of TensorFlow.js, in the order in which they are called.
 */
export class ProgramRunner {
  /** By their source. */
  private readonly pipelines = new Map<string, Pipeline>();
  private bytesAtSubmit = 0;

  constructor(readonly backend: WebgpuBackend) {
    // Each submission costs as much as many programs, and memory is free again only after it.
    const { recordAndSubmit, submitQueue } = backend;
    backend.recordAndSubmit = (...call) => {
      recordAndSubmit.apply(backend, call);
      this.submitIfMuch();
    };
    backend.submitQueue = () => {
      submitQueue.call(backend);
      this.bytesAtSubmit = backend.bufferManager.numBytesUsed;
    };
  }

  /** Memory of so many bytes for results and operands. */
  storage(bytes: number): GPUBuffer {
    return this.backend.bufferManager.acquireBuffer(
      bytes,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
  }

  /** Has memory that recorded commands use be free after them. */
  release(buffer: GPUBuffer): void {
    this.backend.uniformPendingDisposal.push(buffer);
  }

  /** The tensor's memory on the device, which stays the tensor's as long as recorded commands need it. */
  bufferOf({ dataId }: { readonly dataId: tf.DataId }): GPUBuffer {
    const { backend } = this;
    backend.uploadToGPU(dataId);
    backend.commandQueueOwnedIds.add(dataId);
    return backend.tensorMap.get(dataId).resource!;
  }

  /** A tensor to be filled. */
  output(shape: readonly number[], dtype: tf.DataType = "float32"): tf.TensorInfo {
    return this.backend.makeTensorInfo(shape, dtype);
  }

  /**
   * Runs a program.
   *
   * @param source in WGSL, with an entry point `main`
   * @param buffers as its declarations have them
   * @param parameters words of 32 bits
   * @param groups how many workgroups; more than a device has in one dimension are laid out in two
   */
  run(source: string, buffers: readonly GPUBuffer[], parameters: ArrayLike<number>, groups: number): void {
    const { backend } = this;
    const { pipeline, layout } = this.pipelineOf(source);
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const group = backend.device.createBindGroup({
      layout,
      entries: [...entries, { binding: buffers.length, resource: { buffer: this.uniform(parameters) } }],
    });
    backend.ensureCommandEncoderReady();
    backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    const pass = backend.computePassEncoder;
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    const columns = Math.min(groups, backend.device.limits.maxComputeWorkgroupsPerDimension);
    pass.dispatchWorkgroups(columns, Math.ceil(groups / columns));
    backend.dispatchCountInPass++;
    if (backend.dispatchCountInPass >= (tf.env().get("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE") as number)) this.submit();
    else this.submitIfMuch();
  }

  /** Copies numbers between buffers, places and counts being in numbers of 32 bits. */
  copy(from: GPUBuffer, fromPlace: number, to: GPUBuffer, toPlace: number, count: number): void {
    const { backend } = this;
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    backend.commandEncoder!.copyBufferToBuffer(from, 4 * fromPlace, to, 4 * toPlace, 4 * count);
  }

  private pipelineOf(source: string): Pipeline {
    const known = this.pipelines.get(source);
    if (known) return known;
    const { device } = this.backend;
    const module = device.createShaderModule({ code: source });
    const pipeline = device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    const made = { pipeline, layout: pipeline.getBindGroupLayout(0) };
    this.pipelines.set(source, made);
    return made;
  }

  private uniform(parameters: ArrayLike<number>): GPUBuffer {
    const { bufferManager, queue } = this.backend;
    const words = new Uint32Array(4 * Math.ceil(parameters.length / 4));
    words.set(parameters);
    const buffer = bufferManager.acquireBuffer(words.byteLength, GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM);
    queue.writeBuffer(buffer, 0, words);
    this.release(buffer);
    return buffer;
  }

  private submitIfMuch(): void {
    const { bufferManager, commandEncoder } = this.backend;
    if (commandEncoder && bufferManager.numBytesUsed - this.bytesAtSubmit > mostBytes) this.submit();
  }

  private submit(): void {
    this.backend.endComputePassEncoder();
    this.backend.submitQueue();
  }
}
