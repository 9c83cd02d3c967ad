import type { RandomStream } from "../base/random.js";
import { bell, imageSide } from "./digit-deformation.js";
import type { Point } from "./digit-skeletons.js";

/** imageSide² intensities in row order, 0 (paper) … 1 (full ink). */
type Canvas = Float64Array;

/** Half a stroke's width in pixels where it starts and where it ends. */
interface Pen {
  readonly start: number;
  readonly end: number;
}

/** Inks every pixel whose centre is nearer than `radius` to the line from a to b, with an edge one pixel soft. */
function drawLine(canvas: Canvas, [ax, ay]: Point, [bx, by]: Point, radius: number): void {
  const reach = radius + 0.5;
  const [dx, dy] = [bx - ax, by - ay];
  const lengthSquared = dx * dx + dy * dy;
  const left = Math.max(0, Math.floor(Math.min(ax, bx) - reach));
  const right = Math.min(imageSide - 1, Math.floor(Math.max(ax, bx) + reach));
  const top = Math.max(0, Math.floor(Math.min(ay, by) - reach));
  const bottom = Math.min(imageSide - 1, Math.floor(Math.max(ay, by) + reach));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column + 0.5 - ax, row + 0.5 - ay];
      const along = lengthSquared > 0 ? Math.min(1, Math.max(0, (px * dx + py * dy) / lengthSquared)) : 0;
      const [ex, ey] = [px - along * dx, py - along * dy];
      const distanceSquared = ex * ex + ey * ey;
      if (distanceSquared >= reach * reach) continue;
      const ink = Math.min(1, reach - Math.sqrt(distanceSquared));
      const at = row * imageSide + column;
      if (ink > canvas[at]!) canvas[at] = ink;
    }
  }
}

function drawStroke(canvas: Canvas, vertices: readonly Point[], pen: Pen): void {
  for (let i = 1; i < vertices.length; i++) {
    const radius = pen.start + ((pen.end - pen.start) * i) / vertices.length;
    drawLine(canvas, vertices[i - 1]!, vertices[i]!, radius);
  }
}

/** Convolves rows, then columns, with (share, 1 − 2·share, share); what lies outside the image is paper. */
function blur(canvas: Canvas, share: number): void {
  for (const [step, line] of [
    [1, imageSide],
    [imageSide, 1],
  ] as const) {
    for (let i = 0; i < imageSide; i++) {
      let before = 0;
      for (let j = 0; j < imageSide; j++) {
        const at = i * line + j * step;
        const here = canvas[at]!;
        const after = j + 1 < imageSide ? canvas[at + step]! : 0;
        canvas[at] = share * (before + after) + (1 - 2 * share) * here;
        before = here;
      }
    }
  }
}

/**
 * Draws a digit with a random pen, blurs it and adds noise to the inked part and, faintly, to the paper.
 *
 * @param strokes polylines in pixel coordinates
 * @param pixels imageSide² bytes, overwritten: 0 (paper) … 255 (ink)
 */
export function render(strokes: readonly (readonly Point[])[], stream: RandomStream, pixels: Uint8Array): void {
  const canvas = new Float64Array(imageSide * imageSide);
  const width = 1.25 + 0.55 * bell(stream);
  for (const stroke of strokes) {
    drawStroke(canvas, stroke, { start: width + 0.3 * bell(stream), end: width + 0.3 * bell(stream) });
  }
  blur(canvas, 0.1 + 0.1 * bell(stream));
  const strength = 0.95 + 0.15 * bell(stream);
  for (let i = 0; i < pixels.length; i++) {
    const noise = 0.12 * (stream.uniform() - 0.5);
    const value = canvas[i]! * strength + noise * (0.1 + canvas[i]!);
    pixels[i] = Math.floor(255 * Math.min(1, Math.max(0, value)) + 0.5);
  }
}
