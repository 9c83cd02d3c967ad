import type { MessagePort } from "node:worker_threads";
import { ExperimentError } from "../base/errors.js";
import type { ImageDataset } from "../data/dataset.js";
import type { Manifest } from "../results/manifest.js";
import type { StepRecord } from "../training/record.js";
import { Bug, crashOf } from "./crash.js";
import { type Claim, TakenOver } from "./lock.js";
import type { PlannedRun } from "./plan.js";
import { Resources } from "./resources.js";
import { makeRun } from "./run.js";

/** One run for a worker. */
export interface WorkerTask {
  readonly planned: PlannedRun;
  /** The data set of the run, in memory that is shared with the thread that has loaded it. */
  readonly dataset?: ImageDataset | undefined;
  readonly experimentDirectory: string;
  readonly force: boolean;
  readonly claim: Claim | undefined;
  /** Carries `WorkerMessage`s out; any message in means: finish the step, save, end. */
  readonly port: MessagePort;
}

export type WorkerMessage =
  | { readonly begun: true }
  | { readonly record: StepRecord }
  | { readonly line: string }
  | { readonly crash: WorkerCrash };

/** An error after which the worker is not to be trusted with another run; errors lose their class between threads. */
export interface WorkerCrash {
  readonly message: string;
  /** Of a bug; absent where memory ran out. */
  readonly stack?: string;
}

export type WorkerResult =
  | { readonly manifest: Manifest }
  | { readonly failure: string }
  | { readonly takenOver: true };

const millisecondsBetweenRecords = 100;

/** Backends, started at a worker's first run and kept, and data sets that it was handed. The coordinating thread has announced them. */
const resources = new Resources(() => {});

function recordPoster(port: MessagePort): (record: StepRecord) => void {
  let posted = Number.NEGATIVE_INFINITY;
  return (record) => {
    if (performance.now() - posted < millisecondsBetweenRecords) return;
    posted = performance.now();
    port.postMessage({ record } satisfies WorkerMessage);
  };
}

/** Makes one run in a worker thread. What fails it is returned: errors lose their class between threads. */
export default async function work({
  planned,
  dataset,
  experimentDirectory,
  force,
  claim,
  port,
}: WorkerTask): Promise<WorkerResult> {
  const interruption = new AbortController();
  port.on("message", () => interruption.abort());
  port.postMessage({ begun: true } satisfies WorkerMessage);
  if (dataset) resources.adoptDataset(planned, dataset);
  try {
    const manifest = await makeRun(planned, resources, experimentDirectory, {
      force,
      claim,
      signal: interruption.signal,
      onRecord: recordPoster(port),
      announce: (line) => port.postMessage({ line } satisfies WorkerMessage),
    });
    port.close();
    return { manifest };
  } catch (error) {
    if (error instanceof ExperimentError) {
      port.close();
      return error instanceof TakenOver ? { takenOver: true } : { failure: error.message };
    }
    const crash = crashOf(error);
    port.postMessage({
      crash: { message: crash.message, ...(crash instanceof Bug && { stack: crash.stack ?? crash.message }) },
    } satisfies WorkerMessage);
    // Whoever reads this ends the worker: its memory may be damaged.
    return new Promise(() => {});
  }
}
