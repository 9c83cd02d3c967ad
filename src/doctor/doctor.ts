import { cpus, freemem, totalmem } from "node:os";
import { ExperimentError, messageOf } from "../base/errors.js";
import { randomStream } from "../base/random.js";
import { type BackendName, backendNames, type StartedBackend, startBackend } from "../compute/backends.js";
import { type GpuReport, nvidiaGpus } from "../compute/native.js";
import type { ImageDataset, ImageSet } from "../data/dataset.js";
import { mlp } from "../problems/mlp.js";
import { provenance } from "../results/provenance.js";
import { nextSteps, showsGpu } from "./next-steps.js";

/** What can be said of one backend on this machine. */
export type BackendDiagnosis =
  | {
      readonly name: BackendName;
      readonly available: true;
      readonly device: string;
      readonly version: string;
      /** How many threads multiply matrices together, where that is this tool's affair */
      readonly threads?: number | undefined;
      /** Median milliseconds of loss and gradient of the trial network. */
      readonly stepMilliseconds: number;
    }
  | { readonly name: BackendName; readonly available: false; readonly reason: string };

/** The tool's surroundings, as plain data. */
export interface Diagnosis {
  readonly versions: { readonly tool: string; readonly node: string; readonly tensorflow: string };
  readonly os: string;
  readonly cpu: { readonly model: string; readonly cores: number };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  /** As nvidia-smi lists them */
  readonly nvidiaGpus: readonly GpuReport[];
  readonly backends: readonly BackendDiagnosis[];
  /** Commands that would make it faster, with their reasons */
  readonly nextSteps: readonly string[];
}

/** What is timed, in words. */
const trial = "loss and gradient, MLP 784-100-10, batch 64";
const trialBatch = 64;
const mostSteps = 10;
const mostMilliseconds = 1500;

function noiseImages(): ImageDataset {
  const stream = randomStream({ seed: 0, name: "doctor" });
  const images: ImageSet = {
    size: trialBatch,
    pixels: Uint8Array.from({ length: trialBatch * 28 * 28 }, () => stream.integer(0, 255)),
    labels: Uint8Array.from({ length: trialBatch }, () => stream.integer(0, 9)),
  };
  const facts = { name: "noise", checksum: "", source: "" };
  return { ...facts, height: 28, width: 28, channels: 1, classes: 10, train: images, test: images };
}

/** Median time of a step, without the first one, which compiles; of fewer than ten where they are slow. */
async function timeStep({ algebra }: StartedBackend): Promise<number> {
  const problem = await mlp.create(
    {
      name: "mlp",
      hidden: [100],
      activation: "relu",
      initializer: "glorotUniform",
      initialScale: 1,
      lossScale: 1,
      bias: true,
    },
    { stream: (name) => randomStream({ seed: 0, name }), dataset: noiseImages(), directory: "." },
  );
  const objective = await problem.onTensors(algebra);
  const weights = objective.initialWeights();
  const batch = Int32Array.from({ length: trialBatch }, (_, i) => i);
  const step = async () => {
    const start = performance.now();
    // The sums make every gradient be computed before the clock is stopped.
    const scalars = algebra.scope(() => {
      const { loss, gradients } = objective.lossAndGradients(weights, batch);
      return [loss, ...gradients.map((gradient) => algebra.sum(gradient))];
    });
    await algebra.read(scalars);
    return performance.now() - start;
  };
  try {
    const times: number[] = [];
    const start = performance.now();
    await step();
    while (times.length < mostSteps && (times.length === 0 || performance.now() - start < mostMilliseconds)) {
      times.push(await step());
    }
    return times.sort((a, b) => a - b)[times.length >> 1]!;
  } finally {
    algebra.dispose(weights);
    objective.dispose?.();
  }
}

async function diagnoseBackend(name: BackendName): Promise<BackendDiagnosis> {
  try {
    const started = await startBackend(name);
    const { device, version, threads } = started;
    return { name, available: true, device, version, threads, stepMilliseconds: await timeStep(started) };
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    return { name, available: false, reason: messageOf(error).replace(`backend ${name}: `, "") };
  }
}

/** Looks at the machine and tries every backend, one after the other; a few seconds. */
export async function diagnose(): Promise<Diagnosis> {
  const { tool, node, tensorflow, os } = provenance();
  const backends: BackendDiagnosis[] = [];
  for (const name of backendNames) backends.push(await diagnoseBackend(name));
  const gpus = await nvidiaGpus();
  return {
    versions: { tool, node, tensorflow },
    os,
    cpu: { model: cpus()[0]?.model.trim() ?? "unknown", cores: cpus().length },
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    nvidiaGpus: gpus,
    backends,
    nextSteps: nextSteps({ backends, nvidiaGpus: gpus, showsGpu: showsGpu(), node }),
  };
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function availableLine({ device, version, threads, stepMilliseconds }: BackendDiagnosis & { available: true }): string {
  const count = threads === undefined ? "" : `, ${threads} thread${threads === 1 ? "" : "s"}`;
  return `${stepMilliseconds.toFixed(1)} ms a step  ${device}${count}, ${version}`;
}

function backendLine(backend: BackendDiagnosis): string {
  const what = backend.available ? availableLine(backend) : `unavailable: ${backend.reason}`;
  return `  ${backend.name.padEnd(12)}${what}`;
}

/** The diagnosis as lines of text. */
export function renderDiagnosis({ versions, os, cpu, memory, nvidiaGpus, backends, nextSteps }: Diagnosis): string[] {
  const gpus = nvidiaGpus.map(
    ({ name, memoryMebibytes, driver }) => `${name}, ${gibibytes(memoryMebibytes * 2 ** 20)}, driver ${driver}`,
  );
  return [
    `run-experiment ${versions.tool}, Node ${versions.node}, TensorFlow.js ${versions.tensorflow}`,
    `${os}; ${cpu.model}, ${cpu.cores} cores; memory ${gibibytes(memory.totalBytes)}, ${gibibytes(memory.freeBytes)} free`,
    ...(gpus.length > 0 ? [`NVIDIA GPUs: ${gpus.join("; ")}`] : []),
    `backends (a step is ${trial}):`,
    ...backends.map(backendLine),
    "  float64     on the host, for problems with analytic gradients",
    ...(nextSteps.length > 0 ? ["next:", ...nextSteps.map((step) => `  ${step}`)] : []),
  ];
}
