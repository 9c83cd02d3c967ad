/** Text that is markup already. */
export class Html {
  constructor(readonly markup: string) {}
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign]!);

type Part = Html | string | number | undefined | false | readonly Part[];

const markupOf = (part: Part): string =>
  part instanceof Html
    ? part.markup
    : Array.isArray(part)
      ? part.map(markupOf).join("")
      : part === undefined || part === false
        ? ""
        : escaped(String(part));

/** A template whose values are escaped, unless they are markup themselves; lists are joined. */
export const html = (strings: TemplateStringsArray, ...values: readonly Part[]): Html =>
  new Html(strings.reduce((text, string, i) => text + markupOf(values[i - 1]) + string));

/**
 * JSON that can stand in a script element: no `<` can end it or begin a comment, no line separator can break it, and
 * it reads back as the same value.
 */
export const embeddedJson = (value: unknown): Html =>
  new Html(
    JSON.stringify(value).replace(
      /[<>&\u2028\u2029]/g,
      (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );

/** A program that can stand in a script element: what would end it is spelled in another way with the same meaning. */
export const embeddedScript = (source: string): Html => new Html(source.replace(/<(?=\/script|!--)/gi, "\\x3C"));
