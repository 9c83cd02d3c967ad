import { printable } from "./text.js";

/** A Markdown table; the pipes of norms are escaped. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)].join("\n");
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

/**
 * Text of whatever origin as Markdown that shows it, on one line, and makes nothing of it: no emphasis, code, link,
 * formula, heading, list or HTML. An underscore between letters or digits, as in w_k, is none of these.
 */
export const markdownText = (text: string): string =>
  printable(text.replace(/\s+/g, " "))
    .replace(/[\\`*[\]~$]/g, "\\$&")
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, "\\_")
    .replace(/^( ?)(#+|[-+]|\d+(?=[.)](?: |$)))(?=[.) ])/, (_, space: string, mark: string) =>
      /\d/.test(mark) ? `${space}${mark}\\` : `${space}\\${mark}`,
    )
    .replace(/[&<>]/g, (sign) => entities[sign]!);
