import * as tf from "@tensorflow/tfjs-core";
// In Node the core alone has no gradients: this library registers them.
import "../compute/relu-gradient.js";
import * as library from "@tensorflow/tfjs-layers";
import { crossEntropy } from "../compute/cross-entropy.js";
import { hits } from "../compute/hits.js";
import type { Recorded } from "../compute/recorded.js";
import type { RecordedScalar, RecordingAlgebra } from "../compute/recording.js";
import type { StackedOperation } from "../compute/recording-graph.js";
import { quotientOf, spread, sumsOf } from "../compute/stacked-operations.js";
import type { ImageDataset, ImageSet } from "../data/dataset.js";
import type { Network, OverRuns } from "./network.js";
import * as own from "./network-layers.js";
import { chunkSize, type ImageBatch, sumOf, type Upload, uploader } from "./network-objective.js";
import type { Batch, Evaluator, LossAndGradients, Objective, PartialScore, ProblemContext } from "./problem.js";

type Tensor = tf.Tensor;

/** A network that can be computed for several runs at once. */
type NetworkOfRuns = Network & { readonly overRuns: OverRuns };

type SetName = "train" | "validation" | "test";

/** What an operation on examples depends on besides the weights and which examples they are. */
interface Pass {
  readonly set: SetName;
  /** How many examples each run has. */
  readonly count: number;
  /** Over how many examples the means are. */
  readonly outOf: number;
  /** Whether they are the same at every step, and so are kept on the device. */
  readonly isKept?: boolean;
}

const scalar = { shape: [], isScalar: true } as const;
const isSame = (a: Int32Array, b: Int32Array) => a === b || (a.length === b.length && a.every((x, i) => x === b[i]));

/** The network and its data on the device, for all runs of a batch. */
class StackedNetwork {
  private readonly upload: Upload;
  private readonly operations = new Map<string, StackedOperation<Int32Array>>();
  private readonly kept = new Map<Int32Array, ImageBatch>();
  private readonly whole = new Map<SetName, Int32Array[]>();

  constructor(
    private readonly network: NetworkOfRuns,
    private readonly dataset: ImageDataset,
  ) {
    this.upload = uploader(dataset, network.inputShape, undefined);
  }

  /** The loss and its gradient in every layer, and where it is wanted the accuracy between them. */
  gradients(pass: Pass, isMeasured: boolean): StackedOperation<Int32Array> {
    return this.operation(["gradients", pass, isMeasured], (weights, examples) => {
      const { images, labels } = this.examples(pass, examples);
      const runs = Math.max(images.shape[0]!, ...weights.map(({ shape }) => shape[0]!));
      // What is shared is repeated before it is differentiated by: each run has a gradient of its own.
      const parameters = this.shaped(spread([...weights, tf.zeros([runs])]).slice(0, -1));
      let logits: Tensor | undefined;
      const { value, grads } = tf.engine().gradients(
        () => {
          logits = tf.keep(this.logits(parameters, images));
          return crossEntropy(logits as tf.Tensor2D, this.labelsOf(pass, runs, labels));
        },
        parameters,
        tf.fill([runs * pass.count], 1 / pass.outOf),
      );
      const accuracy = isMeasured ? [this.accuracy(pass, runs, logits!, labels)] : [];
      logits!.dispose();
      return [this.mean(pass, runs, value), ...accuracy, ...grads.map((grad) => flat(grad))];
    });
  }

  /** The loss and the accuracy. */
  score(pass: Pass): StackedOperation<Int32Array> {
    return this.operation(["score", pass], (weights, examples) => {
      const { images, labels } = this.examples(pass, examples);
      const runs = Math.max(images.shape[0]!, ...weights.map(({ shape }) => shape[0]!));
      const logits = this.logits(this.shaped(weights), images);
      const losses = crossEntropy(logits as tf.Tensor2D, this.labelsOf(pass, runs, labels));
      return [this.mean(pass, runs, losses), this.accuracy(pass, runs, logits, labels)];
    });
  }

  /** All examples of the set, in chunks: the same arrays for every run. */
  chunks(set: SetName): readonly Int32Array[] {
    const known = this.whole.get(set) ?? chunksOf(Int32Array.from({ length: this.setOf(set).size }, (_, i) => i));
    this.whole.set(set, known);
    return known;
  }

  setOf(name: SetName): ImageSet {
    return this.dataset[name]!;
  }

  dispose(): void {
    for (const { images, labels } of this.kept.values()) tf.dispose([images, labels]);
  }

  private operation(
    key: readonly unknown[],
    compute: (weights: readonly Tensor[], examples: readonly Int32Array[]) => Tensor[],
  ): StackedOperation<Int32Array> {
    const name = JSON.stringify(key);
    const operation = this.operations.get(name) ?? {
      name,
      compute: (weights: readonly Tensor[], call: { arguments: readonly Int32Array[] }) =>
        tf.tidy(() => compute(weights, call.arguments)),
    };
    this.operations.set(name, operation);
    return operation;
  }

  /** The images, [runs, count, …], and the labels of the same examples, one after the other. */
  private examples({ set, count, isKept = false }: Pass, indices: readonly Int32Array[]): ImageBatch {
    const [first, ...others] = indices as readonly [Int32Array, ...Int32Array[]];
    const isShared = others.every((other) => isSame(other, first));
    const kept = isShared && isKept ? this.kept.get(first) : undefined;
    if (kept) return kept;
    const all = isShared ? first : Int32Array.from(indices.flatMap((each) => [...each]));
    const { images, labels } = this.upload(this.setOf(set), all);
    const batch = {
      size: count,
      images: tf.reshape(images, [isShared ? 1 : indices.length, count, ...this.network.inputShape]),
      labels,
    };
    if (isShared && isKept) this.kept.set(first, { ...batch, images: tf.keep(batch.images), labels: tf.keep(labels) });
    return batch;
  }

