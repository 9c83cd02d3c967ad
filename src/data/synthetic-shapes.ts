import { z } from "zod";
import type { RandomStream } from "../base/random.js";
import { defineDataset } from "./dataset.js";
import { bell } from "./digit-deformation.js";
import { generatedFields, type ImageGenerator, loadGenerated } from "./generated-images.js";

const side = 32;
const channels = 3;

/** Whether a point belongs to a shape, in coordinates in which that reaches from −1 to 1: x to the right, y downward. */
type Shape = (x: number, y: number) => boolean;

const within = (value: number, low: number, high: number) => value >= low && value <= high;
const isInSquare: Shape = (x, y) => within(x, -0.85, 0.85) && within(y, -0.85, 0.85);
const isInCross: Shape = (x, y) => within(x, -0.28, 0.28) || within(y, -0.28, 0.28);

/** One a class. */
const shapes: readonly Shape[] = [
  // disc
  (x, y) => x * x + y * y <= 0.9,
  // ring
  (x, y) => within(x * x + y * y, 0.36, 0.95),
  // square
  isInSquare,
  // frame
  (x, y) => isInSquare(x, y) && !(within(x, -0.5, 0.5) && within(y, -0.5, 0.5)),
  // triangle
  (x, y) => within(y, -0.9, 0.8) && Math.abs(x) <= (y + 0.9) / 1.7,
  // diamond
  (x, y) => Math.abs(x) + Math.abs(y) <= 1,
  // upright cross
  (x, y) => within(x, -0.95, 0.95) && within(y, -0.95, 0.95) && isInCross(x, y),
  // diagonal cross
  (x, y) => isInSquare(x, y) && isInCross((x + y) / 1.4, (x - y) / 1.4),
  // horizontal bars
  (x, y) => within(x, -0.9, 0.9) && (within(y, -0.85, -0.45) || within(y, -0.2, 0.2) || within(y, 0.45, 0.85)),
  // vertical bars
  (x, y) => within(y, -0.9, 0.9) && (within(x, -0.85, -0.45) || within(x, -0.2, 0.2) || within(x, 0.45, 0.85)),
];

type Colour = readonly number[];

const randomColour = (stream: RandomStream): Colour => Array.from({ length: channels }, () => stream.uniform());

/** A colour that can be told from the other. */
function contrasting(other: Colour, stream: RandomStream): Colour {
  for (;;) {
    const colour = randomColour(stream);
    if (colour.reduce((sum, value, i) => sum + Math.abs(value - other[i]!), 0) > 0.7) return colour;
  }
}

/** From pixels to the shape's coordinates: a random place, size, slight rotation and stretch. */
function placement(stream: RandomStream): (column: number, row: number) => readonly [x: number, y: number] {
  const size = 10 + 3 * bell(stream);
  const stretch = 1 + 0.2 * bell(stream);
  const [right, down] = [side / 2 + 4 * bell(stream), side / 2 + 4 * bell(stream)];
  // A rotation by θ from τ = tan(θ/2), without trigonometric functions: their last digits differ between engines.
  const tau = 0.2 * bell(stream);
  const [cosine, sine] = [(1 - tau * tau) / (1 + tau * tau), (2 * tau) / (1 + tau * tau)];
  return (column, row) => {
    const [u, v] = [(column - right) / (size * stretch), (row - down) / size];
    return [cosine * u + sine * v, cosine * v - sine * u];
  };
}

/** Where a pixel is looked at, for soft edges. */
const samples = [0.25, 0.75];

/** The share of a pixel that belongs to the shape. */
function coverage(shape: Shape, place: ReturnType<typeof placement>, row: number, column: number): number {
  let inside = 0;
  for (const down of samples) {
    for (const right of samples) if (shape(...place(column + right, row + down))) inside += 1;
  }
  return inside / samples.length ** 2;
}

function draw(label: number, stream: RandomStream, pixels: Uint8Array): void {
  const shape = shapes[label]!;
  const place = placement(stream);
  const paper = randomColour(stream);
  const ink = contrasting(paper, stream);
  const slopes = [0.4 * bell(stream), 0.4 * bell(stream)] as const;
  let at = 0;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const share = coverage(shape, place, row, column);
      const light = slopes[0] * (row / side - 0.5) + slopes[1] * (column / side - 0.5);
      for (let channel = 0; channel < channels; channel++) {
        const colour = share * ink[channel]! + (1 - share) * paper[channel]! + light;
        const value = colour + 0.16 * (stream.uniform() - 0.5);
        pixels[at++] = Math.floor(255 * Math.min(1, Math.max(0, value)) + 0.5);
      }
    }
  }
}

const generator: ImageGenerator = {
  name: "synthetic-shapes",
  version: 1,
  classes: shapes.length,
  side,
  channels,
  draw,
};

/**
 * Ten shapes drawn by this program in random colours: placed, turned and stretched at random, unevenly lit, with noise. Only
 * operations whose rounding IEEE 754 prescribes are used, so the same options give the same bytes on every machine.
 */
export const syntheticShapes = defineDataset({
  name: "synthetic-shapes",
  summary: "Generated 32 × 32 colour images of ten shapes; needs no download",
  version: 1,
  schema: z.strictObject({
    name: z.literal("synthetic-shapes").describe("Generated shapes in colour"),
    ...generatedFields,
  }),
  load: (options, context) => loadGenerated(generator, options, context),
});
