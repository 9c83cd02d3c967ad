import { z } from "zod";
import { backendNames } from "../compute/backends.js";
import { withPreparation } from "../data/preparation.js";
import { averageWeightsSchema } from "../optimizers/average-weights.js";
import { optimizerSchema } from "../optimizers/optimizer.js";
import type { Registry } from "../registry/registry.js";
import { expectationSchema } from "./expectation-schema.js";
import { objectiveSchema } from "./objective-schema.js";
import { fewWeights, savings } from "./saved-weights.js";
import { searchSchema } from "./search.js";
import { slurmSchema } from "./slurm.js";
import { axisSchema, sweepSchema } from "./sweep.js";
import { targetsSchema } from "./target-schema.js";

/** A registry entry's options: what its own schema makes of them, by name. */
export interface Named {
  readonly name: string;
  readonly [option: string]: unknown;
}

/** The options of one definition of several, told apart by their names. */
function oneOf(schemas: readonly z.ZodObject[]): z.ZodType<Named> {
  return z.discriminatedUnion("name", schemas as [z.ZodObject, ...z.ZodObject[]]) as unknown as z.ZodType<Named>;
}

/** Directory-safe without being renamed: what one types is what one finds. */
const experimentName = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[\p{L}\p{N}_][\p{L}\p{N}_.+=@ -]*$/u, {
    error: 'expected letters, digits, spaces and _ . + = @ - only (no path separators), such as "lars-mnist"',
  })
  .describe("name of the experiment, and of its directory under results");

const evaluationRhythm = z.union([z.int().positive(), z.enum(["epoch", "end"])]);
const allEvaluationOptions = z.strictObject({
  every: evaluationRhythm
    .default("epoch")
    .describe('at the start and after every epoch, at the start and every n steps, or only at the "end"'),
  trainingExamples: z
    .union([z.int().positive(), z.literal("all")])
    .default(10_000)
    .describe(
      'training examples that are evaluated, a fixed subset drawn from the seed, or "all"; full batches are evaluated as they are',
    ),
});

/** The fields that a run's config shares with its experiment's. */
const sharedFields = ({ problems, datasets, bounds }: Registry) => ({
  $schema: z.string().optional().describe("JSON Schema for editors; ignored"),
  name: experimentName,
  description: z.string().optional().describe("what the experiment is for, in words"),
  problem: oneOf(problems.map(({ schema }) => schema)).describe("what is minimised"),
  data: oneOf(datasets.map(withPreparation))
    .optional()
    .describe("the data set, for problems that need one or can take one"),
  initialWeights: z
    .string()
    .min(1)
    .optional()
    .describe("file of w_0, in place of the problem's own: .npz as runs save it, or .json; relative to this config"),
  batchSize: z
    .union([z.int().positive(), z.literal("full")])
    .default("full")
    .describe('examples per step, or "full" for all of them'),
  steps: z.int().positive().optional().describe("number of updates; give this or epochs"),
  epochs: z.number().positive().optional().describe("passes over the training examples; give this or steps"),
  trace: z
    .strictObject({
      every: z.int().positive().default(1).describe("write every n-th step to the traces (the last one always)"),
      layers: z.boolean().default(true).describe("whether layers.csv is written"),
    })
    .prefault({})
    .describe("what is written while training"),
  evaluate: z
    .union([evaluationRhythm.transform((every) => allEvaluationOptions.parse({ every })), allEvaluationOptions])
    .prefault("epoch")
    .describe(
      'when loss and accuracy are evaluated on training examples and the test set: "epoch", every n steps or "end", or {every, trainingExamples}',
    ),
  averageWeights: averageWeightsSchema
    .optional()
    .describe("evaluate an average of the iterates beside the last one, and save it with the weights; default: not"),
  bounds: z
    .union([z.literal("auto"), z.array(z.enum(bounds.map(({ name }) => name)))])
    .default("auto")
    .describe('theorems to hold the run against: "auto" for all that apply, or their names ([] for none)'),
  stop: z
    .strictObject({
      lossAbove: z.number().default(1e30).describe("a run whose loss exceeds this has diverged"),
      wallSeconds: z
        .number()
        .positive()
        .optional()
        .describe("a run that computes for longer is stopped and counts as failed; its trace is kept"),
      atTarget: z
        .union([z.boolean(), targetsSchema])
        .optional()
        .describe("end a run at the first evaluation that meets the experiment's target (true), or this one"),
    })
    .prefault({})
    .describe("when a run ends early"),
  checkpoint: z
    .union([
      z.strictObject({ everySeconds: z.number().positive().describe("save the state of a run every so many seconds") }),
      z.strictObject({ everySteps: z.int().positive().describe("save the state of a run every so many updates") }),
    ])
    .default({ everySeconds: 10 })
    .describe("how often a run saves what it needs to go on after it was cut off"),
  save: z
    .enum(savings)
    .default("auto")
    .describe(
      `whether a run keeps its final weights, as weights.npz for NumPy: "weights", "nothing", or "auto" where there are at most ${fewWeights}`,
    ),
  backend: z
    .enum(["auto", "float64", ...backendNames])
    .default("auto")
    .describe("where tensors are computed; float64 is the host, for problems with analytic gradients"),
  precision: z
    .enum(["float32", "float64"])
    .optional()
    .describe("default: float64 for problems with analytic gradients, float32 for networks"),
});

