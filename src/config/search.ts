import { z } from "zod";

const isOrdered = ([low, high]: readonly [number, number]) => low < high;
const ordered = { error: "expected [low, high], the smaller number first" };

const dimensionSchema = z.union([
  z.strictObject({
    log: z
      .tuple([z.number().positive(), z.number().positive()])
      .refine(isOrdered, ordered)
      .describe("[low, high]: every order of magnitude alike"),
  }),
  z.strictObject({
    uniform: z.tuple([z.number(), z.number()]).refine(isOrdered, ordered).describe("[low, high]: every value alike"),
  }),
  z.strictObject({ choice: z.array(z.unknown()).min(1).describe("values of any kind, each alike") }),
]);

const spaceSchema = z.record(z.string(), dimensionSchema);

const halvingSchema = z.strictObject({
  rungs: z.int().min(2).max(20).describe("how often trials are compared, the last time at their end"),
  factor: z
    .int()
    .min(2)
    .describe("the best 1/factor of the trials go on from a rung, and the next rung is factor times as far"),
});

export const searchSchema = z.strictObject({
  method: z
    .enum(["halton", "random"])
    .default("halton")
    .describe(
      "how trials are spread over the space: evenly (Halton's sequence, scrambled by the seed) or independently",
    ),
  seed: z.int().default(0).describe("root of the points of the search; those of the runs are seeds"),
  trials: z.int().positive().describe("configurations that each optimizer is tried in, the same number for all"),
  space: spaceSchema.default({}).describe("config paths to search over, for every optimizer"),
  perOptimizer: z
    .record(z.string(), spaceSchema)
    .default({})
    .describe("by label: paths that an optimizer has in addition, or searches elsewhere than the others"),
  successiveHalving: halvingSchema
    .optional()
    .describe("stop the worse trials early: compare all by the objective at a fraction of their steps"),
});

/** What a path may be: numbers between two ends, or one of several values. */
export type Dimension =
  | { readonly log: readonly [number, number] }
  | { readonly uniform: readonly [number, number] }
  | { readonly choice: readonly unknown[] };

export type Space = Readonly<Record<string, Dimension>>;

export type Halving = Readonly<z.output<typeof halvingSchema>>;

export interface Search {
  readonly method: "halton" | "random";
  readonly seed: number;
  readonly trials: number;
  readonly space: Space;
  readonly perOptimizer: Readonly<Record<string, Space>>;
  readonly successiveHalving?: Halving | undefined;
}

/** The paths of one optimizer: those of all, in their order, and its own. */
export const spaceOf = ({ space, perOptimizer }: Search, optimizer: string): Space => ({
  ...space,
  ...(Object.hasOwn(perOptimizer, optimizer) ? perOptimizer[optimizer] : {}),
});
