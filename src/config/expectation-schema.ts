import { z } from "zod";
import { evaluatedColumns } from "../trace/columns.js";

/** Which runs are meant: by optimizer label, seed, or the value of a swept path. */
const selectionSchema = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
  .describe('which runs: {} for all, or e.g. {optimizer: lars, seed: 0, "optimizer.learningRate": 0.1}');

/** A number taken from one run's traces. */
const measureSchema = z.strictObject({
  column: z.string().min(1).describe("a column of trace.csv or layers.csv"),
  statistic: z
    .enum(["final", "minimum", "maximum", "mean", "tail-minimum", "tail-maximum", "tail-mean"])
    .describe("of the column over the run; tail: over the last share of its steps (tail-maximum stands for a limsup)"),
  tail: z.number().positive().max(1).default(0.1).describe("share of the steps that the tail is"),
  layer: z.string().optional().describe("for columns of layers.csv: only this layer (default: all)"),
});

/** Exactly one of these says what is looked at. */
const subjectsOf = (bounds: readonly string[]) => ({
  value: measureSchema.optional().describe("a number of each selected run"),
  verdict: z
    .strictObject({
      bound: z.enum(bounds).describe("name of a bound"),
      outcome: z.enum(["held", "violated", "not applicable"]),
    })
    .optional()
    .describe("how a bound ended in each selected run"),
  status: z.enum(["completed", "diverged"]).optional().describe("how each selected run ended"),
  slope: z
    .strictObject({
      of: measureSchema.optional().describe("a number a run, against a swept path"),
      column: z.string().optional().describe("a column of trace.csv, against the step within each run"),
      against: z.string().describe('a swept path, or "step"'),
      scale: z
        .enum(["log-log", "semi-log"])
        .default("log-log")
        .describe("semi-log: log of the number against the axis"),
      from: z.number().nonnegative().optional().describe("smallest value of the axis that is fitted"),
      to: z.number().nonnegative().optional().describe("largest value of the axis that is fitted"),
    })
    .optional()
    .describe("least-squares slope of logarithms"),
  ratio: z
    .strictObject({ of: measureSchema, over: selectionSchema.describe("the run it is divided by") })
    .optional()
    .describe("a number of each selected run over the same number of another run"),
  difference: z
    .strictObject({
      column: z.string().describe("a column of trace.csv"),
      from: selectionSchema.describe("the run it is compared with"),
    })
    .optional()
    .describe("largest relative difference |a − b|/|b| between the traces of each selected run and another"),
  tuned: z
    .strictObject({
      column: z.enum(evaluatedColumns as [string, ...string[]]).describe("a column that evaluations fill"),
      statistic: z
        .enum(["final", "best"])
        .default("final")
        .describe("of the column over the run: the last evaluation, or the best of all"),
      of: selectionSchema
        .default({})
        .describe("which of the selected runs are tuned, e.g. {optimizer: lamb}; a single configuration is untuned"),
      minus: selectionSchema.optional().describe("those whose own tuned value is subtracted, e.g. {optimizer: adam}"),
    })
    .optional()
    .describe(
      "the column's median over the seeds of one configuration: of all selected, which are under the same conditions, the one that is best by the experiment's objective (the first of several); a seed that came to nothing counts as the worst",
    ),
});

const numberOrReference = z.union([
  z.number(),
  z.strictObject({ reference: z.string().describe("a reference number of the problem, e.g. median") }),
]);

/** What a number is held against. */
const relations = {
  below: numberOrReference.optional().describe("it must be smaller"),
  above: numberOrReference.optional().describe("it must be larger"),
  near: z
    .strictObject({
      value: numberOrReference,
      absolute: z.number().nonnegative().default(0).describe("allowed difference"),
      relative: z.number().nonnegative().default(0).describe("allowed difference as a share of the value"),
    })
    .optional()
    .describe("it must lie around a value"),
};

const subjectNames = ["value", "verdict", "status", "slope", "ratio", "difference", "tuned"] as const;
const numeric = new Set(["value", "slope", "ratio", "difference", "tuned"]);

/**
 * A claim in words with the relation that makes it checkable.
 *
 * @param bounds the names that a verdict can be asked of
 */
export const expectationSchema = (bounds: readonly string[]) =>
  z
    .strictObject({
      claim: z.string().min(1).describe("what is claimed, in words"),
      source: z.string().min(1).describe("where the claim comes from: a theorem of the theory, an equation, a figure"),
      runs: selectionSchema.default({}),
      ...subjectsOf(bounds),
      ...relations,
    })
    .superRefine((expectation, context) => {
      const given = subjectNames.filter((name) => expectation[name] !== undefined);
      if (given.length !== 1) {
        context.addIssue({
          code: "custom",
          message: `expected exactly one of ${subjectNames.join(", ")}; got ${given.join(", ") || "none"}`,
        });
        return;
      }
      const related = ["below", "above", "near"].some(
        (name) => expectation[name as keyof typeof relations] !== undefined,
      );
      if (related !== numeric.has(given[0]!)) {
        const message = related
          ? `${given[0]} takes no below, above or near`
          : `${given[0]} needs below, above or near`;
        context.addIssue({ code: "custom", message });
      }
      const { slope } = expectation;
      if (slope && (slope.of === undefined) === (slope.column === undefined)) {
        context.addIssue({
          code: "custom",
          path: ["slope"],
          message: "give either of (with a swept path) or column (with step)",
        });
      }
    });

export type Expectation = z.output<ReturnType<typeof expectationSchema>>;
export type Measure = z.output<typeof measureSchema>;
export type Selection = z.output<typeof selectionSchema>;
