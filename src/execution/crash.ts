import { ExperimentError, messageOf } from "../base/errors.js";

/** A run that ended by a mistake in the tool (or in a definition it was given), not in what the user asked for. */
export class Bug extends Error {
  constructor(message: string, stack: string | undefined) {
    super(message);
    if (stack !== undefined) this.stack = stack;
  }
}

/** What is said of an error that nobody foresaw: exhausted memory for what it is, and everything else as a bug. */
export function crashOf(error: unknown): ExperimentError | Bug {
  if (error instanceof ExperimentError || error instanceof Bug) return error;
  const message = messageOf(error);
  if (error instanceof WebAssembly.RuntimeError) {
    return new ExperimentError(
      `WebAssembly stopped: ${message}; most likely out of memory of wasm: use a smaller model or batch, or backend tensorflow`,
      { reason: "runFailed", cause: error },
    );
  }
  if (error instanceof RangeError && /allocation failed|Invalid (typed )?array length/i.test(message)) {
    return new ExperimentError(`out of memory: ${message}; use a smaller model, batch or data set`, {
      reason: "runFailed",
      cause: error,
    });
  }
  return new Bug(message, error instanceof Error ? error.stack : undefined);
}
