import * as tf from "@tensorflow/tfjs-core";
// In Node the core alone has no gradients: this library registers them.
import * as library from "@tensorflow/tfjs-layers";
import type { Algebra } from "../compute/algebra.js";
import { copiesInput } from "../compute/backends.js";
import type { Augmenter } from "../data/augmentation.js";
import { gatherLabels } from "../data/batches.js";
import type { ImageDataset, ImageSet } from "../data/dataset.js";
import { InputReader } from "../data/input-reader.js";
import type { Network } from "./network.js";
import type { Batch, Evaluator, LossAndGradients, Objective, PartialScore } from "./problem.js";

type Tensor = tf.Tensor;
type TensorAlgebra = Algebra<Tensor, Tensor>;

/** Examples on the device. */
interface ImageBatch {
  readonly size: number;
  /** size × input shape, normalized as the data set says */
  readonly images: Tensor;
  /** size class indices, int32 */
  readonly labels: tf.Tensor1D;
}

/** Examples that go through the network at once where all of a set do: more would only take more memory. */
const chunkSize = 1000;

/** Copies these examples to the device; gathered on the host, because the backends' own gather is slower. */
type Upload = (set: ImageSet, indices: Int32Array, step?: number) => ImageBatch;

/** Memory for so many numbers, used again where that is possible: batches that wait to be collected would fill far more. */
function inputMemory(isReusable: boolean): (length: number) => Float32Array {
  if (!isReusable) return (length) => new Float32Array(length);
  let memory = new Float32Array();
  return (length) => {
    if (memory.length < length) memory = new Float32Array(length);
    return memory.subarray(0, length);
  };
}

/** @param augment what becomes of an example at a step, where one is given */
function uploader(dataset: ImageDataset, inputShape: readonly number[], augment: Augmenter | undefined): Upload {
  const reader = new InputReader(dataset);
  const memory = inputMemory(copiesInput(tf.getBackend()));
  return (set, indices, step) => {
    const transform = augment && step !== undefined ? (example: number) => augment(step, example) : undefined;
    const inputs = reader.read(set, indices, memory(indices.length * reader.length), transform);
    return {
      size: indices.length,
      images: tf.tensor(inputs, [indices.length, ...inputShape]),
      labels: tf.tensor1d(gatherLabels(set, indices), "int32"),
    };
  };
}

/** Some examples of a set, or all, in chunks: kept on the device where every step needs them, else copied there at each use. */
class ResidentSet {
  private uploaded: readonly ImageBatch[] | undefined;
  private readonly indices: Int32Array;

  constructor(
    private readonly set: ImageSet,
    private readonly upload: Upload,
    examples: Batch,
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
    return Array.from({ length: Math.ceil(this.indices.length / chunkSize) }, (_, i) => {
      const indices = this.indices.subarray(i * chunkSize, (i + 1) * chunkSize);
      return () => this.upload(this.set, indices);
    });
  }

  dispose(): void {
    for (const { images, labels } of this.uploaded ?? []) tf.dispose([images, labels]);
    this.uploaded = undefined;
  }
}

/** Mean softmax cross-entropy of a network on a data set of images, and its gradient by automatic differentiation. */
export class NetworkObjective implements Objective<Tensor, Tensor> {
  private readonly model: library.LayersModel;
  /** The model's weights, in the order of the problem's layers. */
  private readonly variables: readonly tf.Variable[];
  private readonly initial: readonly Tensor[];
  private readonly upload: Upload;
  private readonly train: ResidentSet;
  /** Everything to be freed in the end. */
  private readonly sets: ResidentSet[] = [];

