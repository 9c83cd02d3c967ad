import type { MessagePort } from "node:worker_threads";
import { ExperimentError } from "../base/errors.js";
import type { ImageDataset } from "../data/dataset.js";
import type { Manifest } from "../results/manifest.js";
import type { StepRecord } from "../training/record.js";
import { Bug, crashOf } from "./crash.js";
import { type Claim, TakenOver } from "./lock.js";
import type { PlannedRun } from "./plan.js";
import { Resources } from "./resources.js";
import { type Assignment, makeRuns } from "./together.js";

/** One run for a worker. */
export interface WorkerRun {
  readonly planned: PlannedRun;
  readonly force: boolean;
  readonly claim: Claim | undefined;
  /** Carries `WorkerMessage`s out; any message in means: finish the step, save, end. */
  readonly port: MessagePort;
}

/** What a worker makes at a time: a run, or several that it trains together. */
export interface WorkerTask {
  readonly runs: readonly WorkerRun[];
  /** The data set of the runs, in memory that is shared with the thread that has loaded it. */
  readonly dataset?: ImageDataset | undefined;
  readonly experimentDirectory: string;
}

export type WorkerMessage =
  | { readonly begun: true }
  | { readonly record: StepRecord }
  | { readonly line: string }
  | { readonly result: WorkerResult }
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

/** What the run is made with, and told through its port. */
function assignmentOf({ planned, force, claim, port }: WorkerRun): Assignment {
  const interruption = new AbortController();
  port.on("message", () => interruption.abort());
  port.postMessage({ begun: true } satisfies WorkerMessage);
  const options = {
    force,
    claim,
    signal: interruption.signal,
    onRecord: recordPoster(port),
    announce: (line: string) => port.postMessage({ line } satisfies WorkerMessage),
  };
  return { planned, options };
}

/** What became of a run. What fails it is told: errors lose their class between threads. */
async function messageOf(run: Promise<Manifest>): Promise<WorkerMessage> {
  try {
    return { result: { manifest: await run } };
  } catch (error) {
    if (error instanceof TakenOver) return { result: { takenOver: true } };
    if (error instanceof ExperimentError) return { result: { failure: error.message } };
    const crash = crashOf(error);
    return { crash: { message: crash.message, ...(crash instanceof Bug && { stack: crash.stack ?? crash.message }) } };
  }
}

/** Makes runs in a worker thread, and tells of each by its port what it came to. */
export default async function work({ runs, dataset, experimentDirectory }: WorkerTask): Promise<void> {
  const assignments = runs.map(assignmentOf);
  if (dataset) for (const { planned } of runs) resources.adoptDataset(planned, dataset);
  const ends = makeRuns(assignments, resources, experimentDirectory).map(async (run, i) => {
    const message = await messageOf(run);
    const { port } = runs[i]!;
    port.postMessage(message);
    if ("crash" in message) return false;
    port.close();
    return true;
  });
  // Whoever reads of a crash ends the worker: its memory may be damaged.
  if (!(await Promise.all(ends)).every(Boolean)) await new Promise(() => {});
}
