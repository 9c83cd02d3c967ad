import { ExperimentError } from "../base/errors.js";
import { activate, activateAgain, loadCore, Unavailable } from "./activation.js";
import { provideHostReductions } from "./host-reductions.js";
import { startNative } from "./native.js";
import type { TensorAlgebra } from "./tensors.js";
import type { WasmBackendName } from "./wasm-backend.js";
import { startWebgpu } from "./webgpu.js";

/** A TensorFlow.js backend that is running, and what it runs on. */
export interface StartedBackend {
  readonly name: BackendName;
  /** What computes, CPU or GPU first, e.g. "CPU, WebAssembly with SIMD". */
  readonly device: string;
  readonly version: string;
  /** How many threads multiply matrices together, where that is this tool's affair; what they compute does not depend on it. */
  readonly threads?: number;
  /** Version of the kernels this tool brings, and of the library they stand beside: part of a run's identity. */
  readonly kernels: string;
  readonly algebra: TensorAlgebra;
  /** Makes it the active one of this process again, after another one was started. */
  activate(): Promise<void>;
  /** The backends `auto` would have preferred, and why they cannot be had. */
  readonly notChosen: readonly { readonly name: BackendName; readonly reason: string }[];
}

export interface BackendOptions {
  /** False: the wasm kernels as shipped, for comparison. */
  readonly patched?: boolean;
}

interface StartRequest extends BackendOptions {
  /** True where `auto` asks, which takes no device that is slower than the backends after it. */
  readonly isAutomatic: boolean;
}

interface BackendDefinition {
  readonly name: string;
  readonly summary: string;
  /** Whether `auto` tries it. */
  readonly automatic: boolean;
  /** Raised whenever the numbers of the kernels that this tool replaces or adds change. */
  readonly kernels: number;
  /** Whether several threads of a process can compute on it side by side, and gain by it. */
  readonly shareable: boolean;
  /** Whether it has a copy of its own of numbers as soon as a tensor is made of them. */
  readonly copiesInput: boolean;
  /**
   * Up to how many weights runs gain by being computed together rather than one by one, by device; absent: they do not, or
   * it was not measured, or what each computes alone is promised to the byte.
   */
  readonly batchedWeights?: Readonly<Record<string, number>>;
  /** Whether the same device and version compute the same bits on every machine. */
  readonly portable: boolean;
  /** @throws Unavailable with the reason and the mend */
  start(request: StartRequest): Promise<Pick<StartedBackend, "device" | "version" | "threads">>;
}

const startsWasm =
  (name: WasmBackendName) =>
  async ({ patched = true }: StartRequest) => {
    const { startWasm } = await import("./wasm.js");
    return startWasm(name, { patched });
  };

/** In the order in which `auto` tries them. */
const backends = [
  {
    name: "tensorflow",
    summary: "native TensorFlow, built by `run-experiment native`: CUDA where there is a GPU, else the CPU",
    automatic: true,
    kernels: 4,
    shareable: false,
    copiesInput: false,
    // On a CPU with two cores, 16 runs: 784-10 and 784-32-10 take a third of the time, 784-128-10 half, 784-300-100-10 as long.
    batchedWeights: { CPU: 120_000 },
    portable: false,
    start: () => startNative({ demandGpu: false }),
  },
  {
    name: "cuda",
    summary: "native TensorFlow, an error without a CUDA GPU",
    automatic: false,
    kernels: 3,
    shareable: false,
    copiesInput: false,
    portable: false,
    start: () => startNative({ demandGpu: true }),
  },
  {
    name: "webgpu",
    summary: "any GPU with Vulkan, Metal or Direct3D 12; auto takes no software adapter",
    automatic: true,
    kernels: 4,
    shareable: false,
    copiesInput: false,
    // On an H100, 16 runs: whole commands of 784-10 take 0.6 times as long, 784-32-10 and 784-1024-1024-10 half.
    batchedWeights: { GPU: 2_000_000 },
    portable: false,
    start: startWebgpu,
  },
  {
    name: "wasm",
    summary: "WebAssembly on the CPU, installed with the tool",
    automatic: true,
    kernels: 5,
    shareable: true,
    copiesInput: true,
    portable: true,
    start: startsWasm("wasm"),
  },
  {
    name: "wasm-fma",
    summary: "the same with fused multiply-add, on Node 22 or later: faster matrix products, other last digits",
    automatic: false,
    kernels: 1,
    shareable: true,
    copiesInput: true,
    portable: true,
    start: startsWasm("wasm-fma"),
  },
  {
    name: "cpu",
    summary: "plain JavaScript on the CPU: slow, for comparison",
    automatic: true,
    kernels: 3,
    shareable: true,
    copiesInput: false,
    portable: false,
    async start() {
      const tf = await loadCore();
      await import("@tensorflow/tfjs-backend-cpu");
      await activate("cpu");
      const { cpuReductions } = await import("./cpu-reductions.js");
      provideHostReductions("cpu", cpuReductions);
      const { registerBatchNormalisationKernels } = await import("./batch-normalisation-kernels.js");
      registerBatchNormalisationKernels("cpu");
      const { correctAveragePoolGradient } = await import("./average-pool-gradient.js");
      correctAveragePoolGradient("cpu");
      return { device: "CPU, JavaScript", version: tf.version_core };
    },
  },
] as const satisfies readonly BackendDefinition[];

