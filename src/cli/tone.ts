import * as util from "node:util";

/** What a word says to whoever looks for it. */
export type Tone = "good" | "bad" | "warning" | "quiet" | "strong";

/** A text with a tone. */
export interface Toned {
  readonly text: string;
  readonly tone: Tone;
}

export type Piece = string | Toned;

/** A line as text, or as pieces with tones. */
export type Line = string | readonly Piece[];

export const toned = (tone: Tone, text: string): Toned => ({ text, tone });

export const textOf = (piece: Piece): string => (typeof piece === "string" ? piece : piece.text);

const formats = { good: "green", bad: "red", warning: "yellow", quiet: "dim", strong: "bold" } as const;

/**
 * Whether a stream shows colours: FORCE_COLOR says so of any (0 and false that it does not), NO_COLOR that none does;
 * else a terminal that has some.
 */
export function coloursOf(
  stream: Pick<NodeJS.WriteStream, "isTTY"> & Partial<Pick<NodeJS.WriteStream, "hasColors">>,
  { FORCE_COLOR: forced, NO_COLOR: refused }: NodeJS.ProcessEnv,
): boolean {
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (refused) return false;
  return stream.isTTY && (stream.hasColors?.() ?? false);
}

/** Node has it from 20.12 on; before, everything is plain. */
const { styleText } = util as Partial<typeof util>;

/** @param shown the text of the piece, cleaned of what a terminal would obey */
export function painted(piece: Piece, shown: string, hasColours: boolean): string {
  if (typeof piece === "string" || !hasColours || !styleText || shown.trim() === "") return shown;
  // Newer versions of Node would look at the stream and the environment once more.
  return styleText(formats[piece.tone], shown, { validateStream: false });
}
