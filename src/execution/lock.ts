import { randomUUID } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { onDisk, readJson } from "../results/files.js";

/** A process, recognisable after its number has been given to another one. */
export interface Holder {
  readonly pid: number;
  /** Host and, where there are several, process namespace. */
  readonly host: string;
  /** When the process started, in the kernel's count, where it tells. */
  readonly started?: string;
  readonly token: string;
}

export interface Lock {
  release(): void;
}

export type LockAttempt = { readonly lock: Lock } | { readonly heldBy: Holder };

const secondsBetweenHeartbeats = 10;
/** A holder on another host that shows no sign of life for so long is taken for dead. */
const secondsUntilStale = 120;

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

const thisHost = `${hostname()} ${processNamespace()}`.trim();

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

const holderOf = (path: string) => readJson(path) as Holder | undefined;

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

function beat(path: string): void {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // The directory was removed: what is being written into it says so.
  }
}

function hold(path: string, token: string): Lock {
  const heart = setInterval(() => beat(path), secondsBetweenHeartbeats * 1000).unref();
  return {
    release() {
      clearInterval(heart);
      if (holderOf(path)?.token === token) rmSync(path, { force: true });
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
    mkdirSync(dirname(path), { recursive: true });
    for (let attempt = 0; attempt < 3; attempt++) {
      if (create(path, me)) return { lock: hold(path, me.token) };
      const holder = holderOf(path);
      if (!isStale(path, holder)) return { heldBy: holder ?? me };
      removeStale(path, me);
    }
    return { heldBy: holderOf(path) ?? me };
  });
}

/** Removes the locks that dead processes have left in a directory, on runs that are done and nobody will take over. */
export function removeStaleLocks(directory: string): void {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const path of names.map((name) => join(directory, name))) {
    if (isStale(path, holderOf(path))) removeStale(path, thisProcess());
  }
}
