import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { randomStream } from "../base/random.js";

const amount = z
  .number()
  .positive()
  .refine((value) => value < 1 || Number.isInteger(value), "expected a whole number, or a share between 0 and 1");

/** How many examples are set aside, and which. */
export const holdoutOption = z.union(
  [
    amount,
    z.strictObject({
      examples: amount.describe("number of examples, or their share of all"),
      shuffle: z
        .boolean()
        .default(true)
        .describe("draw them at random; false takes the last ones, as of a time series"),
      seed: z
        .int()
        .default(0)
        .describe("of the draw; independent of the seeds of the runs, which all have the same split"),
    }),
  ],
  { error: "expected a number of examples, a share between 0 and 1, or {examples, shuffle, seed}" },
);

export type HoldoutOption = z.output<typeof holdoutOption>;
export type Holdout = Exclude<HoldoutOption, number>;

/** The option in full. */
export const holdoutOf = (option: HoldoutOption): Holdout =>
  typeof option === "number" ? { examples: option, shuffle: true, seed: 0 } : option;

/** Indices of two parts of n examples, each ascending. */
export interface Split {
  readonly kept: Int32Array;
  readonly heldOut: Int32Array;
}

const range = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);

/**
 * Sets some of n examples aside.
 *
 * @param option where it stands in the config; it names the random stream too
 * @throws ExperimentError unless there is at least one in each part
 */
export function holdOut(n: number, { examples, shuffle, seed }: Holdout, option: string): Split {
  const count = examples < 1 ? Math.round(examples * n) : examples;
  if (count < 1 || count >= n) {
    throw new ExperimentError(
      `${option}: ${examples < 1 ? `a share of ${examples} is ${count}` : `got ${count}`} of ${n} examples; expected at least 1 and at most ${n - 1}`,
    );
  }
  if (!shuffle) return { kept: range(0, n - count), heldOut: range(n - count, n) };
  const order = randomStream({ seed, name: option }).permutation(n);
  return { kept: order.slice(count).sort(), heldOut: order.slice(0, count).sort() };
}
