import { jsonText } from "../base/files.js";
import { printable, printableJson } from "../base/text.js";
import { coloursOf, type Line, painted } from "./tone.js";

/** What CI systems take for a command: `::error::` at the start of a line, `##[error]` and `##vso[` anywhere. */
const atStart = /^(\s*):(?=:)/;
const anywhere = /#(?=#[a-z]*\[)/gi;

/** A line as it may be shown, whatever texts of others are in it. */
export const consoleLine = (line: string): string => printable(line).replace(atStart, "$1: ").replace(anywhere, "# ");

/** JSON as it may be shown: the same value, its strings escaped where a terminal or a CI system would obey them. */
const cleanJson = (json: string): string => printableJson(json).replace(anywhere, "\\u0023");

/**
 * A standard stream that nobody may be listening to any more: what cannot be written is lost, and the work goes on. A
 * reader that closed its end of a pipe has seen enough; anything else, such as a full disk, is remembered.
 */
class Output {
  private isClosed = false;
  failure: string | undefined;

  constructor(private readonly stream: NodeJS.WriteStream) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      this.isClosed = true;
      if (error.code !== "EPIPE") this.failure = error.message;
    });
  }

  write(text: string): void {
    if (!this.isClosed) this.stream.write(text);
  }

  /** Writes pieces as they are made, no faster than they are read; a matrix may have a million runs. */
  async writeAll(pieces: Iterable<string>): Promise<void> {
    let waiting = "";
    const flush = async () => {
      await new Promise((resolve) => this.stream.write(waiting, resolve));
      waiting = "";
    };
    for (const piece of pieces) {
      if (this.isClosed) return;
      waiting += piece;
      if (waiting.length >= charactersAtOnce) await flush();
    }
    if (!this.isClosed) await flush();
  }
}

const charactersAtOnce = 100_000;

function* each(pieces: Iterable<string>, clean: (piece: string) => string): Generator<string> {
  for (const piece of pieces) yield clean(piece);
}

const standardOutput = new Output(process.stdout);
const standardError = new Output(process.stderr);

const shown = (lines: readonly string[]) => lines.map((line) => `${consoleLine(line)}\n`).join("");

/** A line with the colours of its tones, where there are colours; nothing of its texts is obeyed. */
function coloured(line: Line, hasColours: boolean): string {
  if (typeof line === "string") return consoleLine(line);
  return line
    .map((piece) => painted(piece, consoleLine(typeof piece === "string" ? piece : piece.text), hasColours))
    .join("");
}

/** Writes lines to standard output: results. A line break inside one of them is shown as a sign. */
export function print(lines: readonly Line[]): void {
  const hasColours = coloursOf(process.stdout, process.env);
  standardOutput.write(lines.map((line) => `${coloured(line, hasColours)}\n`).join(""));
}

/** Columns there are on a terminal; a pipe or a file gets what 80 would get, whoever reads it. */
export const columnsOf = ({ isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns"> = process.stdout): number =>
  (isTTY && columns) || 80;

/** Writes a line to standard error: progress, errors, everything that is no result. */
export const tell = (line: string): void => standardError.write(shown([line]));

/** Writes a value to standard output as JSON and nothing else. */
export const printJson = (value: unknown): void => standardOutput.write(cleanJson(jsonText(value)));

/** As many lines as one likes, while they are made. */
export const printLines = (lines: Iterable<string>): Promise<void> =>
  standardOutput.writeAll(each(lines, (line) => shown([line])));

/** JSON while it is made, cut anywhere between its tokens. */
export const printJsonPieces = (pieces: Iterable<string>): Promise<void> =>
  standardOutput.writeAll(each(pieces, cleanJson));

/** Text of several lines, such as help. */
export const printText = (text: string): void => print(text.replace(/\n$/, "").split("\n"));
export const tellText = (text: string): void => {
  for (const line of text.replace(/\n$/, "").split("\n")) tell(line);
};

/** Why results could not be printed, where somebody should have got them. */
export const outputFailure = (): string | undefined => standardOutput.failure;
