import * as tf from "@tensorflow/tfjs-core";
// In Node the core alone has no gradients: this library registers them.
import "../compute/relu-gradient.js";
import * as library from "@tensorflow/tfjs-layers";
import { crossEntropy } from "../compute/cross-entropy.js";
import { intensities } from "../compute/intensities.js";
import type { Scalar, TensorAlgebra } from "../compute/tensors.js";
import { gatherLabels, gatherPixels } from "../data/batches.js";
import type { ImageDataset, ImageSet } from "../data/dataset.js";
import type { Network } from "./network.js";
import type { Batch, Evaluator, LossAndGradients, Objective, PartialScore } from "./problem.js";

type Tensor = tf.Tensor;

/** Examples on the device. */
interface ImageBatch {
  readonly size: number;
  /** size × input shape, pixels scaled to [0, 1] */
  readonly images: Tensor;
  /** size class indices, int32 */
  readonly labels: tf.Tensor1D;
}

/** Examples that go through the network at once where all of a set do: more would only take more memory. */
const chunkSize = 1000;

const pixelsOf = (inputShape: readonly number[]) => inputShape.reduce((product, length) => product * length, 1);

/**
 * Copies these examples to the device; gathered on the host, because the backends' own gather is slower.
 *
 * @param gathered where to
 */
function upload(set: ImageSet, indices: Int32Array, inputShape: readonly number[], gathered?: Uint8Array): ImageBatch {
  return {
    size: indices.length,
    images: intensities(gatherPixels(set, indices, pixelsOf(inputShape), gathered), [indices.length, ...inputShape]),
    labels: tf.tensor1d(gatherLabels(set, indices), "int32"),
  };
}

/** Some examples of a set, or all, in chunks, uploaded at the first use and kept on the device. */
class ResidentSet {
  private uploaded: readonly ImageBatch[] | undefined;
  private readonly indices: Int32Array;

  constructor(
    private readonly set: ImageSet,
    private readonly inputShape: readonly number[],
    examples: Batch,
  ) {
    this.indices = examples === "full" ? Int32Array.from({ length: set.size }, (_, i) => i) : examples;
  }

  chunks(): readonly ImageBatch[] {
    this.uploaded ??= Array.from({ length: Math.ceil(this.indices.length / chunkSize) }, (_, i) => {
      const batch = upload(this.set, this.indices.subarray(i * chunkSize, (i + 1) * chunkSize), this.inputShape);
      tf.keep(batch.images);
      tf.keep(batch.labels);
      return batch;
    });
    return this.uploaded;
  }

  dispose(): void {
    for (const { images, labels } of this.uploaded ?? []) tf.dispose([images, labels]);
    this.uploaded = undefined;
  }
}

/** Mean softmax cross-entropy of a network on a data set of images, and its gradient by automatic differentiation. */
export class NetworkObjective implements Objective<Tensor, Scalar> {
  private readonly model: library.LayersModel;
  /** The model's weights, in the order of the problem's layers. */
  private readonly variables: readonly tf.Variable[];
  private readonly initial: readonly Tensor[];
  private readonly train: ResidentSet;
  /** Everything to be freed in the end. */
  private readonly sets: ResidentSet[] = [];
  /** The images of the latest batch, on the host: memory that is new at each step costs more than to fill it. */
  private gathered = new Uint8Array(0);

  /** @param seeds one for each layer of the network */
  constructor(
    private readonly algebra: TensorAlgebra,
    private readonly network: Network,
    seeds: readonly number[],
    private readonly dataset: ImageDataset,
  ) {
    const input = library.input({ shape: [...network.inputShape] });
    const output = network.layers.reduce(
      (x, layer, i) => layer.create(library, seeds[i]!).apply(x) as library.SymbolicTensor,
      input,
    );
    this.model = library.model({ inputs: input, outputs: output });
    // What a layer variable reads as is the variable itself.
    this.variables = this.model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    this.initial = this.variables.map((variable) => tf.clone(variable));
    this.train = this.resident(dataset.train, "full");
  }

