import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ExperimentError, messageOf } from "../base/errors.js";
import type { SlurmOptions } from "../config/slurm.js";
import { type Manifest, readManifest } from "../results/manifest.js";
import { runsDirectory } from "../results/summary.js";
import { lastTraced } from "../trace/last-traced.js";
import { isMade, type PlannedRun } from "./plan.js";
import type { RunsObserver, ScheduleResult } from "./run-queue.js";
import { cancelJobs, isLive, taskStates } from "./slurm-commands.js";
import {
  manifestTime,
  readSubmissions,
  type Submissions,
  type SubmittedTask,
  submitRuns,
  writeSubmissions,
} from "./slurm-submission.js";

export interface SlurmRequest {
  readonly name: string;
  readonly directory: string;
  readonly options: SlurmOptions;
  /** Follow what was submitted before, and submit nothing but what was lost. */
  readonly attach: boolean;
  /** Of what was submitted before only a part has been: with `attach` too the rest is submitted. */
  readonly inParts: boolean;
  /** Cancel the jobs when the following is interrupted. */
  readonly cancel: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly observer: RunsObserver;
  readonly afterRun: () => void;
}

/** Runs whose progress is shown at the same time. */
const mostShown = 16;

/** Follows the runs of one experiment on a cluster until each has come to an end. */
class Follower {
  readonly manifests = new Map<string, Manifest>();
  readonly failures: string[] = [];
  private readonly open: Map<string, PlannedRun>;
  private readonly started = new Set<string>();
  private submissions: Submissions;

  constructor(
    runs: readonly PlannedRun[],
    private readonly request: SlurmRequest,
  ) {
    this.open = new Map(runs.map((run) => [run.id, run]));
    this.submissions = readSubmissions(request.directory);
  }

  /**
   * The tasks that have a run which has not come to an end; of each run only the last submission counts, and only one
   * that is to make it as far.
   */
  private tasks(): SubmittedTask[] {
    const latest = new Map<string, SubmittedTask>();
    for (const task of this.submissions.tasks) {
      for (const id of task.ids) if (task.rungs?.[id] === this.open.get(id)?.rung?.step) latest.set(id, task);
    }
    return [...new Set([...this.open.keys()].flatMap((id) => latest.get(id) ?? []))];
  }

  private openRuns({ ids }: SubmittedTask): PlannedRun[] {
    return ids.flatMap((id) => this.open.get(id) ?? []);
  }

  private jobs(): string[] {
    return [...new Set(this.tasks().map(({ job }) => job))];
  }

  private async submit(runs: readonly PlannedRun[], attempt: number): Promise<void> {
    if (runs.length === 0) return;
    const { directory, name, options, observer } = this.request;
    const earlier = { ...this.submissions.earlier };
    for (const { id } of runs) earlier[id] = manifestTime(directory, id);
    const tasks: SubmittedTask[] = [];
    for await (const submitted of submitRuns(directory, name, runs, attempt, options)) {
      tasks.push(...submitted);
      // At once: should the next array be refused, this one is not forgotten.
      this.submissions = { tasks: [...this.submissions.tasks, ...submitted], earlier };
      writeSubmissions(directory, this.submissions);
    }
    const jobs = [...new Set(tasks.map(({ job }) => job))].join(", ");
    const what = attempt === 1 ? "submitted" : `submitted again (attempt ${attempt})`;
    observer.announce(`${runs.length} runs ${what} as Slurm job ${jobs}, ${tasks.length} tasks`);
  }

  /** Submits what no task is responsible for; with `attach`, only follows. */
  async begin(): Promise<void> {
    const { attach, inParts, observer, directory } = this.request;
    const tasks = this.tasks();
    const jobs = this.jobs();
    const states = jobs.length > 0 ? await taskStates(jobs) : new Map<string, string>();
    const live = tasks.filter(({ job, index }) => isLive(states.get(`${job}_${index}`)));
    if (live.length > 0)
      observer.announce(`attached to Slurm job ${[...new Set(live.map(({ job }) => job))].join(", ")}`);
    if (attach && this.submissions.tasks.length === 0 && this.open.size > 0) {
      throw new ExperimentError(`${directory}: nothing was submitted from here; leave --attach out to submit it`);
    }
    if (attach && !inParts) {
      for (const id of [...this.open.keys()]) {
        if (!tasks.some(({ ids }) => ids.includes(id))) this.open.delete(id);
      }
      return;
    }
    const covered = new Set(live.flatMap(({ ids }) => ids));
    await this.submit(
      [...this.open.values()].filter(({ id }) => !covered.has(id)),
      1,
    );
  }

