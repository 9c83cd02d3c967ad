import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
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
export function writeJson(path: string, value: unknown): void {
  const spelled = (_: string, inner: unknown) =>
    typeof inner === "number" && !Number.isFinite(inner) ? String(inner) : inner;
  writeAtomically(path, `${JSON.stringify(value, spelled, 2)}\n`);
}

/**
 * The content of a JSON file of ours, checked.
 *
 * @param mend what to do with a damaged one
 * @returns undefined if there is no such file
 * @throws ExperimentError if it cannot be read or is not what it should be
 */
export function readJsonAs<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  mend: string,
): z.output<Schema> | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new ExperimentError(`cannot read ${path}: ${messageOf(error)}; ${mend}`, { cause: error });
  }
  const damaged = (reason: string) => new ExperimentError(`${path} is damaged (${reason}); ${mend}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(messageOf(error));
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw damaged(`${place.join(".") || "its content"}: ${message}`);
}

/** The content of a JSON file; undefined if there is none or it is not JSON. */
export function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}
