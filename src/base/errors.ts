/** Exit codes of the command line; each error class of the tool maps to one of them. */
export const exitCodes = {
  ok: 0,
  bug: 1,
  usage: 2,
  runFailed: 3,
  /** What the command needs is not to be had here. */
  unavailable: 3,
  verificationFailed: 4,
  interrupted: 130,
} as const;

export type ExitReason = keyof typeof exitCodes;

/** What each says, for people. */
export const exitMeanings: Readonly<Record<ExitReason, string>> = {
  ok: "all went well; that a run diverged is a result, not a failure",
  bug: "a bug, with a stack trace",
  usage: "a mistake in the command or a config",
  runFailed: "a run failed, or results could not be written",
  unavailable: "what the command needs is not to be had here",
  verificationFailed: "a check failed: a bound, an expectation, a reference, a claim",
  interrupted: "interrupted; what was finished is kept, and the same command goes on from there",
};

/**
 * An error the user can act on. Its message has one line a mistake, mostly a single one: what is wrong, where, what was
 * expected and how to mend it.
 * Anything else that is thrown is a bug and is shown with its stack trace.
 */
export class ExperimentError extends Error {
  override readonly name = "ExperimentError";
  readonly reason: ExitReason;

  constructor(message: string, options: { reason?: ExitReason; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = options.reason ?? "usage";
  }
}

/** A message about several mistakes at one place. */
export const mistakesAt = (place: string, mistakes: readonly string[]): string =>
  mistakes.map((mistake) => `${place}: ${mistake}`).join("\n");

/** The message of anything that was thrown, on one line. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

/** The beginning of a text, where all of it would fill the screen. */
export const excerpt = (text: string, characters = 60): string =>
  text.length > characters ? `${text.slice(0, characters - 3)}…` : text;