export type BackendName = (typeof backends)[number]["name"];

/** The names a config can give, in the order in which `auto` tries them. */
export const backendNames: readonly BackendName[] = backends.map(({ name }) => name);

/** Whether several threads can compute on this backend at once; the host's own arithmetic always can be shared. */
export const isShareable = (name: string): boolean =>
  backends.find((backend) => backend.name === name)?.shareable ?? true;

/** Whether the memory from which this backend has made a tensor may be used again at once. */
export const copiesInput = (name: string): boolean =>
  backends.find((backend) => backend.name === name)?.copiesInput ?? false;

/** Up to how many weights runs gain by being computed together on this backend and device; 0: they do not. */
export function batchedWeights(name: string, device: string): number {
  const definition: BackendDefinition | undefined = backends.find((backend) => backend.name === name);
  return definition?.batchedWeights?.[device] ?? 0;
}

/**
 * Whether what is computed on this backend is the same on every machine, as long as its version is. So it is on
 * WebAssembly, whose arithmetic is specified to the bit, whatever registers it has; and fused where it can be had, which a
 * trial has found out when the backend has started. Elsewhere the order of sums is the processor's affair.
 */
export const isPortable = (name: string): boolean =>
  backends.find((backend) => backend.name === name)?.portable ?? false;

/** One line on every backend. */
export const backendSummaries = backends.map(({ name, summary }) => ({ name, summary }));

/**
 * Starts a TensorFlow.js backend and makes it the active one of this process.
 *
 * @param choice a name, or "auto" for the first one in order that can be had
 * @throws ExperimentError if the one named, or with "auto" every one, cannot be had
 */
export async function startBackend(choice: string, options: BackendOptions = {}): Promise<StartedBackend> {
  const candidates: readonly (BackendDefinition & { name: BackendName })[] = backends.filter(({ name, automatic }) =>
    choice === "auto" ? automatic : name === choice,
  );
  if (candidates.length === 0) {
    throw new ExperimentError(`backend ${choice} is unknown; expected auto or one of ${backendNames.join(", ")}`);
  }
  const notChosen: { name: BackendName; reason: string }[] = [];
  for (const { name, kernels, start } of candidates) {
    try {
      const running = await start({ ...options, isAutomatic: choice === "auto" });
      const { tensorAlgebra } = await import("./tensors.js");
      const algebra = tensorAlgebra();
      return {
        name,
        ...running,
        kernels: `${kernels}, ${running.version}`,
        algebra,
        activate: () => activateAgain(algebra.backend),
        notChosen,
      };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      notChosen.push({ name, reason: error.message });
    }
  }
  throw new ExperimentError(notChosen.map(({ name, reason }) => `backend ${name}: ${reason}`).join("; "));
}
