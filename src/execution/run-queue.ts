import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { messageOf } from "../base/errors.js";
import type { Manifest } from "../results/manifest.js";
import type { StepRecord } from "../training/record.js";
import { Bug, crashOf } from "./crash.js";
import type { Executor } from "./executor.js";
import { type Claim, type Lock, removeStaleLocks, TakenOver, tryLock } from "./lock.js";
import type { PlannedRun } from "./plan.js";
import { madeManifest } from "./run-directory.js";

/** The part of a record that progress is shown from. */
export type ShownRecord = Pick<StepRecord, "step" | "loss" | "train" | "validation" | "test">;

/** Follows the runs from outside; several may be under way at once. */
export interface RunsObserver {
  announce(line: string): void;
  start(planned: PlannedRun): void;
  record(planned: PlannedRun, record: ShownRecord): void;
  /** @param manifest absent where the run failed and left none */
  end(planned: PlannedRun, manifest: Manifest | undefined): void;
}

export interface Scheduling {
  readonly directory: string;
  readonly executor: Executor;
  /** Make finished runs again. */
  readonly force: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly observer: RunsObserver;
  /** Called after each run, for what is derived from all of them. */
  readonly afterRun: () => void;
}

export interface ScheduleResult {
  readonly manifests: ReadonlyMap<string, Manifest>;
  readonly failures: readonly string[];
  /** Stack traces of the failures that are bugs. */
  readonly bugs: readonly string[];
}

const millisecondsBetweenLooks = 1000;

const locksDirectory = (directory: string) => join(directory, "locks");
const lockPath = (directory: string, { id }: PlannedRun) => join(locksDirectory(directory), id);

/**
 * Makes these runs, as many at once as the executor can. A run that fails is told and the others go on. Runs that
 * another process is at work on are left to it; when nothing else is left they are waited for, and taken over should
 * their process die.
 */
export async function schedule(runs: readonly PlannedRun[], scheduling: Scheduling): Promise<ScheduleResult> {
  const { directory, executor, force, signal, observer, afterRun } = scheduling;
  const manifests = new Map<string, Manifest>();
  const failures: string[] = [];
  const bugs: string[] = [];
  let queue = [...runs];
  let elsewhere: PlannedRun[] = [];
  let announced = false;

  async function make(planned: PlannedRun, claim: Claim): Promise<void> {
    observer.start(planned);
    let manifest: Manifest | undefined;
    try {
      manifest = await executor.execute(planned, directory, {
        force,
        signal,
        claim,
        onRecord: (record) => observer.record(planned, record),
        announce: (line) => observer.announce(line),
      });
      manifests.set(planned.id, manifest);
    } catch (error) {
      if (error instanceof TakenOver) {
        observer.announce(`${planned.run.label}: ${error.message}: left to it`);
        elsewhere.push(planned);
        return;
      }
      const crash = crashOf(error);
      failures.push(`${planned.run.label}: ${crash.message}`);
      const isBug = crash instanceof Bug;
      if (isBug) bugs.push(crash.stack ?? crash.message);
      observer.announce(`${planned.run.label}: failed${isBug ? " by a bug" : ""}: ${messageOf(crash)}`);
    } finally {
      observer.end(planned, manifest);
    }
  }

  /** Takes the run, unless somebody has it or has made it since. */
  async function take(planned: PlannedRun): Promise<void> {
    let lock: Lock;
    try {
      const attempt = tryLock(lockPath(directory, planned));
      if ("heldBy" in attempt) {
        const { pid, host } = attempt.heldBy;
        if (!announced) observer.announce(`process ${pid} on ${host} is at work on ${planned.run.label}: left to it`);
        announced = true;
        elsewhere.push(planned);
        return;
      }
      lock = attempt.lock;
    } catch (error) {
      failures.push(`${planned.run.label}: ${messageOf(error)}`);
      observer.announce(`${planned.run.label}: failed: ${messageOf(error)}`);
      return;
    }
    try {
      const made = force ? undefined : madeManifest(directory, planned, (line) => observer.announce(line));
      if (made) manifests.set(planned.id, made);
      else await make(planned, lock.claim);
    } finally {
      lock.release();
    }
    afterRun();
  }

  async function workOff(): Promise<void> {
    const line = async () => {
      for (let next = queue.shift(); next && !signal?.aborted; next = queue.shift()) await take(next);
    };
    await Promise.all(Array.from({ length: executor.jobs }, line));
  }

  await workOff();
  while (elsewhere.length > 0 && !signal?.aborted) {
    await wait(millisecondsBetweenLooks, undefined, signal ? { signal } : {}).catch(() => {});
    queue = elsewhere;
    elsewhere = [];
    await workOff();
  }
  removeStaleLocks(locksDirectory(directory));
  return { manifests, failures, bugs };
}