  initialWeights(): Tensor[] {
    return this.initial.map((weight) => tf.clone(weight));
  }

  lossAndGradients(weights: readonly Tensor[], batch: Batch, isMeasured = true): LossAndGradients<Tensor, Scalar> {
    this.assign(weights);
    if (batch !== "full") {
      return this.onBatch(this.uploadBatch(batch), batch.length, isMeasured);
    }
    const { algebra } = this;
    const { size } = this.dataset.train;
    return this.train
      .chunks()
      .map((chunk) => algebra.scope(() => this.onBatch(chunk, size, isMeasured)))
      .reduce((total, chunk) => ({
        loss: algebra.plus(total.loss, chunk.loss),
        gradients: total.gradients.map((gradient, i) => algebra.add(gradient, chunk.gradients[i]!)),
        ...(total.accuracy !== undefined && { accuracy: algebra.plus(total.accuracy, chunk.accuracy!) }),
      }));
  }

  onTraining(examples: Batch): Evaluator<Tensor, Scalar> {
    const set = examples === "full" ? this.train : this.resident(this.dataset.train, examples);
    return (weights) => this.scores(weights, set);
  }

  onTest(): Evaluator<Tensor, Scalar> {
    const set = this.resident(this.dataset.test, "full");
    return (weights) => this.scores(weights, set);
  }

  dispose(): void {
    for (const set of this.sets) set.dispose();
    tf.dispose([...this.initial]);
    this.model.dispose();
  }

  private resident(set: ImageSet, examples: Batch): ResidentSet {
    const resident = new ResidentSet(set, this.network.inputShape, examples);
    this.sets.push(resident);
    return resident;
  }

  private scores(weights: readonly Tensor[], set: ResidentSet): PartialScore<Scalar>[] {
    this.assign(weights);
    return set.chunks().map(({ images, labels, size }) =>
      this.algebra.scope(() => {
        const logits = this.logits(images);
        const loss = this.mean(crossEntropy(logits, labels), size);
        return { examples: size, loss, accuracy: this.accuracy(logits, labels, size) };
      }),
    );
  }

  /** Examples of one step, which are gone when it is. */
  private uploadBatch(batch: Int32Array): ImageBatch {
    const { inputShape } = this.network;
    const length = batch.length * pixelsOf(inputShape);
    if (this.gathered.length !== length) this.gathered = new Uint8Array(length);
    return upload(this.dataset.train, batch, inputShape, this.gathered);
  }

  /** Points the variables at the data of these weights: nothing is copied, and the caller may dispose its tensors. */
  private assign(weights: readonly Tensor[]): void {
    this.variables.forEach((variable, i) => {
      variable.assign(weights[i]!);
    });
  }

  private logits(images: Tensor): tf.Tensor2D {
    return this.model.apply(images, { training: true }) as tf.Tensor2D;
  }

  /** Of numbers of some of `examples` examples, their share of the mean over all. */
  private mean(numbers: Tensor, examples: number): Scalar {
    return this.algebra.over(this.algebra.sum(numbers), this.algebra.scalar(examples));
  }

  private accuracy(logits: Tensor, labels: tf.Tensor1D, examples: number): Scalar {
    return this.mean(tf.cast(tf.equal(tf.argMax(logits, -1), labels), "float32"), examples);
  }

  /** What these examples contribute to the means over `examples`. */
  private onBatch({ images, labels, size }: ImageBatch, examples: number, isMeasured: boolean) {
    let logits: tf.Tensor2D | undefined;
    const { value, grads: gradients } = tf.engine().gradients(
      () => {
        // Kept from the forward pass, which would free them, for the accuracy.
        logits = tf.keep(this.logits(images));
        return crossEntropy(logits, labels);
      },
      [...this.variables],
      tf.fill([size], 1 / examples),
    );
    const accuracy = isMeasured ? { accuracy: this.accuracy(logits!, labels, examples) } : {};
    logits!.dispose();
    return { loss: this.mean(value, examples), gradients, ...accuracy };
  }
}
