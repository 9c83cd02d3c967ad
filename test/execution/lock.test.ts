import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Holder, type LockAttempt, removeStaleLocks, tryLock } from "../../src/execution/lock.js";
import { freshDirectory } from "../cli/tool.js";

const isTaken = (attempt: LockAttempt) => "heldBy" in attempt;
function taken(path: string) {
  const attempt = tryLock(path);
  if ("heldBy" in attempt) throw new Error("the lock was held");
  return attempt.lock;
}
const holder = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Holder;

test("a lock is exclusive until it is released", () => {
  const path = join(freshDirectory(), "locks", "run");
  const lock = taken(path);
  expect(isTaken(tryLock(path))).toBe(true);
  lock.release();
  taken(path).release();
});

test("a dead process holds nothing, nor does a living one that was given its number", async () => {
  const path = join(freshDirectory(), "run");
  const lock = taken(path);
  const me = holder(path);
  lock.release();

  const child = spawn("true");
  await new Promise((resolve) => child.on("close", resolve));
  writeFileSync(path, JSON.stringify({ ...me, pid: child.pid }));
  taken(path).release();

  writeFileSync(path, JSON.stringify({ ...me, started: "1" }));
  taken(path).release();
});

test("a holder on another host is believed while its heartbeat is fresh", () => {
  const path = join(freshDirectory(), "run");
  const lock = taken(path);
  const me = holder(path);
  lock.release();
  const far: Holder = { ...me, host: "far away", pid: 1 };
  writeFileSync(path, JSON.stringify(far));
  expect(tryLock(path)).toEqual({ heldBy: far });
  const threeMinutesAgo = Date.now() / 1000 - 180;
  utimesSync(path, threeMinutesAgo, threeMinutesAgo);
  taken(path).release();
});

test("releasing a lock that was taken over leaves the new one alone", () => {
  const path = join(freshDirectory(), "run");
  const lock = taken(path);
  const successor: Holder = { ...holder(path), token: "successor" };
  writeFileSync(path, JSON.stringify(successor));
  lock.release();
  expect(holder(path)).toEqual(successor);
});

test("locks of the dead are removed, and what is none of ours is left", () => {
  const directory = freshDirectory();
  const path = join(directory, "run");
  const lock = taken(path);
  const me = holder(path);
  lock.release();
  const longAgo = Date.now() / 1000 - 3600;
  mkdirSync(join(directory, "a neighbour's directory"));
  const files = {
    dead: JSON.stringify({ ...me, started: "1" }),
    living: JSON.stringify(me),
    "far away and silent": JSON.stringify({ ...me, host: "far away" }),
    "a neighbour's file": "keep me",
    "no lock": "{}",
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(directory, name), content);
    utimesSync(join(directory, name), longAgo, longAgo);
  }
  removeStaleLocks(directory);
  const kept = ["a neighbour's directory", "a neighbour's file", "living", "no lock"];
  expect(readdirSync(directory).sort()).toEqual(kept);
  removeStaleLocks(join(directory, "absent"));
  removeStaleLocks(join(directory, "no lock"));
  expect(readdirSync(directory).sort()).toEqual(kept);
});
