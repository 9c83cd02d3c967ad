import type { KernelBackend, Tensor } from "@tensorflow/tfjs-core";
import { ExperimentError, messageOf } from "../errors.js";
import type { Algebra } from "./algebra.js";

/** A TensorFlow.js backend that is running, and what it runs on. */
export interface StartedBackend {
  readonly name: BackendName;
  /** What computes, e.g. "CPU, WebAssembly with SIMD". */
  readonly device: string;
  readonly version: string;
  readonly algebra: Algebra<Tensor, Tensor>;
  /** The backends `auto` would have preferred, and why they cannot be had. */
  readonly notChosen: readonly { readonly name: BackendName; readonly reason: string }[];
}

export interface BackendOptions {
  /** False: the wasm kernels as shipped, for comparison. */
  readonly patched?: boolean;
}

interface BackendDefinition {
  readonly name: string;
  readonly summary: string;
  /** Whether `auto` tries it. */
  readonly automatic: boolean;
  /** Whether several threads of a process can compute on it side by side, and gain by it. */
  readonly shareable: boolean;
  /** @throws Unavailable with the reason and the mend */
  start(options: BackendOptions): Promise<{ readonly device: string; readonly version: string }>;
}

/** Why a backend cannot be used here, in one line that says how to mend it. */
class Unavailable extends Error {}

async function loadCore() {
  const tf = await import("@tensorflow/tfjs-core");
  // TensorFlow.js's own switch for its advice to the console.
  tf.enableProdMode();
  return tf;
}

/** TensorFlow.js goes on with another backend where one cannot be initialised: both of its answers are checked. */
async function activate(name: string): Promise<void> {
  const tf = await loadCore();
  const isActive = await tf.setBackend(name);
  if (!isActive || tf.getBackend() !== name) {
    throw new Unavailable(`TensorFlow.js ${tf.version_core} cannot initialise it on this machine; use another backend`);
  }
}

/** Runs f and removes the listeners for uncaught errors that it adds: how the process ends is not a backend's decision. */
async function withoutErrorListeners(f: () => Promise<void>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"];
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit")));
  try {
    await f();
  } finally {
    for (const event of events) {
      for (const listener of process.listeners(event as "exit")) {
        if (!before.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}

const nativePackage: string = "@tensorflow/tfjs-node-gpu";

/** Loads the native addon, which is optional. */
async function loadNative(): Promise<void> {
  if (Number.parseInt(process.versions.node, 10) >= 23) {
    throw new Unavailable(
      `tfjs-node 4.22 does not run on Node ${process.versions.node} (it calls util.isNullOrUndefined, removed in Node 23); use Node 20 or 22`,
    );
  }
  // Unless asked to, libtensorflow should not narrate its search for GPUs.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  try {
    await import(nativePackage);
  } catch (error) {
    const reason = messageOf(error).replace(/[\s.]+$/, "");
    throw new Unavailable(
      reason.includes(`'${nativePackage}'`)
        ? `${nativePackage} is not installed (it is optional); npm install ${nativePackage}, or use backend wasm`
        : `${nativePackage} cannot be loaded (${reason}); install it again, or use backend wasm`,
    );
  }
}

async function startNative({ demandGpu }: { demandGpu: boolean }) {
  await loadNative();
  await activate("tensorflow");
  const tf = await loadCore();
  const backend = tf.backend() as KernelBackend & { isUsingGpuDevice?: boolean; binding?: { TF_Version?: string } };
  const isOnGpu = backend.isUsingGpuDevice === true;
  if (demandGpu && !isOnGpu) {
    throw new Unavailable(
      "TensorFlow finds no CUDA GPU it can use; TF_CPP_MIN_LOG_LEVEL=0 shows why, or use backend tensorflow",
    );
  }
  return {
    device: isOnGpu ? "GPU, CUDA" : "CPU, native",
    version: `${tf.version_core}, libtensorflow ${backend.binding?.TF_Version ?? "of unknown version"}`,
  };
}

/** In the order in which `auto` tries them. */
const backends = [
  {
    name: "tensorflow",
    summary: "native TensorFlow (tfjs-node-gpu): CUDA where there is a GPU, else the CPU",
    automatic: true,
    shareable: false,
    start: () => startNative({ demandGpu: false }),
  },
  {
    name: "cuda",
    summary: "native TensorFlow (tfjs-node-gpu), an error without a GPU",
    automatic: false,
    shareable: false,
    start: () => startNative({ demandGpu: true }),
  },
  {
    name: "wasm",
    summary: "WebAssembly on the CPU, installed with the tool",
    automatic: true,
    shareable: true,
    async start({ patched = true }) {
      const tf = await loadCore();
      await import("@tensorflow/tfjs-backend-wasm");
      const { replaceWasmKernels, restoreWasmKernels } = await import("./wasm-kernels.js");
      if (patched) replaceWasmKernels();
      else restoreWasmKernels();
      await withoutErrorListeners(() => activate("wasm"));
      const hasSimd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
      return { device: `CPU, WebAssembly ${hasSimd ? "with" : "without"} SIMD`, version: tf.version_core };
    },
  },
  {
    name: "cpu",
    summary: "plain JavaScript on the CPU: slow, for comparison",
    automatic: true,
    shareable: true,
    async start() {
      const tf = await loadCore();
      await import("@tensorflow/tfjs-backend-cpu");
      await activate("cpu");
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
  for (const { name, start } of candidates) {
    try {
      const running = await start(options);
      const { tensorAlgebra } = await import("./tensors.js");
      return { name, ...running, algebra: tensorAlgebra(), notChosen };
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      notChosen.push({ name, reason: error.message });
    }
  }
  throw new ExperimentError(notChosen.map(({ name, reason }) => `backend ${name}: ${reason}`).join("; "));
}