  /**
   * @param seeds one for each layer of the network
   * @param augment what becomes of a training example in a mini-batch
   */
  constructor(
    private readonly algebra: TensorAlgebra,
    network: Network,
    seeds: readonly number[],
    private readonly dataset: ImageDataset,
    augment?: Augmenter,
  ) {
    this.upload = uploader(dataset, network.inputShape, augment);
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

  lossAndGradients(weights: readonly Tensor[], batch: Batch, step?: number): LossAndGradients<Tensor, Tensor> {
    this.assign(weights);
    if (batch !== "full") return this.onBatch(this.upload(this.dataset.train, batch, step));
    const { algebra } = this;
    const { size } = this.dataset.train;
    return this.train
      .chunks()
      .map((chunk) =>
        algebra.scope(() => {
          const { loss, gradients, accuracy } = this.onBatch(chunk);
          const share = algebra.scalar(chunk.size / size);
          const weighted = (a: Tensor) => algebra.scale(share, a);
          return { loss: weighted(loss), gradients: gradients.map(weighted), accuracy: weighted(accuracy) };
        }),
      )
      .reduce((total, chunk) => ({
        loss: algebra.plus(total.loss, chunk.loss),
        gradients: total.gradients.map((gradient, i) => algebra.add(gradient, chunk.gradients[i]!)),
        accuracy: algebra.plus(total.accuracy, chunk.accuracy),
      }));
  }

  onTraining(examples: Batch): Evaluator<Tensor, Tensor> {
    const set = examples === "full" ? this.train : this.resident(this.dataset.train, examples);
    return (weights) => this.scores(weights, set);
  }

  onValidation(): Evaluator<Tensor, Tensor> | undefined {
    return this.onAllOf(this.dataset.validation);
  }

  onTest(): Evaluator<Tensor, Tensor> | undefined {
    return this.onAllOf(this.dataset.test);
  }

  private onAllOf(examples: ImageSet | undefined): Evaluator<Tensor, Tensor> | undefined {
    const set = examples && this.resident(examples, "full");
    return set && ((weights) => this.scores(weights, set));
  }

  dispose(): void {
    for (const set of this.sets) set.dispose();
    tf.dispose([...this.initial]);
    this.model.dispose();
  }

  private resident(set: ImageSet, examples: Batch): ResidentSet {
    const resident = new ResidentSet(set, this.upload, examples);
    this.sets.push(resident);
    return resident;
  }

  private scores(weights: readonly Tensor[], set: ResidentSet): PartialScore<Tensor>[] {
    this.assign(weights);
    return set.map(({ images, labels, size }) =>
      this.algebra.scope(() => {
        const logits = this.logits(images);
        return { examples: size, loss: this.crossEntropy(logits, labels), accuracy: this.accuracy(logits, labels) };
      }),
    );
  }

  /** Points the variables at the data of these weights: nothing is copied, and the caller may dispose its tensors. */
  private assign(weights: readonly Tensor[]): void {
    this.variables.forEach((variable, i) => {
      variable.assign(weights[i]!);
    });
  }

  private logits(images: Tensor): Tensor {
    return this.model.apply(images, { training: true }) as Tensor;
  }

  /** mean_i −log softmax(logits_i)[label_i]; the logarithm is taken of the shifted sum, so that nothing overflows. */
  private crossEntropy(logits: Tensor, labels: tf.Tensor1D): Tensor {
    // Cast afterwards: asked for float32, the wasm kernel writes the bits of integers.
    const truth = tf.cast(tf.oneHot(labels, this.dataset.classes), "float32");
    const total = this.algebra.dot(truth, tf.logSoftmax(logits));
    return tf.div(total, -labels.size);
  }

  private accuracy(logits: Tensor, labels: tf.Tensor1D): Tensor {
    return this.algebra.mean(tf.cast(tf.equal(tf.argMax(logits, -1), labels), "float32"));
  }

  private onBatch({ images, labels }: ImageBatch): Required<LossAndGradients<Tensor, Tensor>> {
    let logits: Tensor | undefined;
    const { value, grads } = tf.variableGrads(() => {
      // Kept from the forward pass, which would free them, for the accuracy.
      logits = tf.keep(this.logits(images));
      return this.crossEntropy(logits, labels) as tf.Scalar;
    }, [...this.variables]);
    const accuracy = this.accuracy(logits!, labels);
    logits!.dispose();
    return { loss: value, gradients: this.variables.map(({ name }) => grads[name]!), accuracy };
  }
}