  /** The weights in the shapes of their layers. */
  private shaped(weights: readonly Tensor[]): Tensor[] {
    return weights.map((w, i) => tf.reshape(w, [w.shape[0]!, ...this.network.weights[i]!.shape]));
  }

  /** [runs · examples, classes] */
  private logits(weights: readonly Tensor[], images: Tensor): Tensor {
    const logits = this.network.overRuns({ core: tf, own }, weights, images);
    return tf.reshape(logits, [-1, logits.shape.at(-1)!]);
  }

  /** One a row of the logits. */
  private labelsOf({ count }: Pass, runs: number, labels: tf.Tensor1D): tf.Tensor1D {
    return labels.size === runs * count ? labels : tf.tile(labels, [runs]);
  }

  /** Of one number an example the share of the mean that each run has. */
  private mean({ count, outOf }: Pass, runs: number, numbers: Tensor): Tensor {
    return quotientOf(sumsOf(tf.reshape(numbers, [runs, count])), outOf);
  }

  private accuracy(pass: Pass, runs: number, logits: Tensor, labels: tf.Tensor1D): Tensor {
    return this.mean(pass, runs, hits(logits as tf.Tensor2D, this.labelsOf(pass, runs, labels)));
  }
}

const flat = (a: Tensor) => tf.reshape(a, [a.shape[0]!, -1]);

const chunksOf = (indices: Int32Array): Int32Array[] =>
  Array.from({ length: Math.ceil(indices.length / chunkSize) }, (_, i) =>
    indices.subarray(i * chunkSize, (i + 1) * chunkSize),
  );

/** The objective of one run of a batch. */
class ObjectiveOfRun implements Objective<Recorded, RecordedScalar> {
  constructor(
    private readonly algebra: RecordingAlgebra,
    private readonly network: NetworkOfRuns,
    private readonly stacked: StackedNetwork,
    private readonly dataset: ImageDataset,
    private readonly initial: readonly Float32Array[],
  ) {}

  initialWeights(): Recorded[] {
    return this.network.weights.map(({ shape }, i) => this.algebra.vector(this.initial[i]!, shape));
  }

  lossAndGradients(
    weights: readonly Recorded[],
    batch: Batch,
    _step = 0,
    isMeasured = true,
  ): LossAndGradients<Recorded, RecordedScalar> {
    const { size } = this.dataset.train;
    if (batch !== "full") {
      const pass = { set: "train", count: batch.length, outOf: batch.length } as const;
      return this.onExamples(weights, pass, batch, isMeasured);
    }
    return this.stacked
      .chunks("train")
      .map((chunk) => {
        const pass = { set: "train", count: chunk.length, outOf: size, isKept: true } as const;
        return this.onExamples(weights, pass, chunk, isMeasured);
      })
      .reduce((total, chunk) => sumOf(this.algebra, total, chunk));
  }

  onTraining(examples: Batch): Evaluator<Recorded, RecordedScalar> {
    return this.scoring("train", examples === "full" ? this.stacked.chunks("train") : chunksOf(examples));
  }

  onValidation(): Evaluator<Recorded, RecordedScalar> | undefined {
    return this.dataset.validation && this.scoring("validation", this.stacked.chunks("validation"));
  }

  onTest(): Evaluator<Recorded, RecordedScalar> | undefined {
    return this.dataset.test && this.scoring("test", this.stacked.chunks("test"));
  }

  private onExamples(
    weights: readonly Recorded[],
    pass: Pass,
    examples: Int32Array,
    isMeasured: boolean,
  ): LossAndGradients<Recorded, RecordedScalar> {
    const operation = this.stacked.gradients(pass, isMeasured);
    const results = [scalar, ...(isMeasured ? [scalar] : []), ...this.network.weights];
    const [loss, ...rest] = this.algebra.record(operation, weights, examples, results);
    const [accuracy, gradients] = isMeasured ? [rest[0]!, rest.slice(1)] : [undefined, rest];
    return { loss: loss!, gradients, ...(accuracy && { accuracy }) };
  }

  private scoring(set: SetName, chunks: readonly Int32Array[]): Evaluator<Recorded, RecordedScalar> {
    return (weights) =>
      chunks.map((examples): PartialScore<RecordedScalar> => {
        const pass = { set, count: examples.length, outOf: examples.length };
        const [loss, accuracy] = this.algebra.record(this.stacked.score(pass), weights, examples, [scalar, scalar]);
        return { examples: examples.length, loss: loss!, accuracy: accuracy! };
      });
  }
}

/** The objective of one run of a batch, which shares the network and its data with the others. */
export async function objectiveOfRuns(
  algebra: RecordingAlgebra,
  network: NetworkOfRuns,
  context: ProblemContext,
): Promise<Objective<Recorded, RecordedScalar>> {
  const dataset = context.dataset!;
  const stacked = algebra.shared("network", () => new StackedNetwork(network, dataset));
  const { model, trained } = await network.build({ library, own });
  try {
    const initial: Float32Array[] = [];
    for (const variable of trained) initial.push((await variable.read().data()) as Float32Array);
    return new ObjectiveOfRun(algebra, network, stacked, dataset, initial);
  } finally {
    model.dispose();
  }
}
