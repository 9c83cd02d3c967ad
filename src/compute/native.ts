import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { KernelBackend } from "@tensorflow/tfjs-core";
import { activate, loadCore, Unavailable } from "./activation.js";
import { loadAddon } from "./native-addon.js";

/** What libtensorflow reads when it is loaded, unless the environment says otherwise. */
const defaults: Readonly<Record<string, string>> = {
  // It should not narrate its search for GPUs.
  TF_CPP_MIN_LOG_LEVEL: "3",
  // Memory is taken as it is needed: several runs can share a card.
  TF_FORCE_GPU_ALLOW_GROWTH: "true",
  // The same run gives the same bytes; 0 trades that for speed.
  TF_DETERMINISTIC_OPS: "1",
  TF_CUDNN_DETERMINISTIC: "1",
  // Else results depend on whether an earlier run has warmed cuBLAS up.
  CUBLAS_WORKSPACE_CONFIG: ":4096:8",
};

/** Node's own reports of a GPU's name and memory, as the driver's tool gives them. */
export interface GpuReport {
  readonly name: string;
  readonly memoryMebibytes: number;
  readonly driver: string;
}

/** The NVIDIA GPUs that the driver lists; none where its tool is not installed. */
export async function nvidiaGpus(): Promise<GpuReport[]> {
  const query = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits"];
  try {
    const { stdout } = await promisify(execFile)("nvidia-smi", query, { timeout: 10_000 });
    return stdout
      .trim()
      .split("\n")
      .map((line) => line.split(",").map((cell) => cell.trim()))
      .filter((cells) => cells.length === 3)
      .map(([name, memory, driver]) => ({ name: name!, memoryMebibytes: Number(memory), driver: driver! }));
  } catch {
    return [];
  }
}

function onGpu([first, ...others]: readonly GpuReport[]): string {
  if (!first) return "GPU, CUDA";
  const memory = `${(first.memoryMebibytes / 1024).toFixed(0)} GiB`;
  // TensorFlow.js computes on one: which, CUDA_VISIBLE_DEVICES says.
  const more = others.length > 0 ? `, one of ${others.length + 1}` : "";
  return `GPU, CUDA, ${first.name} (${memory}, driver ${first.driver}${more})`;
}

/** Why a GPU that is asked for is not used. */
async function whyNoGpu(): Promise<string> {
  const gpus = await nvidiaGpus();
  if (gpus.length === 0) return "the NVIDIA driver lists no GPU (nvidia-smi): use backend tensorflow, webgpu or wasm";
  return `TensorFlow cannot use the ${gpus[0]!.name} that nvidia-smi lists: run-experiment native --cuda builds for it, and TF_CPP_MIN_LOG_LEVEL=0 shows what TensorFlow tries`;
}

interface NativeRequest {
  /** Whether computing on the CPU is an error. */
  readonly demandGpu: boolean;
  /** Where the addon lies, if not where `run-experiment native` keeps it. */
  readonly directory?: string;
}

/**
 * Starts libtensorflow. The environment's own settings come first: TF_NUM_INTRAOP_THREADS and TF_NUM_INTEROP_THREADS
 * (threads of one operation, and operations at once), TF_DETERMINISTIC_OPS, TF_CPP_MIN_LOG_LEVEL, CUDA_VISIBLE_DEVICES.
 *
 * @throws Unavailable without the addon, and with `demandGpu` without a GPU it can use
 */
export async function startNative({ demandGpu, directory }: NativeRequest) {
  for (const [name, value] of Object.entries(defaults)) process.env[name] ??= value;
  const tf = await loadCore();
  await loadAddon(tf, directory);
  await activate("tensorflow");
  const backend = tf.backend() as KernelBackend & { isUsingGpuDevice?: boolean; binding?: { TF_Version?: string } };
  const isOnGpu = backend.isUsingGpuDevice === true;
  if (demandGpu && !isOnGpu) throw new Unavailable(await whyNoGpu());
  const { addNativeKernels } = await import("./native-kernels.js");
  addNativeKernels({ isOnGpu });
  return {
    device: isOnGpu ? onGpu(await nvidiaGpus()) : `CPU, native${threads()}`,
    version: `${tf.version_core}, libtensorflow ${backend.binding?.TF_Version ?? "of unknown version"}`,
  };
}

function threads(): string {
  const count = process.env.TF_NUM_INTRAOP_THREADS;
  return count ? `, ${count} thread${count === "1" ? "" : "s"} an operation` : "";
}
