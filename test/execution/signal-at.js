/**
 * Loaded into the tool before it starts (`--import`): its own process gets a signal at a moment told by what it does to
 * its files, so that no test has to guess how fast it is. `signalAt` of support.ts sets it up.
 */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** @type {import("./support.js").Moment} */
const { call, path: wanted, count, signal } = JSON.parse(process.env.SIGNAL_AT ?? "");
const { openSync } = fs;
const original = fs[call];

/** @type {Map<number, string>} */
const opened = new Map();
/** @param {[path: fs.PathLike, flags: fs.OpenMode]} args */
fs.openSync = (...args) => {
  const descriptor = openSync(...args);
  opened.set(descriptor, String(args[0]));
  return descriptor;
};

let seen = 0;
/** @param {any[]} args of renameSync(from, to), fsyncSync(descriptor) or writeSync(descriptor, …) */
const watched = (...args) => {
  const path = call === "renameSync" ? String(args[1]) : (opened.get(args[0]) ?? "");
  if (path.endsWith(`/${wanted}`) && ++seen === count) process.kill(process.pid, signal);
  return Reflect.apply(original, fs, args);
};
Object.assign(fs, { [call]: watched });
syncBuiltinESMExports();
