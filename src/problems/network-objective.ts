import * as tf from "@tensorflow/tfjs-core";
// In Node the core alone has no gradients: this library registers them.
import "../compute/relu-gradient.js";
import "../compute/dense-layer.js";
import * as library from "@tensorflow/tfjs-layers";
import type { Algebra } from "../compute/algebra.js";
import { copiesInput } from "../compute/backends.js";
import { crossEntropy } from "../compute/cross-entropy.js";
import { hits } from "../compute/hits.js";
import { intensities } from "../compute/intensities.js";
import type { Scalar, TensorAlgebra } from "../compute/tensors.js";
import { type Augmenter, augmenter } from "../data/augmentation.js";
import { gatherLabels, gatherPixels } from "../data/batches.js";
import type { ImageDataset, ImageSet } from "../data/dataset.js";
import { InputReader } from "../data/input-reader.js";
import { type DensePass, passThrough } from "./dense-layers.js";
import type { BuiltNetwork, Network } from "./network.js";
import * as own from "./network-layers.js";
import type { Batch, Evaluator, LossAndGradients, Objective, PartialScore, ProblemContext } from "./problem.js";

type Tensor = tf.Tensor;

/** Examples on the device. */
export interface ImageBatch {
  readonly size: number;
  /** size × input shape, normalized as the data set says */
  readonly images: Tensor;
  /** size class indices, int32 */
  readonly labels: tf.Tensor1D;
}

/** What a pass over some examples of a step is told. */
interface PassFacts {
  /** Over how many examples the step's means are. */
  readonly examples: number;
  readonly step: number;
  /** Whether the accuracy is read. */
  readonly isMeasured: boolean;
}

/** Examples that go through the network at once where all of a set do: more would only take more memory. */
export const chunkSize = 1000;

/** Copies these examples to the device; gathered on the host, because the backends' own gather is slower. */
export type Upload = (set: ImageSet, indices: Int32Array, step?: number) => ImageBatch;

/** Memory for so many numbers, used again where that is possible: batches that wait to be collected would fill far more. */
function inputMemory<A extends Uint8Array | Float32Array>(
  make: (length: number) => A,
  isReusable: boolean,
): (length: number) => A {
  if (!isReusable) return make;
  let memory = make(0);
  return (length) => {
    if (memory.length < length) memory = make(length);
    return memory.subarray(0, length) as A;
  };
}

/** @param augment what becomes of an example at a step, where one is given */
export function uploader(dataset: ImageDataset, inputShape: readonly number[], augment: Augmenter | undefined): Upload {
  const reader = new InputReader(dataset);
  const numbers = inputMemory((length) => new Float32Array(length), copiesInput(tf.getBackend()));
  const bytes = inputMemory((length) => new Uint8Array(length), true);
  const isNormalized = dataset.preparation?.normalization !== undefined;
  return (set, indices, step) => {
    const transform = augment && step !== undefined ? (example: number) => augment(step, example) : undefined;
    const shape = [indices.length, ...inputShape];
    const length = indices.length * reader.length;
    const { pixels } = set;
    // Bytes that are intensities are a quarter of what there is to gather and to copy.
    const images =
      pixels instanceof Uint8Array && !isNormalized && !transform
        ? intensities(gatherPixels(pixels, indices, reader.length, bytes(length)), shape)
        : tf.tensor(reader.read(set, indices, numbers(length), transform), shape);
    return { size: indices.length, images, labels: tf.tensor1d(gatherLabels(set, indices), "int32") };
  };
}

/** What two parts of a batch contribute to its means. */
export const sumOf = <V, S>(
  algebra: Algebra<V, S>,
  a: LossAndGradients<V, S>,
  b: LossAndGradients<V, S>,
): LossAndGradients<V, S> => ({
  loss: algebra.plus(a.loss, b.loss),
  gradients: a.gradients.map((gradient, i) => algebra.add(gradient, b.gradients[i]!)),
  ...(a.accuracy !== undefined && { accuracy: algebra.plus(a.accuracy, b.accuracy!) }),
});

/** Some examples of a set, or all, in chunks: kept on the device where every step needs them, else copied there at each use. */
class ResidentSet {
  private uploaded: readonly ImageBatch[] | undefined;
  private readonly indices: Int32Array;

  constructor(
    private readonly set: ImageSet,
    private readonly upload: Upload,
    examples: Batch,
    private readonly mostAtOnce = chunkSize,
  ) {
    this.indices = examples === "full" ? Int32Array.from({ length: set.size }, (_, i) => i) : examples;
  }

