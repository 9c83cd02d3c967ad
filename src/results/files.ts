import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ExperimentError, messageOf } from "../errors.js";

/** Runs a file operation; what goes wrong becomes one line that names the path. */
export function onDisk<T>(what: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ExperimentError(`cannot ${what} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Writes a file so that a reader sees the old content or the new, never a part: to a temporary name, then renamed. */
export function writeAtomically(path: string, content: string | Uint8Array): void {
  onDisk("write", path, () => {
    mkdirSync(dirname(path), { recursive: true });
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      writeFileSync(temporary, content);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/** JSON of plain data; NaN and Infinity, which JSON lacks, are written as strings. */
export function jsonText(value: unknown): string {
  const spelled = (_: string, inner: unknown) =>
    typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner;
  return `${JSON.stringify(value, spelled, 2)}\n`;
}

export const writeJson = (path: string, value: unknown): void => writeAtomically(path, jsonText(value));

/** The content of a JSON file; undefined if there is none or it is not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