  private settle(planned: PlannedRun, manifest: Manifest | undefined, failure?: string): void {
    const { observer, afterRun } = this.request;
    this.open.delete(planned.id);
    if (!this.started.has(planned.id)) observer.start(planned);
    if (manifest && isMade(planned, manifest)) this.manifests.set(planned.id, manifest);
    if (failure !== undefined) {
      this.failures.push(`${planned.run.label}: ${failure}`);
      observer.announce(`${planned.run.label}: ${failure}`);
    }
    observer.end(planned, failure === undefined ? manifest : undefined);
    afterRun();
  }

  /** Reads what the run itself has written: it is believed, whatever the scheduler says. */
  private look(planned: PlannedRun): void {
    const { directory, observer } = this.request;
    const runDirectory = join(runsDirectory(directory), planned.id);
    const manifest = readManifest(runDirectory);
    if (!manifest) return;
    const isNews = manifestTime(directory, planned.id) !== this.submissions.earlier[planned.id];
    if (isMade(planned, manifest)) this.settle(planned, manifest);
    else if (isNews && manifest.status === "failed") {
      this.settle(planned, manifest, `failed: ${manifest.stopReason}`);
    }
    if (!isNews || manifest.status !== "running" || this.started.size - this.manifests.size > mostShown) return;
    if (!this.started.has(planned.id)) {
      this.started.add(planned.id);
      observer.start(planned);
    }
    const progress = lastTraced(runDirectory);
    if (progress) observer.record(planned, progress);
  }

  /** One look at the queue and at the manifests of all tasks that are no longer waiting. */
  private async poll(): Promise<void> {
    const states = await taskStates(this.jobs());
    const lost = new Map<number, PlannedRun[]>();
    for (const task of this.tasks()) {
      const state = states.get(`${task.job}_${task.index}`);
      if (state === "PENDING") continue;
      for (const planned of this.openRuns(task)) this.look(planned);
      if (isLive(state)) continue;
      // A task that was cancelled before it began leaves neither a record nor a log.
      const isCancelled = state?.startsWith("CANCELLED") || (state === undefined && !existsSync(task.log));
      for (const planned of this.openRuns(task)) {
        if (isCancelled) this.settle(planned, undefined, "cancelled");
        else if (task.attempt >= this.request.options.tries) {
          this.settle(
            planned,
            undefined,
            `failed: lost by Slurm ${task.attempt} times (${state ?? "no record"}), see ${task.log}`,
          );
        } else lost.set(task.attempt, [...(lost.get(task.attempt) ?? []), planned]);
      }
    }
    for (const [attempt, runs] of lost) {
      for (const { run } of runs) this.request.observer.announce(`${run.label}: its Slurm task ended without it`);
      await this.submit(runs, attempt + 1);
    }
  }

  async follow(): Promise<void> {
    const { options, signal, observer } = this.request;
    let complaint = "";
    while (this.open.size > 0 && !signal?.aborted) {
      try {
        await this.poll();
        complaint = "";
      } catch (error) {
        // A controller that does not answer for a while loses nothing: the runs write their own manifests.
        if (!(error instanceof ExperimentError)) throw error;
        if (complaint !== error.message) observer.announce(`${error.message}; trying again`);
        complaint = messageOf(error);
      }
      if (this.open.size === 0) break;
      await wait(options.pollSeconds * 1000, undefined, signal ? { signal } : {}).catch(() => {});
    }
    if (signal?.aborted) await this.leave();
  }

  private async leave(): Promise<void> {
    const { cancel, observer } = this.request;
    const jobs = this.jobs();
    if (jobs.length === 0) return;
    if (!cancel) {
      observer.announce(`Slurm job ${jobs.join(", ")} goes on; --attach follows it again, scancel ends it`);
      return;
    }
    await cancelJobs(jobs);
    observer.announce(`Slurm job ${jobs.join(", ")} cancelled`);
    for (const planned of this.open.values()) this.failures.push(`${planned.run.label}: cancelled`);
  }
}

/**
 * Makes runs on a Slurm cluster: submits those that no live task is making as one job array, follows them by the queue
 * and their manifests, and submits again what was lost.
 *
 * @throws ExperimentError if nothing can be submitted
 */
export async function executeOnSlurm(runs: readonly PlannedRun[], request: SlurmRequest): Promise<ScheduleResult> {
  const follower = new Follower(runs, request);
  await follower.begin();
  await follower.follow();
  const { manifests, failures } = follower;
  // A task's own log has the trace of a bug.
  return { manifests, failures, bugs: [] };
}
