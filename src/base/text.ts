/**
 * What a terminal obeys, a reader does not see, or what rearranges or breaks a line: control characters (C0, DEL, C1),
 * line separators, marks of direction, byte order marks, halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF\uFFFE\uFFFF]/gu;

const escaped = (sign: string) => `\\u${sign.codePointAt(0)!.toString(16).padStart(4, "0")}`;

/** The picture of a control character of ASCII, e.g. ␛; others as JSON writes them, e.g. \u009b. */
function visible(sign: string): string {
  const code = sign.codePointAt(0)!;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  return code === 0x7f ? "\u2421" : escaped(sign);
}

/** Text of whatever origin, good to show on one line: what is unprintable in it is made visible. */
export const printable = (text: string): string => text.replace(unprintable, visible);

/** JSON text with everything unprintable in its strings escaped; it reads back as the same value. */
export const printableJson = (json: string): string =>
  json.replace(unprintable, (sign) => (sign === "\n" ? sign : escaped(sign)));

/** "final gap" → "Final gap" */
export const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** "1 run", "2 runs" */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