  /** The chunks, uploaded at the first use and kept on the device. */
  chunks(): readonly ImageBatch[] {
    this.uploaded ??= this.uploads().map((upload) => {
      const batch = upload();
      tf.keep(batch.images);
      tf.keep(batch.labels);
      return batch;
    });
    return this.uploaded;
  }

  /** What is made of each chunk; one that is not kept is uploaded for that alone, which costs less than the memory. */
  map<T>(use: (chunk: ImageBatch) => T): T[] {
    if (this.uploaded) return this.uploaded.map(use);
    return this.uploads().map((upload) => {
      const chunk = upload();
      const made = use(chunk);
      tf.dispose([chunk.images, chunk.labels]);
      return made;
    });
  }

  private uploads(): (() => ImageBatch)[] {
    const size = Math.min(this.indices.length, this.mostAtOnce);
    return Array.from({ length: Math.ceil(this.indices.length / size) }, (_, i) => {
      const indices = this.indices.subarray(i * size, (i + 1) * size);
      return () => this.upload(this.set, indices);
    });
  }

  dispose(): void {
    for (const { images, labels } of this.uploaded ?? []) tf.dispose([images, labels]);
    this.uploaded = undefined;
  }
}

/**
 * Mean softmax cross-entropy of a network on a data set of images, and its gradient: by backpropagation written out where all
 * layers are fully connected, else by automatic differentiation.
 */
export class NetworkObjective implements Objective<Tensor, Scalar> {
  /** The model's trained weights, in the order of the problem's layers. */
  private readonly variables: readonly tf.Variable[];
  private readonly initial: readonly Tensor[];
  private readonly upload: Upload;
  private readonly train: ResidentSet;
  /** All training examples as a step takes them: in one piece where they act on one another. */
  private readonly fullBatch: ResidentSet;
  /** Everything to be freed in the end. */
  private readonly sets: ResidentSet[] = [];
  private readonly dataset: ImageDataset;
  /** What the weights that are not trained become if a step is made of the last batch. */
  private moved = new Map<library.LayerVariable, Tensor>();

  constructor(
    private readonly algebra: TensorAlgebra,
    private readonly network: Network,
    private readonly built: BuiltNetwork,
    private readonly context: ProblemContext,
  ) {
    this.dataset = context.dataset!;
    const augmentation = this.dataset.preparation?.augmentation;
    const augment = augmentation && augmenter(augmentation, (name) => context.stream(name));
    this.upload = uploader(this.dataset, network.inputShape, augment);
    // What a layer variable reads as is the variable itself.
    this.variables = this.built.trained.map((weight) => weight.read() as tf.Variable);
    this.initial = this.variables.map((variable) => tf.clone(variable));
    const { train } = this.dataset;
    this.train = this.resident(train, "full");
    this.fullBatch = network.hasTrainingMode ? this.resident(train, "full", train.size) : this.train;
  }

  initialWeights(): Tensor[] {
    return this.initial.map((weight) => tf.clone(weight));
  }

  lossAndGradients(
    weights: readonly Tensor[],
    batch: Batch,
    step = 0,
    isMeasured = true,
  ): LossAndGradients<Tensor, Scalar> {
    const { size } = this.dataset.train;
    if (batch !== "full") {
      const examples = this.upload(this.dataset.train, batch, step);
      return this.onBatch(weights, examples, { examples: batch.length, step, isMeasured });
    }
    const { algebra } = this;
    return this.fullBatch
      .chunks()
      .map((chunk) => algebra.scope(() => this.onBatch(weights, chunk, { examples: size, step, isMeasured })))
      .reduce((total, chunk) => sumOf(algebra, total, chunk));
  }

  nonTrainable(): Tensor[] {
    return this.built.kept.map((weight) => weight.read());
  }

  advance(): void {
    for (const [variable, value] of this.moved) variable.write(value);
    this.forgetMoved();
  }

  restore(nonTrainable: readonly ArrayLike<number>[]): void {
    for (const [i, weight] of this.built.kept.entries()) {
      const value = this.algebra.vector(nonTrainable[i]!, weight.shape as number[]);
      weight.write(value);
      value.dispose();
    }
  }

  onTraining(examples: Batch): Evaluator<Tensor, Scalar> {
    const set = examples === "full" ? this.train : this.resident(this.dataset.train, examples);
    return (weights) => this.scores(weights, set);
  }

