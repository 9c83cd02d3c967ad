import { exitCodes } from "../base/errors.js";
import { tell } from "./output.js";

/**
 * Aborted by the first SIGINT or SIGTERM, which lets the step in progress finish and everything be written; a second
 * one exits at once.
 */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted);
      controller.abort();
      tell("");
      tell(`${name}: finishing the step and writing what is there (again to exit at once)`);
    });
  }
  return controller.signal;
}
