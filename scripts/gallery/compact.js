// A figure's SVG made small enough for a page of many: what only a pointer or a screen reader would look for goes, lines keep
// the points that can be seen, coordinates a tenth of a pixel.

/** How far a line may move, in pixels: the first by which a picture is small enough. */
const tolerances = [0.3, 0.6, 1.2];

/** Bytes of a picture on a page of many. */
export const mostBytes = 40_000;

/** @typedef {readonly [x: number, y: number]} Point */

/** The distance of a point from the segment between two others. @param {Point} p @param {Point} a @param {Point} b */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

/**
 * The points of a line without those that lie on it (Douglas & Peucker 1973).
 *
 * @param {readonly Point[]} points
 * @param {number} tolerance
 * @returns {Point[]}
 */
export function simplified(points, tolerance) {
  if (points.length < 3) return [...points];
  const kept = new Set([0, points.length - 1]);
  /** @type {[number, number][]} */
  const open = [[0, points.length - 1]];
  for (let range = open.pop(); range; range = open.pop()) {
    const [from, to] = range;
    let farthest = from;
    let most = tolerance;
    for (let i = from + 1; i < to; i++) {
      const away = distance(at(points, i), at(points, from), at(points, to));
      if (away > most) [farthest, most] = [i, away];
    }
    if (farthest === from) continue;
    kept.add(farthest);
    open.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => kept.has(i));
}

/** @param {readonly Point[]} points @param {number} i */
const at = (points, i) => /** @type {Point} */ (points[i]);

/** @param {string} text */
const rounded = (text) =>
  text.replace(/-?\d*\.\d+(?:e[-+]?\d+)?/g, (number) => String(Math.round(Number(number) * 10) / 10 || 0));

/** A path of straight lines with fewer points; others with rounded numbers. @param {string} path @param {number} tolerance */
export function compactPath(path, tolerance) {
  if (!/^[-MLZ\d.,e+ ]*$/.test(path)) return rounded(path);
  const parts = path.match(/M[^M]*/g) ?? [];
  return parts
    .map((part) => {
      const isClosed = part.endsWith("Z");
      const points = part
        .replace(/[MZ]/g, "")
        .split("L")
        .map((pair) => /** @type {Point} */ (/** @type {unknown} */ (pair.split(",").map(Number))));
      const line = simplified(points, tolerance).map(([x, y]) => rounded(`${x.toFixed(3)},${y.toFixed(3)}`));
      return `M${line.join("L")}${isClosed ? "Z" : ""}`;
    })
    .join("");
}

/** @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

const styling =
  /(?: (?:fill|stroke|opacity|text-anchor|font-size|font-weight|(?:fill|stroke)-opacity|stroke-(?:width|dasharray|linecap))="[^"]*")+/g;

/** Looks that many elements share, said once. @param {string} svg */
function withClasses(svg) {
  const counts = new Map();
  for (const [look] of svg.matchAll(styling)) counts.set(look, (counts.get(look) ?? 0) + 1);
  const shared = [...counts].filter(([, count]) => count > 3).map(([look]) => look);
  if (shared.length === 0) return svg;
  const nameOf = new Map(shared.map((look, i) => [look, `c${i}`]));
  const rules = shared.map(
    (look) =>
      `.${nameOf.get(look)}{${look
        .trim()
        .replaceAll('="', ":")
        .replace(/"( |$)/g, ";")}}`,
  );
  /** A tag with one attribute for all its classes. @param {string} tag */
  const withClass = (tag) => {
    /** @type {string[]} */
    const classes = [];
    const rest = tag.replace(styling, (look) => {
      const name = nameOf.get(look);
      if (name === undefined) return look;
      classes.push(name);
      return "";
    });
    return classes.length > 0 ? rest.replace(/^<\w+/, (start) => `${start} class="${classes.join(" ")}"`) : tag;
  };
  return svg.replace(/<\w+[^>]*>/g, withClass).replace(/(<svg [^>]*>)/, `$1<style>${rules.join("")}</style>`);
}

/** @param {string} svg @param {string} title @param {number} tolerance */
function compacted(svg, title, tolerance) {
  const font = / font-family="([^"]*)"/.exec(svg)?.[1] ?? "sans-serif";
  let text = svg
    .replace(/ (?:aria-[a-z]+|role|class|pointer-events|font-family|xmlns:xlink|version)="[^"]*"/g, "")
    .replace(/ (?:opacity|stroke-width)="1"/g, "")
    .replace(/<path[^>]*(?:display="none"|d=""|d="M0,0h0v0h0Z")[^>]*\/>/g, "")
    .replace(/<(?:line|text)[^>]* opacity="0"[^>]*(?:\/>|>[^<]*<\/text>)|<text[^>]*\/>/g, "")
    .replace(/ d="([^"]*)"/g, (_, path) => ` d="${compactPath(path, tolerance)}"`)
    .replace(/ transform="([^"]*)"/g, (_, transform) => ` transform="${rounded(transform)}"`)
    .replace(/ (x2?|y2?|width|height)="([^"]*)"/g, (_, name, value) => ` ${name}="${rounded(value)}"`);
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replace(/<g[^>]*><\/g>/g, "").replace(/ transform="translate\(0,0\)"/g, "");
  }
  return `${withClasses(text).replace("<svg ", `<svg role="img" aria-label="${escaped(title)}" font-family="${font}" `)}\n`;
}

/**
 * @param {string} svg as Vega writes it
 * @param {string} title what a screen reader says
 */
export function compactSvg(svg, title) {
  for (const tolerance of tolerances) {
    const picture = compacted(svg, title, tolerance);
    if (Buffer.byteLength(picture) < mostBytes) return picture;
  }
  throw new Error(`${title}: no picture of less than ${mostBytes} bytes; show fewer lines or another figure`);
}
