/** Attributes that hold coordinates. */
const coordinates = /\b(d|transform|x|y|x1|x2|y1|y2|width|height)="([^"]*)"/g;

/**
 * An SVG file with coordinates of one decimal and without labels for screen readers that repeat every mark: a picture is
 * described where it is shown.
 *
 * @param {string} svg as Vega writes it
 */
export const small = (svg) =>
  `${svg
    .replace(/ (role|aria-[a-z]+)="[^"]*"/g, "")
    .replace(coordinates, (attribute) =>
      attribute.replace(/-?\d+\.\d{2,}/g, (n) => String(Math.round(10 * Number(n)) / 10)),
    )
    .trim()}\n`;
