import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ExperimentError } from "../base/errors.js";
import {
  asked,
  begin,
  begun,
  done,
  type HelperTask,
  notReady,
  signal,
  signalBytes,
  waitWhile,
} from "./product-signal.js";

/** The variable that tells how many threads multiply matrices together; what they compute does not depend on it. */
export const threadsVariable = "RUN_EXPERIMENT_WASM_THREADS";

/** More share too little of what a training step multiplies. */
const mostThreads = 16;

/**
 * Threads that multiply matrices together, the one that asks included: one a core, unless the variable says otherwise.
 *
 * @param jobs that do so at the same time, each with its share of the threads
 * @throws ExperimentError if the variable says something else than a number of threads
 */
export function productThreads(jobs = 1): number {
  const value = process.env[threadsVariable] || String(Math.min(availableParallelism(), mostThreads));
  const count = Number(value);
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new ExperimentError(
      `${threadsVariable} is ${JSON.stringify(value)}; expected a whole number of threads, 1 or more`,
    );
  }
  return Math.max(1, Math.floor(count / jobs));
}

let isTold = false;

/** The numbers are the same with fewer threads; that it takes longer is told once. */
function tell(error: Error): void {
  if (!isTold) process.emitWarning(`fewer threads than asked for multiply matrices: ${error.message}`);
  isTold = true;
}

/** Starts a thread. One that cannot start, or not to its end, is never ready: the others make its shares. */
function start(task: HelperTask): void {
  try {
    const worker = new Worker(new URL("../../dist/bundle/product-helper.js", import.meta.url), {
      workerData: task,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    worker.on("error", tell);
    worker.unref();
  } catch (error) {
    // The system has no more threads, as under a limit of a cluster.
    if ((error as NodeJS.ErrnoException).code !== "ERR_WORKER_INIT_FAILED") throw error;
    tell(error as Error);
  }
}

/** A thread that makes shares of products. */
export class Helper {
  /** Address of the share that it is asked for, and what is written there. */
  readonly product: number;
  readonly fields: Int32Array;
  private readonly signals: Int32Array;
  private shares = 0;

  constructor(task: HelperTask) {
    const { memory, product, signals } = task;
    this.product = product;
    this.fields = new Int32Array(memory.buffer, product, (task.workspace - product) / 4);
    this.signals = new Int32Array(memory.buffer, signals, signalBytes / 4);
    this.signals[asked] = 0;
    this.signals[begun] = 0;
    this.signals[done] = notReady;
    start(task);
  }

  get isIdle(): boolean {
    return Atomics.load(this.signals, done) === this.shares;
  }

  /** Has it make the share that was written for it. */
  ask(): void {
    this.shares++;
    signal(this.signals, asked, this.shares);
  }

  /** Takes back what it was asked for, if it has not begun: it may have been asleep. Whether it had not. */
  takeBack(): boolean {
    return begin(this.signals, this.shares);
  }

  /** Waits until its share is made. */
  wait(): void {
    waitWhile(this.signals, done, this.shares - 1);
  }
}

export const nobody: readonly Helper[] = [];

/** Threads that help one that multiplies matrices. They are started when there is the first product to share. */
export class Helpers {
  private helpers: Helper[] | undefined;

  /**
   * @param count of the threads
   * @param taskOf what each is given
   */
  constructor(
    private readonly count: number,
    private readonly taskOf: () => HelperTask,
  ) {}

  /** At most so many of those that have nothing to do. */
  idle(most: number): readonly Helper[] {
    if (!this.helpers) {
      this.helpers = Array.from({ length: this.count }, () => new Helper(this.taskOf()));
      return nobody;
    }
    return this.helpers.filter(({ isIdle }) => isIdle).slice(0, most);
  }
}
