import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { makeDirectory, onDisk, readJson } from "../base/files.js";

const holderSchema = z.object({
  pid: z.int(),
  host: z.string(),
  started: z.string().optional(),
  token: z.string(),
});

/**
 * A process, recognisable after its number has been given to another one: by its host (and, where there are several,
 * process namespace) and by when it started, in the kernel's count, where that tells.
 */
export type Holder = Readonly<z.output<typeof holderSchema>>;

/** What proves that a lock is still one's own: plain data, good in every thread. */
export interface Claim {
  readonly path: string;
  readonly token: string;
}

export interface Lock {
  readonly claim: Claim;
  release(): void;
}

export type LockAttempt = { readonly lock: Lock } | { readonly heldBy: Holder };

/** A process that was stopped for so long that another one took its work over. */
export class TakenOver extends ExperimentError {
  constructor() {
    super("another process took it over while this one stood still", { reason: "runFailed" });
  }
}

/**
 * Asked before everything that is written under a lock: a process that was stopped (Slurm's suspend, SIGSTOP, a laptop's
 * lid) does not know how much time has passed when it goes on.
 *
 * @throws TakenOver if the lock is another process's by now
 */
export function assertHeld({ path, token }: Claim): void {
  if (holderOf(path)?.token !== token) throw new TakenOver();
}

/**
 * A holder on another host that shows no sign of life for so long is taken for dead. RUN_EXPERIMENT_LOCK_SECONDS sets it,
 * for file systems that tell the time of a file late; it must be the same for all that share a results directory.
 */
const secondsUntilStale = Number(process.env.RUN_EXPERIMENT_LOCK_SECONDS) || 120;
const secondsBetweenHeartbeats = secondsUntilStale / 12;

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

/** RUN_EXPERIMENT_HOST tells apart machines that call themselves the same. */
const thisHost = `${process.env.RUN_EXPERIMENT_HOST || hostname()} ${processNamespace()}`.trim();

/** State letter and start time from /proc, where there is one: fields 3 and 22 (after the name in parentheses). */
function processFacts(pid: number): { state: string; started: string } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return { state: fields[0]!, started: fields[19]! };
  } catch {
    return undefined;
  }
}

function isProcessAlive({ pid, started }: Holder): boolean {
  const facts = processFacts(pid);
  if (facts) return !"ZX".includes(facts.state) && (started === undefined || facts.started === started);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ageInSeconds(path: string): number {
  try {
    return (Date.now() - statSync(path).mtimeMs) / 1000;
  } catch {
    return 0;
  }
}

function isStale(path: string, holder: Holder | undefined): boolean {
  // Unreadable: just being written, or left empty by a full disk or a crash.
  if (!holder) return ageInSeconds(path) > 5;
  return holder.host === thisHost ? !isProcessAlive(holder) : ageInSeconds(path) > secondsUntilStale;
}

function thisProcess(): Holder {
  const started = processFacts(process.pid)?.started;
  return { pid: process.pid, host: thisHost, ...(started && { started }), token: randomUUID() };
}

/** Undefined where the file is gone, just being written, or damaged. */
const holderOf = (path: string): Holder | undefined => holderSchema.safeParse(readJson(path)).data;

/** Makes the file, if there is none: the one operation that decides between two processes. */
function create(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes a dead process's lock. A second lock keeps two rescuers from removing each other's new one. */
function removeStale(path: string, holder: Holder): void {
  const guard = `${path}.takeover`;
  if (!create(guard, holder)) {
    if (isStale(guard, holderOf(guard))) rmSync(guard, { force: true });
    return;
  }
  try {
    if (isStale(path, holderOf(path))) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

function beat(claim: Claim): void {
  const now = new Date();
  try {
    assertHeld(claim);
    utimesSync(claim.path, now, now);
  } catch {
    // Taken over, or the directory was removed: what is to be written next says so.
  }
}

function hold(claim: Claim): Lock {
  const heart = setInterval(() => beat(claim), secondsBetweenHeartbeats * 1000).unref();
  return {
    claim,
    release() {
      clearInterval(heart);
      if (holderOf(claim.path)?.token === claim.token) rmSync(claim.path, { force: true });
    },
  };
}

/**
 * Tries to become the only process that works on something. A lock outlives its process only in name: on the same host
 * a dead process is recognised at once, on another one (a shared file system) by the missing heartbeat.
 *
 * @param path of the lock file; its directory is made
 * @throws ExperimentError if the file cannot be written
 */
export function tryLock(path: string): LockAttempt {
  const me = thisProcess();
  return onDisk("lock", path, () => {
    makeDirectory(dirname(path));
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error("a directory is in its place");
    for (let attempt = 0; attempt < 3; attempt++) {
      if (create(path, me)) return { lock: hold({ path, token: me.token }) };
      const holder = holderOf(path);
      if (!isStale(path, holder)) return { heldBy: holder ?? me };
      removeStale(path, me);
    }
    return { heldBy: holderOf(path) ?? me };
  });
}

/**
 * Removes the locks that dead processes have left in a directory, on runs that are done and nobody will take over. What
 * is no lock is not ours, and what cannot be removed is in nobody's way.
 */
export function removeStaleLocks(directory: string): void {
  const isThere = statSync(directory, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const entries = isThere ? readdirSync(directory, { withFileTypes: true }) : [];
  for (const path of entries.filter((entry) => entry.isFile()).map(({ name }) => join(directory, name))) {
    const holder = holderOf(path);
    const isLock = holder !== undefined || statSync(path, { throwIfNoEntry: false })?.size === 0;
    if (!isLock || !isStale(path, holder)) continue;
    try {
      removeStale(path, thisProcess());
    } catch {
      // See above.
    }
  }
}