  onValidation(): Evaluator<Tensor, Scalar> | undefined {
    return this.onAllOf(this.dataset.validation);
  }

  onTest(): Evaluator<Tensor, Scalar> | undefined {
    return this.onAllOf(this.dataset.test);
  }

  private onAllOf(examples: ImageSet | undefined): Evaluator<Tensor, Scalar> | undefined {
    const set = examples && this.resident(examples, "full");
    return set && ((weights) => this.scores(weights, set));
  }

  dispose(): void {
    for (const set of this.sets) set.dispose();
    this.forgetMoved();
    tf.dispose([...this.initial]);
    this.built.model.dispose();
  }

  private forgetMoved(): void {
    tf.dispose([...this.moved.values()]);
    this.moved = new Map();
  }

  private resident(set: ImageSet, examples: Batch, mostAtOnce = chunkSize): ResidentSet {
    const resident = new ResidentSet(set, this.upload, examples, mostAtOnce);
    this.sets.push(resident);
    return resident;
  }

  private scores(weights: readonly Tensor[], set: ResidentSet): PartialScore<Scalar>[] {
    this.assign(weights);
    return set.map(({ images, labels, size }) =>
      this.algebra.scope(() => {
        const logits = this.logits(images, { training: false });
        const loss = this.mean(this.losses(logits, labels), size);
        return { examples: size, loss, accuracy: this.accuracy(logits, labels, size) };
      }),
    );
  }

  /** Points the variables at the data of these weights: nothing is copied, and the caller may dispose its tensors. */
  private assign(weights: readonly Tensor[]): void {
    this.variables.forEach((variable, i) => {
      variable.assign(weights[i]!);
    });
  }

  private logits(images: Tensor, pass: own.Pass): tf.Tensor2D {
    return this.built.model.apply(images, pass) as tf.Tensor2D;
  }

  /** A step's pass: each draws its own noise, which depends on nothing but the step. */
  private passOf(step: number): own.Pass {
    if (!this.network.hasTrainingMode) return { training: true };
    this.forgetMoved();
    return { training: true, noise: this.context.stream(`dropout of step ${step}`), moved: this.moved };
  }

  /** For each example the cross-entropy and, where the model has any, its penalties on weights. */
  private losses(logits: tf.Tensor2D, labels: tf.Tensor1D): Tensor {
    const penalties: Tensor[] = this.built.model.calculateLosses();
    return penalties.reduce((sum, penalty) => tf.add(sum, penalty), crossEntropy(logits, labels) as Tensor);
  }

  /** Of numbers of some of `examples` examples, their share of the mean over all. */
  private mean(numbers: Tensor, examples: number): Scalar {
    return this.algebra.over(this.algebra.sum(numbers), this.algebra.scalar(examples));
  }

  private accuracy(logits: tf.Tensor2D, labels: tf.Tensor1D, examples: number): Scalar {
    return this.mean(hits(logits, labels), examples);
  }

  /** What these examples contribute to the means over `examples`. */
  private onBatch(weights: readonly Tensor[], batch: ImageBatch, { examples, step, isMeasured }: PassFacts) {
    const { denseLayers } = this.network;
    const { logits, losses, gradients } = denseLayers
      ? passThrough(denseLayers, weights, batch, 1 / examples)
      : this.onTape(weights, batch, this.passOf(step), 1 / examples);
    const accuracy = isMeasured ? { accuracy: this.accuracy(logits, batch.labels, examples) } : {};
    logits.dispose();
    return { loss: this.mean(losses, examples), gradients, ...accuracy };
  }

  /** The same as `passThrough` of any network, by automatic differentiation. */
  private onTape(weights: readonly Tensor[], { images, labels }: ImageBatch, pass: own.Pass, share: number): DensePass {
    this.assign(weights);
    let logits: tf.Tensor2D | undefined;
    const { value: losses, grads: gradients } = tf.engine().gradients(
      () => {
        // Kept from the forward pass, which would free them, for the accuracy.
        logits = tf.keep(this.logits(images, pass));
        return this.losses(logits, labels);
      },
      [...this.variables],
      tf.fill([labels.size], share),
    );
    return { logits: logits!, losses, gradients };
  }
}

/** The objective of a network on the context's data set. */
export async function networkObjective(
  algebra: TensorAlgebra,
  network: Network,
  context: ProblemContext,
): Promise<NetworkObjective> {
  return new NetworkObjective(algebra, network, await network.build({ library, own }), context);
}
