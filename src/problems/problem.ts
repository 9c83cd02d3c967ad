import type { Tensor } from "@tensorflow/tfjs-core";
import type { z } from "zod";
import type { RandomStream } from "../base/random.js";
import type { Algebra, Precision } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import type { Recorded } from "../compute/recorded.js";
import type { RecordedScalar, RecordingAlgebra } from "../compute/recording.js";
import type { Scalar, TensorAlgebra } from "../compute/tensors.js";
import type { ImageDataset } from "../data/dataset.js";

/** Which examples a step uses: indices into the training examples, or "full" for all of them. */
export type Batch = Int32Array | "full";

/** Mean loss over some examples and, for classifiers, the share of them classified correctly. */
export interface Score<S> {
  readonly loss: S;
  readonly accuracy?: S;
}

/** Of a batch. */
export interface LossAndGradients<V, S> extends Score<S> {
  /** One a layer, each of the layer's shape. */
  readonly gradients: V[];
}

/** The score of some examples of a set. */
export interface PartialScore<S> extends Score<S> {
  /** How many they are. */
  readonly examples: number;
}

/**
 * Scores weights on a fixed set of examples, in as many parts as it takes: the score of the set is the mean of the
 * parts, weighted by their sizes. Called inside `algebra.scope`.
 */
export type Evaluator<V, S> = (weights: readonly V[]) => readonly PartialScore<S>[];

/** A problem on one backend: what the step loop needs of it. */
export interface Objective<V, S> {
  /** w_0, one vector a layer; the caller owns them. */
  initialWeights(): V[];
  /**
   * f(w) on the batch and its gradient. Called inside `algebra.scope`.
   *
   * @param step k, for what is drawn anew at each step (dropout, augmentation); default: 0
   * @param isMeasured false where nobody reads the accuracy, which then may be left out; default: true
   */
  lossAndGradients(weights: readonly V[], batch: Batch, step?: number, isMeasured?: boolean): LossAndGradients<V, S>;
  /** Called once the weights have moved: what the last batch did to the problem's `nonTrainable` takes effect. */
  advance?(): void;
  /** The `nonTrainable` of the problem, as they are now; they stay the objective's. */
  nonTrainable?(): readonly V[];
  /** Puts `nonTrainable` back to what it was when these numbers were read from it. */
  restore?(nonTrainable: readonly ArrayLike<number>[]): void;
  /**
   * f over these training examples, which stay on the device until `dispose`. Absent for problems without examples,
   * whose every batch is "full".
   */
  onTraining?(examples: Batch): Evaluator<V, S>;
  /** f over the validation set; absent or undefined where there is none. */
  onValidation?(): Evaluator<V, S> | undefined;
  /** The same over the test set. */
  onTest?(): Evaluator<V, S> | undefined;
  dispose?(): void;
}

/** What is known about a convex (or smooth) problem; absent fields are unknown, and bounds that need them do not apply. */
export interface KnownConstants {
  readonly convex: boolean;
  /** L: ‖∇f(x) − ∇f(y)‖₂ ≤ L‖x − y‖₂ */
  readonly smoothness?: number;
  /** μ: f − (μ/2)‖·‖₂² is convex */
  readonly strongConvexity?: number;
  /** G: ‖g‖₂ ≤ G for every (sub)gradient */
  readonly gradientBound?: number;
  /** w*, one array a layer */
  readonly optimum?: readonly Float64Array[];
  /** f* = f(w*) */
  readonly optimalValue?: number;
  /** A lower bound of f, where f* is not known (T8 needs no more). */
  readonly infimum?: number;
  /** How w* was found, e.g. "closed form", "Newton, ‖∇f(w*)‖₂ = 3.1e-15". */
  readonly optimumSource?: string;
  /** True if f = ½(w − w*)ᵀH(w − w*) + const: T5 presupposes it. */
  readonly quadratic?: boolean;
  /** True if f(αw) = f(w) for every α > 0, so that gradients are at right angles to the weights: T15 presupposes it. */
  readonly scaleInvariant?: boolean;
  /** Other numbers worth comparing a run with, e.g. the median of the targets (T9). */
  readonly reference?: Readonly<Record<string, number>>;
}

/** What planning needs of a problem, told from its options alone: nothing is drawn, solved or read for it. */
export interface Outline {
  readonly layers: readonly Layer[];
  /** As in `Problem`. */
  readonly examples?: number;
  /** Numbers held at once beside the weights: examples, matrices. */
  readonly numbers: number;
}

/** A problem of several runs that train together: the objective of one of them. */
export type ObjectiveOfRuns = (
  algebra: RecordingAlgebra,
) => Objective<Recorded, RecordedScalar> | Promise<Objective<Recorded, RecordedScalar>>;

