import { existsSync, readdirSync } from "node:fs";
import type { GpuReport } from "../compute/native.js";
import type { BackendDiagnosis } from "./doctor.js";

/** Whether the system shows a GPU of any make: on Linux a render node, elsewhere always. */
export function showsGpu(): boolean {
  if (process.platform !== "linux") return true;
  return existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
}

export interface Surroundings {
  readonly backends: readonly BackendDiagnosis[];
  readonly nvidiaGpus: readonly GpuReport[];
  readonly showsGpu: boolean;
  readonly node: string;
}

/** What to do next to compute faster, as commands with their reasons; the most useful first. */
export function nextSteps({ backends, nvidiaGpus, showsGpu, node }: Surroundings): string[] {
  const of = (name: string) => backends.find((backend) => backend.name === name);
  const works = (name: string) => of(name)?.available === true;
  const millisecondsOn = (name: string) => {
    const backend = of(name);
    return backend?.available ? backend.stepMilliseconds : Number.POSITIVE_INFINITY;
  };
  const webgpu = of("webgpu");
  const isOnGpu = webgpu?.available === true && webgpu.device.startsWith("GPU");
  const steps: string[] = [];
  if (nvidiaGpus.length > 0 && !works("cuda")) {
    steps.push(`run-experiment native --cuda    builds the native backend for the ${nvidiaGpus[0]!.name}`);
  } else if (!works("tensorflow")) {
    steps.push("run-experiment native    builds the native backend, which computes on all cores");
  }
  if (!works("tensorflow") && !isOnGpu && Number.parseInt(node.replace("v", ""), 10) < 24) {
    steps.push("Node 24 or newer    has WebAssembly compute on registers of 256 bits, where the processor has them");
  }
  if (!works("tensorflow") && !isOnGpu && millisecondsOn("wasm-fma") < millisecondsOn("wasm")) {
    steps.push("run-experiment <config> --backend wasm-fma    was faster here than wasm; last digits differ");
  }
  if (isOnGpu && !works("cuda")) {
    steps.push("run-experiment <config> --backend webgpu    computes on the GPU that is found");
  }
  if (webgpu?.available === false && (showsGpu || nvidiaGpus.length > 0)) {
    steps.push(`for --backend webgpu: ${webgpu.reason}`);
  }
  return steps;
}
