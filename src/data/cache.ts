import { messageOf } from "../base/errors.js";
import { writeAtomically } from "../base/files.js";

/** Keeps files for the next time. A cache that cannot be written costs time, not the run: it is announced. */
export function keepInCache(
  files: Iterable<readonly [path: string, bytes: Uint8Array]>,
  announce: (line: string) => void,
): void {
  for (const [path, bytes] of files) {
    try {
      writeAtomically(path, bytes);
    } catch (error) {
      announce(`The cache cannot be written and is not used: ${messageOf(error)}`);
      return;
    }
  }
}