/** One run, resolved: one optimizer, one seed, no sweep. */
const runSchema = (registry: Registry) =>
  z.strictObject({
    ...sharedFields(registry),
    optimizer: optimizerSchema(registry),
    seed: z.int().describe("root of all the run's random streams"),
  });

/** One run's resolved config: every default spelled out. */
export type RunConfig = Readonly<z.output<ReturnType<typeof runSchema>>>;

/** A config file, after `extends` has been followed. */
function experimentSchema(registry: Registry) {
  const optimizer = optimizerSchema(registry);
  return z.strictObject({
    ...sharedFields(registry),
    plugins: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "modules that add rules, problems, data sets, schedules, bounds or figures: paths from here, or packages",
      ),
    optimizer: optimizer.optional().describe("the update rule; give this or optimizers"),
    optimizers: z.array(optimizer).min(1).optional().describe("update rules to compare"),
    seeds: axisSchema(z.int()).default([0]).describe("root seeds; every optimizer runs with each"),
    sweep: sweepSchema.optional().describe("config paths to vary"),
    search: searchSchema
      .optional()
      .describe(
        "config paths to search over: the same number of trials for every optimizer and every cell of the sweep",
      ),
    objective: objectiveSchema
      .optional()
      .describe(
        "what runs are compared by: a column, or {column, statistic, direction}; default: the final gap or distance where the optimum is known, else validation accuracy or loss, else training loss",
      ),
    target: targetsSchema
      .optional()
      .describe(
        "what runs are to reach, {column, above} or {column, below}, or a list of which all are to be met: steps, epochs and seconds to it are told; no part of a run's identity",
      ),
    slurm: slurmSchema.prefault({}).describe("how runs are put onto a Slurm cluster (--executor slurm)"),
    expect: z
      .array(expectationSchema(registry.bounds.map(({ name }) => name)))
      .default([])
      .describe("claims to hold the finished runs against"),
  });
}

/** A config file as it is written. */
const fileSchema = (experiment: ReturnType<typeof experimentSchema>) =>
  experiment.extend({
    extends: z
      .union([z.string(), z.array(z.string())])
      .optional()
      .describe("configs this one starts from, relative to it"),
  });

/** What configs are checked with that may name what is in a registry. */
export interface ConfigSchemas {
  readonly run: ReturnType<typeof runSchema>;
  readonly experiment: ReturnType<typeof experimentSchema>;
  readonly file: ReturnType<typeof fileSchema>;
}

const made = new WeakMap<Registry, ConfigSchemas>();

/** The schemas of a registry, made once. */
export function configSchemas(registry: Registry): ConfigSchemas {
  const known = made.get(registry);
  if (known) return known;
  const experiment = experimentSchema(registry);
  const schemas = { run: runSchema(registry), experiment, file: fileSchema(experiment) };
  made.set(registry, schemas);
  return schemas;
}
