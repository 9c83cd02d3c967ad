import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import type { RandomStream } from "../base/random.js";

export const augmentationOption = z.strictObject({
  shift: z
    .int()
    .nonnegative()
    .default(0)
    .describe("images are shifted by up to so many pixels each way, uniformly; what comes in is 0"),
  flip: z.boolean().default(false).describe("every second image, at random, is mirrored, left for right"),
});

export type Augmentation = z.output<typeof augmentationOption>;

/** What becomes of one image: it is mirrored, then moved to the right and down. */
export interface Transformation {
  readonly right: number;
  readonly down: number;
  readonly isMirrored: boolean;
}

/** The transformation of a training example at a step. */
export type Augmenter = (step: number, example: number) => Transformation;

/**
 * Every step and example has a random stream of its own: what an image becomes depends neither on the others of its batch
 * nor on where a run was taken up again.
 *
 * @param stream the run's random stream of this name
 */
export function augmenter({ shift, flip }: Augmentation, stream: (name: string) => RandomStream): Augmenter {
  return (step, example) => {
    const draws = stream(`augmentation ${step} ${example}`);
    return {
      right: draws.integer(-shift, shift),
      down: draws.integer(-shift, shift),
      isMirrored: flip && draws.integer(0, 1) === 1,
    };
  };
}

/** @throws ExperimentError if images of this size are not to be augmented so */
export function checkAugmentation(
  { shift, flip }: Augmentation,
  { height, width }: { readonly height: number; readonly width: number },
): void {
  if (!flip && shift === 0)
    throw new ExperimentError("data.augment: it does nothing; set shift or flip, or leave it out");
  if (width === 1) {
    throw new ExperimentError("data.augment: tables have no images to shift or flip; leave it out");
  }
  if (shift < Math.min(height, width)) return;
  throw new ExperimentError(
    `data.augment.shift: got ${shift}, which moves images of ${height} × ${width} pixels out of sight; expected less`,
  );
}