/** A configured problem, before a backend is chosen. */
export interface Problem {
  readonly layers: readonly Layer[];
  /** What the objective keeps besides and the optimizer does not train, such as running statistics. */
  readonly nonTrainable?: readonly Layer[];
  /**
   * True if a step's loss is another than the one that is evaluated, as with batch normalisation and dropout: no batch
   * is the mean of its examples then, and no gradient that of one example.
   */
  readonly hasTrainingMode?: boolean;
  /** Number of training examples; absent for problems without data (a batch size other than "full" is an error). */
  readonly examples?: number;
  readonly constants?: KnownConstants;
  /** SHA-256 of examples that a file of the user's holds: part of a run's identity. */
  readonly checksum?: string;
  /** The data set used, for the manifest; absent for problems that make their own data. */
  readonly dataset?: ImageDataset;
  /** The precision used when the config says nothing. */
  readonly defaultPrecision: Precision;
  /** Absent for networks, which need tensors. */
  onHost?(algebra: Algebra<Float64Array, number>): Objective<Float64Array, number>;
  /** May load what it needs of TensorFlow.js first. */
  onTensors(algebra: TensorAlgebra): Objective<Tensor, Scalar> | Promise<Objective<Tensor, Scalar>>;
  /** How runs of it train together, or why they cannot; absent: it is written for one run at a time. */
  readonly ofRuns?: ObjectiveOfRuns | { readonly obstacle: string };
}

/** Why runs of this problem cannot train together; undefined where they can. */
export function obstacleToBatches({ ofRuns }: Pick<Problem, "ofRuns">): string | undefined {
  if (ofRuns === undefined) return "their problem is written for one run at a time";
  return typeof ofRuns === "function" ? undefined : ofRuns.obstacle;
}

/** The same for another problem that is made of one: what is changed about the objective of each of its runs. */
export function withObjectiveOfRuns(
  { ofRuns }: Pick<Problem, "ofRuns">,
  change: (
    algebra: RecordingAlgebra,
    objective: Objective<Recorded, RecordedScalar>,
  ) => Objective<Recorded, RecordedScalar>,
): Pick<Problem, "ofRuns"> {
  if (typeof ofRuns !== "function") return { ...(ofRuns && { ofRuns }) };
  return { ofRuns: async (algebra) => change(algebra, await ofRuns(algebra)) };
}

/** What a problem is made from besides its options. */
export interface ProblemContext {
  /** The run's independent random stream of this name ("initialisation", "problem", "noise", …). */
  stream(name: string): RandomStream;
  /** Present if the definition says `needsData`, and where the config names one for a problem that can do without. */
  readonly dataset?: ImageDataset;
  /** Directory of the config file: relative paths in options start there. */
  readonly directory: string;
}

/** What a data set can be about. */
export type Prediction = "classes" | "two classes" | "numbers";

/** A function of two variables, to be drawn. */
export interface Landscape {
  /** What it is called, e.g. "rosenbrock". */
  readonly title: string;
  /** f(x_i, y_i) of every i. */
  values(x: Float64Array, y: Float64Array): Float64Array;
  /** inf f */
  readonly minimum: number;
  readonly minimisers: readonly (readonly [x: number, y: number])[];
}

/** An entry of the problem registry. `Options` is what `schema` accepts, the field `name` included. */
export interface ProblemDefinition<Options = unknown> {
  readonly kind: "problem";
  readonly name: string;
  readonly summary: string;
  /** Raised whenever the numbers it produces change: part of a run's identity. */
  readonly version: number;
  /** f as plain text, e.g. "f(w) = ½(w − w*)ᵀH(w − w*)". */
  readonly formula: string;
  /** True if the problem is trained on the config's `data`. */
  readonly needsData: boolean;
  /** What it can learn of the config's `data`; absent: classes if it needs data, else it takes none. */
  readonly predicts?: Prediction;
  readonly schema: z.ZodObject;
  /** Whether ∇f jumps somewhere, so that trajectories in different arithmetic part at once there; absent: it does not. */
  gradientJumps?(options: Options): boolean;
  /** Absent or undefined where only making the problem tells, as with the user's files. */
  outline?(options: Options, context: ProblemContext): Outline | undefined;
  /** Of a problem with two weights, where its options alone tell the function. */
  landscape?(options: Options): Landscape | undefined;
  create(options: Options, context: ProblemContext): Problem | Promise<Problem>;
}

/** A problem definition whose `create` takes exactly what its schema yields. */
export function defineProblem<Schema extends z.ZodObject>(
  definition: Omit<ProblemDefinition<z.infer<Schema>>, "schema" | "kind"> & { readonly schema: Schema },
): ProblemDefinition<z.infer<Schema>> {
  return { kind: "problem", ...definition };
}

/**
 * A problem whose loss and gradient are written once in the algebra, for both precisions.
 *
 * @param build makes the objective on whichever algebra it is given
 */
export function analyticProblem(
  facts: Omit<Problem, "onHost" | "onTensors" | "ofRuns" | "defaultPrecision">,
  build: <V, S>(algebra: Algebra<V, S>) => Objective<V, S>,
): Problem {
  return { ...facts, defaultPrecision: "float64", onHost: build, onTensors: build, ofRuns: build };
}
