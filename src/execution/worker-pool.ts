import { existsSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { Piscina } from "piscina";
import { ExperimentError, messageOf } from "../base/errors.js";
import { productThreads, threadsVariable } from "../compute/product-helpers.js";
import { type Manifest, readManifest, writeManifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { Bug } from "./crash.js";
import type { Executor } from "./executor.js";
import { TakenOver } from "./lock.js";
import type { PlannedRun } from "./plan.js";
import type { Resources } from "./resources.js";
import type { RunOptions } from "./run.js";
import type { Assignment } from "./together.js";
import type { WorkerCrash, WorkerMessage, WorkerResult, WorkerRun, WorkerTask } from "./worker.js";

export interface PoolOptions {
  /** Worker threads, each making one run, or one batch of runs, at a time. */
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

/** What Node has from version 22 on. */
const { getCompileCacheDir } = module as { getCompileCacheDir?(): string | undefined };

/**
 * With what a thread is told by a variable alone: the place of the code that the engine has compiled before, and its share
 * of the threads that multiply matrices.
 */
function environment(jobs: number): NodeJS.ProcessEnv {
  const ofThisVersion = getCompileCacheDir?.();
  return {
    ...process.env,
    ...(ofThisVersion !== undefined && { NODE_COMPILE_CACHE: dirname(ofThisVersion) }),
    [threadsVariable]: String(productThreads(jobs)),
  };
}

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

/** A run that a worker makes, as it is seen from here. */
class FollowedRun {
  readonly planned: PlannedRun;
  readonly manifest: Promise<Manifest>;
  /** When a worker has begun it. */
  readonly begun: Promise<void>;
  /** When it has not ended although it was asked to, long after its time. */
  readonly overtime: Promise<void>;
  hasCrashed = false;
  private readonly options: RunOptions;
  private readonly ports = new MessageChannel();
  private readonly timers: NodeJS.Timeout[] = [];
  private isOver = false;
  private isSettled = false;
  private settle!: { resolve(manifest: Manifest): void; reject(error: unknown): void };
  private begin!: () => void;
  private terminate!: () => void;

  constructor(
    { planned, options }: Assignment,
    private readonly experimentDirectory: string,
  ) {
    this.planned = planned;
    this.options = options;
    this.manifest = new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    });
    this.begun = new Promise((resolve) => {
      this.begin = resolve;
    });
    this.overtime = new Promise((resolve) => {
      this.terminate = resolve;
    });
    this.ports.port1.on("message", (message: WorkerMessage) => this.hear(message));
    options.signal?.addEventListener("abort", this.end);
  }

  task(): WorkerRun {
    const { force = false, claim } = this.options;
    return { planned: this.planned, force, claim, port: this.ports.port2 };
  }

  private readonly end = () => this.ports.port1.postMessage("end");

  private get wallSeconds(): number | undefined {
    return this.planned.run.config.stop.wallSeconds;
  }

  private hear(message: WorkerMessage): void {
    // From now on it computes: how long a busy machine takes to start a worker is none of the run's time.
    if ("begun" in message) {
      if (this.wallSeconds !== undefined) this.wait(this.wallSeconds * 1000);
      this.begin();
    } else if ("record" in message) this.options.onRecord?.(message.record);
    else if ("line" in message) this.options.announce?.(message.line);
    else if ("crash" in message) {
      this.hasCrashed = true;
      this.lose(message.crash);
    } else this.take(message.result);
  }

  private take(result: WorkerResult): void {
    if ("manifest" in result && this.isOver && result.manifest.status === "interrupted") {
      this.lose({ message: "interrupted" });
      return;
    }
    this.isSettled = true;
    if ("takenOver" in result) this.settle.reject(new TakenOver());
    else if ("failure" in result) this.settle.reject(new ExperimentError(result.failure, { reason: "runFailed" }));
    else this.settle.resolve(result.manifest);
    this.close();
  }

  private wait(milliseconds: number): void {
    const slice = Math.min(milliseconds, longestTimeout);
    const next = () => (milliseconds > slice ? this.wait(milliseconds - slice) : this.expire());
    this.timers.push(setTimeout(next, slice));
  }

  private expire(): void {
    this.isOver = true;
    this.end();
    this.timers.push(setTimeout(this.terminate, secondsToEnd * 1000));
  }

  /** It is lost with its worker, unless it has come to its end: its failure is recorded. */
  lose(crash: WorkerCrash): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { message, stack } = this.isOver ? { message: `time limit of ${this.wallSeconds} s` } : crash;
    recordFailure(join(runsDirectory(this.experimentDirectory), this.planned.id), message);
    const error = stack === undefined ? new ExperimentError(message, { reason: "runFailed" }) : new Bug(message, stack);
    this.settle.reject(error);
    this.close();
  }

  close(): void {
    this.options.signal?.removeEventListener("abort", this.end);
    for (const timer of this.timers) clearTimeout(timer);
    this.ports.port1.close();
  }
}

/** Makes runs in worker threads. A worker that crashes fails its own runs, and another takes its place. */
export class WorkerPool implements Executor {
  readonly jobs: number;
  private readonly resources: PoolOptions["resources"];
  private readonly pool: Piscina<WorkerTask, void>;
  /** Ends a run that no worker has begun, by its termination: what to do when a worker cannot even start. */
  private readonly waiting = new Map<AbortController, (error: unknown) => void>();

  constructor({ jobs, resources, heapMegabytes }: PoolOptions) {
    this.jobs = jobs;
    this.resources = resources;
    this.pool = new Piscina<WorkerTask, void>({
      filename: new URL("./worker.js", import.meta.url).href,
      minThreads: jobs,
      maxThreads: jobs,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A waiting worker should answer messages and keep no core busy.
      atomics: "disabled",
      env: environment(jobs),
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

  execute(runs: readonly Assignment[], experimentDirectory: string): readonly Promise<Manifest>[] {
    const followed = runs.map((run) => new FollowedRun(run, experimentDirectory));
    this.work(followed, experimentDirectory);
    return followed.map(({ manifest }) => manifest);
  }

  private async work(runs: readonly FollowedRun[], experimentDirectory: string): Promise<void> {
    const termination = new AbortController();
    const loseAll = (error: unknown) => {
      for (const run of runs) run.lose({ message: reasonOf(error) });
    };
    this.waiting.set(termination, (error) => {
      loseAll(error);
      termination.abort();
    });
    for (const run of runs) {
      run.begun.then(() => this.waiting.delete(termination));
      run.overtime.then(() => termination.abort());
    }
    // A worker in which one has crashed is ended once the others that it trains with it have come to their ends.
    Promise.allSettled(runs.map(({ manifest }) => manifest)).then(() => {
      if (runs.some(({ hasCrashed }) => hasCrashed)) termination.abort();
    });
    try {
      const dataset = await this.resources.plannedDataset(runs[0]!.planned);
      const task = { runs: runs.map((run) => run.task()), dataset, experimentDirectory };
      await this.pool.run(task, { transferList: task.runs.map(({ port }) => port), signal: termination.signal });
      await Promise.allSettled(runs.map(({ manifest }) => manifest));
    } catch (error) {
      loseAll(error);
    } finally {
      for (const run of runs) run.close();
      this.waiting.delete(termination);
    }
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
