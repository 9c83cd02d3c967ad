import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { messageOf } from "../base/errors.js";
import type { Manifest } from "../results/manifest.js";
import type { StepRecord } from "../training/record.js";
import { Bug, crashOf } from "./crash.js";
import type { Executor } from "./executor.js";
import { type Lock, removeStaleLocks, TakenOver, tryLock } from "./lock.js";
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
 * Makes these runs, as many batches at once as the executor can; those of a batch train together. A run that fails is told and the others go on. Runs that
 * another process is at work on are left to it; when nothing else is left they are waited for, and taken over should
 * their process die.
 */
export async function schedule(
  batches: readonly (readonly PlannedRun[])[],
  scheduling: Scheduling,
): Promise<ScheduleResult> {
  const { directory, executor, force, signal, observer, afterRun } = scheduling;
  const manifests = new Map<string, Manifest>();
  const failures: string[] = [];
  const bugs: string[] = [];
  let queue = [...batches];
  let elsewhere: PlannedRun[] = [];
  let announced = false;

  /** What became of the run, once it has. */
  async function follow(planned: PlannedRun, run: Promise<Manifest>): Promise<void> {
    let manifest: Manifest | undefined;
    try {
      manifest = await run;
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

  /** Makes runs that are one's own, and lets each go when it has ended. */
  async function make(own: readonly { planned: PlannedRun; lock: Lock }[]): Promise<void> {
    for (const { planned } of own) observer.start(planned);
    const assignments = own.map(({ planned, lock: { claim } }) => ({
      planned,
      options: {
        force,
        signal,
        claim,
        onRecord: (record: StepRecord) => observer.record(planned, record),
        announce: (line: string) => observer.announce(line),
      },
    }));
    const runs = executor.execute(assignments, directory);
    await Promise.all(
      own.map(async ({ planned, lock }, i) => {
        try {
          await follow(planned, runs[i]!);
        } finally {
          lock.release();
        }
        afterRun();
      }),
    );
  }

  /** The lock of the run, unless somebody has it or has made it since. */
  function lockOf(planned: PlannedRun): Lock | undefined {
    let lock: Lock | undefined;
    try {
      const attempt = tryLock(lockPath(directory, planned));
      if ("heldBy" in attempt) {
        const { pid, host } = attempt.heldBy;
        if (!announced) observer.announce(`process ${pid} on ${host} is at work on ${planned.run.label}: left to it`);
        announced = true;
        elsewhere.push(planned);
        return undefined;
      }
      lock = attempt.lock;
      const made = force ? undefined : madeManifest(directory, planned, (line) => observer.announce(line));
      if (!made) return lock;
      manifests.set(planned.id, made);
    } catch (error) {
      failures.push(`${planned.run.label}: ${messageOf(error)}`);
      observer.announce(`${planned.run.label}: failed: ${messageOf(error)}`);
    }
    lock?.release();
    if (lock) afterRun();
    return undefined;
  }

  /** Takes of these runs those that can be had. */
  async function take(batch: readonly PlannedRun[]): Promise<void> {
    const own = batch.flatMap((planned) => {
      const lock = lockOf(planned);
      return lock ? [{ planned, lock }] : [];
    });
    if (own.length > 0) await make(own);
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
    queue = elsewhere.map((planned) => [planned]);
    elsewhere = [];
    await workOff();
  }
  removeStaleLocks(locksDirectory(directory));
  return { manifests, failures, bugs };
}
