import { totalmem } from "node:os";
import { ExperimentError } from "./errors.js";

const gibibytes = (bytes: number) => {
  const size = bytes / 2 ** 30;
  return `${size < 10 ? Number(size.toPrecision(2)) : size < 1e6 ? Math.round(size) : size.toExponential(1)} GiB`;
};

/**
 * Refuses what cannot fit before any of it is allocated.
 *
 * @param bytes at least needed
 * @throws ExperimentError if there is less
 */
export function checkMemory(what: string, bytes: number, mend: string): void {
  // Less than the machine's in a container or a batch job; 0 where nothing limits it.
  const limit = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  if (bytes <= limit) return;
  throw new ExperimentError(
    `${what}: it would take at least ${gibibytes(bytes)} of memory, and there are ${gibibytes(limit)} here; ${mend}`,
  );
}
