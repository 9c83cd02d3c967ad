import { existsSync } from "node:fs";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { ExperimentError, messageOf } from "../base/errors.js";
import { type Manifest, readManifest, writeManifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { Bug } from "./crash.js";
import type { Executor } from "./executor.js";
import { TakenOver } from "./lock.js";
import type { PlannedRun } from "./plan.js";
import type { Resources } from "./resources.js";
import type { RunOptions } from "./run.js";
import type { WorkerCrash, WorkerMessage, WorkerResult, WorkerTask } from "./worker.js";

export interface PoolOptions {
  /** Worker threads, each making one run at a time. */
  readonly jobs: number;
  /** Where the data sets of the runs are: they are shared with the workers, not copied. */
  readonly resources: Pick<Resources, "plannedDataset">;
  /** Limit of each worker's JavaScript heap; default: Node's. Tensors do not count. */
  readonly heapMegabytes?: number;
}

/** Node fires a longer one at once. */
const longestTimeout = 2 ** 31 - 1;

/** A step leaves little to be collected: V8's default for new objects, 48 MB, would be filled by each worker. */
const youngMegabytes = 12;

/** A worker that was asked to end and has not by then is ended. */
const secondsToEnd = 5;

/** Writes what the worker could not: its run's failure. The trace and the last checkpoint stay. */
function recordFailure(runDirectory: string, reason: string): Manifest | undefined {
  const manifest = existsSync(runDirectory) ? readManifest(runDirectory) : undefined;
  if (!manifest) return undefined;
  const { process: _, ...facts } = manifest;
  const failed: Manifest = { ...facts, status: "failed", stopReason: reason };
  writeManifest(runDirectory, failed);
  return failed;
}

const reasons: Readonly<Record<string, string>> = {
  ERR_WORKER_OUT_OF_MEMORY: "its worker ran out of memory",
};

function reasonOf(error: unknown): string {
  const known = reasons[(error as NodeJS.ErrnoException).code ?? ""];
  return known ?? `its worker crashed: ${messageOf(error)}`;
}

/** Makes runs in worker threads. A worker that crashes fails its own run, and another takes its place. */
export class WorkerPool implements Executor {
  readonly jobs: number;
  private readonly resources: PoolOptions["resources"];
  private readonly pool: Piscina<WorkerTask, WorkerResult>;
  /** Ends a run that no worker has begun, by its termination: what to do when a worker cannot even start. */
  private readonly waiting = new Map<AbortController, (error: unknown) => void>();

  constructor({ jobs, resources, heapMegabytes }: PoolOptions) {
    this.jobs = jobs;
    this.resources = resources;
    this.pool = new Piscina<WorkerTask, WorkerResult>({
      filename: new URL("./worker.js", import.meta.url).href,
      minThreads: 1,
      maxThreads: jobs,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A waiting worker should answer messages and keep no core busy.
      atomics: "disabled",
      resourceLimits: {
        maxYoungGenerationSizeMb: youngMegabytes,
        ...(heapMegabytes && { maxOldGenerationSizeMb: heapMegabytes }),
      },
    });
    // A worker that crashes while it has no run: it could not start, so nothing would ever take the runs that wait.
    this.pool.on("error", (error: unknown) => {
      for (const end of this.waiting.values()) end(error);
    });
  }

  async execute(planned: PlannedRun, experimentDirectory: string, options: RunOptions): Promise<Manifest> {
    const { run, id } = planned;
    const { force = false, claim, signal, onRecord, announce } = options;
    const dataset = await this.resources.plannedDataset(planned);
    const { port1, port2 } = new MessageChannel();
    const termination = new AbortController();
    const timers: NodeJS.Timeout[] = [];
    let overtime = false;
    let crash: WorkerCrash | undefined;
    this.waiting.set(termination, (error) => {
      crash = { message: reasonOf(error) };
      termination.abort();
    });
    const end = () => port1.postMessage("end");
    const { wallSeconds } = run.config.stop;
    const expire = () => {
      overtime = true;
      end();
      timers.push(setTimeout(() => termination.abort(), secondsToEnd * 1000));
    };
    const wait = (milliseconds: number): void => {
      const slice = Math.min(milliseconds, longestTimeout);
      timers.push(setTimeout(() => (milliseconds > slice ? wait(milliseconds - slice) : expire()), slice));
    };
    port1.on("message", (message: WorkerMessage) => {
      // From now on it computes: how long a busy machine takes to start a worker is none of the run's time.
      if ("begun" in message && wallSeconds !== undefined) wait(wallSeconds * 1000);
      this.waiting.delete(termination);
      if ("record" in message) onRecord?.(message.record);
      else if ("line" in message) announce?.(message.line);
      else if ("crash" in message) {
        crash = message.crash;
        termination.abort();
      }
    });
    signal?.addEventListener("abort", end);
    const fail = ({ message, stack }: WorkerCrash): never => {
      recordFailure(join(runsDirectory(experimentDirectory), id), message);
      throw stack === undefined ? new ExperimentError(message, { reason: "runFailed" }) : new Bug(message, stack);
    };
    const timeLimit = { message: `time limit of ${wallSeconds} s` };
    try {
      const task: WorkerTask = { planned, dataset, experimentDirectory, force, claim, port: port2 };
      const result = await this.pool
        .run(task, { transferList: [port2], signal: termination.signal })
        .catch((error) => fail(crash ?? (overtime ? timeLimit : { message: reasonOf(error) })));
      if ("takenOver" in result) throw new TakenOver();
      if ("failure" in result) throw new ExperimentError(result.failure, { reason: "runFailed" });
      if (overtime && result.manifest.status === "interrupted") fail(timeLimit);
      return result.manifest;
    } finally {
      signal?.removeEventListener("abort", end);
      for (const timer of timers) clearTimeout(timer);
      port1.close();
      this.waiting.delete(termination);
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
