import * as tf from "@tensorflow/tfjs-core";
import type { DeferredOperations, Entries, EntrywiseOperation, Reduction } from "./deferred-operations.js";
import { type ComputedVector, isPending, type Making, type Operand, PendingVector } from "./pending-vector.js";
import { PendingVectors } from "./pending-vectors.js";
import type { WebgpuBackend, WebgpuData } from "./webgpu-backend.js";
import { type Instruction, type Source, scalarSource, vectorSource } from "./webgpu-expressions.js";
import { bitsOf, type ProgramRunner, workgroupSize } from "./webgpu-program.js";
import { reduceAll } from "./webgpu-reductions.js";

/** How many scalars there may be at a time. */
const scalarCount = 2 ** 15;

const reductions: readonly string[] = ["norm1", "norm2", "largest", "total"] satisfies Reduction[];

/** A vector, or a scalar, that waits to be computed on the device. */
class WebgpuVector extends PendingVector<WebgpuData> implements WebgpuData {
  readonly values = null;

  constructor(
    dataId: tf.DataId,
    order: number,
    making: Making<WebgpuData>,
    compute: (vector: WebgpuVector) => WebgpuData,
  ) {
    super(dataId, order, making, () => compute(this));
  }

  get resource(): GPUBuffer {
    return this.computed.resource!;
  }

  get isScalar(): boolean {
    return this.shape.length === 0;
  }

  get isReduction(): boolean {
    return reductions.includes(this.operation);
  }
}

/** A scalar that is computed: a place in the buffer that all scalars share. */
class PlacedScalar implements WebgpuData {
  readonly dtype = "float32";
  readonly shape = [];
  readonly values = null;
  refCount = 1;
  /** A buffer of its own, where one of TensorFlow.js's kernels has asked for it. */
  copy: GPUBuffer | undefined;

  constructor(
    readonly place: number,
    private readonly makeCopy: (scalar: PlacedScalar) => GPUBuffer,
  ) {}

  get resource(): GPUBuffer {
    this.copy ??= this.makeCopy(this);
    return this.copy;
  }
}

type Results = ReadonlyMap<WebgpuVector, ComputedVector<WebgpuData>>;

const isHere = (operand: Operand<WebgpuData>): operand is WebgpuVector => isPending(operand);

/** How many computed vectors these are made of. */
function inputsOf(vectors: readonly WebgpuVector[]): number {
  const inputs = new Set<tf.DataId>();
  for (const operand of vectors.flatMap(({ operands }) => operands)) {
    if (typeof operand === "number" || isHere(operand) || operand.data instanceof PlacedScalar) continue;
    inputs.add(operand.dataId);
  }
  return inputs.size;
}

/**
 * Pending vectors and scalars on a GPU, where to start a program takes longer than to compute a vector of some thousand
 * entries. Scalars lie in one buffer: all norms of a step are taken by two programs, what is computed from them by one,
 * and one copy brings them to the host.
 */
class WebgpuVectors extends PendingVectors<WebgpuData, WebgpuVector> {
  private readonly gpu: WebgpuBackend;
  private readonly scalars: GPUBuffer;
  private readonly freePlaces = Int32Array.from({ length: scalarCount }, (_, i) => scalarCount - 1 - i);
  private freeCount = scalarCount;
  private readonly mostBuffers: number;
  private readonly computeOne = (vector: WebgpuVector) => this.compute(vector);
  private readonly copyOf = ({ place }: PlacedScalar): GPUBuffer => {
    const copy = this.runner.storage(4);
    this.runner.copy(this.scalars, place, copy, 0, 1);
    return copy;
  };

  constructor(private readonly runner: ProgramRunner) {
    super(runner.backend, runner.backend.tensorMap);
    this.gpu = runner.backend;
    this.scalars = runner.storage(4 * scalarCount);
    this.mostBuffers = this.gpu.device.limits.maxStorageBuffersPerShaderStage;
  }

  /** Scalars go with vectors of any shape. */
  protected shapeOf(entries: readonly Entries[]): readonly number[] | undefined {
    let shape: readonly number[] | undefined;
    for (const one of entries) {
      if (typeof one === "number") continue;
      if (one.dtype !== "float32" || one.size === 0) return undefined;
      if (one.rank === 0) continue;
      if (shape && !tf.util.arraysEqual(shape as number[], one.shape)) return undefined;
      shape = one.shape;
    }
    return this.hasPlaces ? (shape ?? []) : undefined;
  }

  /** Whether there are places for whatever else may be pending. */
  private get hasPlaces(): boolean {
    return this.freeCount > scalarCount / 8;
  }

  protected vector(dataId: tf.DataId, order: number, making: Making<WebgpuData>): WebgpuVector {
    return new WebgpuVector(dataId, order, making, this.computeOne);
  }

  reduce(reduction: Reduction, a: tf.Tensor): tf.Tensor | undefined {
    if (a.rank === 0 || a.dtype !== "float32" || a.size === 0 || !this.hasPlaces || tf.engine().isTapeOn())
      return undefined;
    return this.putOff({ operation: reduction, operands: [this.held(a)], shape: [] });
  }

  /** A scalar that TensorFlow.js has made is a number, where the host has it, or else copied to the others. */
  protected override held(one: Entries): Operand<WebgpuData> {
    if (typeof one === "number" || one.rank > 0) return super.held(one);
    const data = this.table.get(one.dataId);
    if (data instanceof WebgpuVector || data instanceof PlacedScalar) return super.held(one);
    return data.values ? data.values[0]! : this.placed(one.dataId);
  }

  private placed(of: tf.DataId): ComputedVector<WebgpuData> {
    const data = this.takePlace();
    const dataId = {};
    this.table.set(dataId, data);
    this.runner.copy(this.runner.bufferOf({ dataId: of }), 0, this.scalars, data.place, 1);
    return { dataId, data };
  }

  private takePlace(): PlacedScalar {
    if (this.freeCount === 0) throw new Error(`more than ${scalarCount} scalars are held`);
    this.freeCount--;
    return new PlacedScalar(this.freePlaces[this.freeCount]!, this.copyOf);
  }

  protected override disposeComputed(dataId: tf.DataId, force = false): boolean {
    const data = this.table.has(dataId) && this.table.get(dataId);
    if (!(data instanceof PlacedScalar)) return super.disposeComputed(dataId, force);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    // What is recorded up to here comes before whatever will have the place.
    this.freePlaces[this.freeCount++] = data.place;
    if (data.copy) this.runner.release(data.copy);
    this.table.delete(dataId);
    return true;
  }

  protected memoryFor({ dataId: own, shape, isScalar }: WebgpuVector): ComputedVector<WebgpuData> {
    if (isScalar) return { dataId: own, data: this.takePlace() };
    const { dataId } = this.runner.output(shape);
    this.runner.bufferOf({ dataId });
    return { dataId, data: this.table.get(dataId) };
  }

  protected override compute(vector: WebgpuVector): WebgpuData {
    this.computeScalarsOf([vector]);
    return vector.data ?? super.compute(vector);
  }

  protected override evaluateAll(vectors: readonly WebgpuVector[], isAsked = false): void {
    this.computeScalarsOf(vectors);
    super.evaluateAll(
      vectors.filter(({ data }) => data === undefined),
      isAsked,
    );
  }

  /** Where a program cannot have as many buffers, by several. */
  protected override evaluate(wanted: readonly WebgpuVector[], isAsked = false): void {
    if (wanted.length === 0) return;
    const needed = this.pendingOf(wanted);
    const again = isAsked ? needed.filter(({ wasPassed, refCount }) => wasPassed && refCount > 0).length : 0;
    if (1 + inputsOf(needed) + wanted.length + again <= this.mostBuffers || needed.length === 1) {
      super.evaluate(wanted, isAsked);
      return;
    }
    const some = wanted.length > 1 ? wanted.slice(0, wanted.length >> 1) : [needed[needed.length >> 1]!];
    this.evaluate(some, true);
    this.evaluate(
      wanted.filter(({ data }) => data === undefined),
      isAsked,
    );
  }

  /** Computes all scalars that these vectors are made of, and those of them that are scalars. */
  private computeScalarsOf(vectors: readonly WebgpuVector[]): void {
    const scalars = this.pendingOf(vectors).filter(({ isScalar }) => isScalar);
    if (scalars.length === 0) return;
    const reduced = scalars.filter(({ isReduction }) => isReduction).flatMap(({ operands }) => operands.filter(isHere));
    if (reduced.length > 0) this.evaluateAll([...new Set(reduced)], true);
    const missing = scalars.filter(({ data }) => data === undefined);
    const [numbers, others] = [missing.filter((one) => one.isReduction), missing.filter((one) => !one.isReduction)];
    if (numbers.length > 0) this.reduceTogether(numbers);
    if (others.length > 0) this.placeAll(this.calculate(others));
  }

  private reduceTogether(numbers: readonly WebgpuVector[]): void {
    const results = new Map(numbers.map((number) => [number, this.memoryFor(number)]));
    const wanted = numbers.map((number) => {
      const operand = number.operands[0] as ComputedVector<WebgpuData>;
      const size = operand.data.shape.reduce((product, length) => product * length, 1);
      const buffer = this.runner.bufferOf(operand);
      return { reduction: number.operation as Reduction, buffer, size, place: placeOf(results.get(number)!) };
    });
    reduceAll(this.runner, wanted, this.scalars, this.mostBuffers);
    this.placeAll(results);
  }

  private calculate(scalars: readonly WebgpuVector[]): Results {
    const results = new Map(scalars.map((scalar) => [scalar, this.memoryFor(scalar)]));
    const { instructions, parameters } = this.instructionsFor(scalars, (scalar, list) => {
      return list.push(placeOf(results.get(scalar)!)) - 1;
    });
    this.runner.run(scalarSource(instructions, parameters.length), [this.scalars], parameters, 1);
    return results;
  }

  protected run(needed: readonly WebgpuVector[], results: Results): void {
    const { size } = needed[0]!;
    const isByFour = size % 4 === 0;
    const count = isByFour ? size / 4 : size;
    const outputs = [...results.keys()];
    const { instructions, parameters, inputs } = this.instructionsFor(
      needed,
      (vector) => (results.has(vector) ? outputs.indexOf(vector) : undefined),
      [count],
    );
    const counts = { vectors: inputs.length, results: outputs.length, parameters: parameters.length };
    const buffers = [
      this.scalars,
      ...inputs.map((input) => this.runner.bufferOf(input)),
      ...outputs.map((output) => results.get(output)!.data.resource!),
    ];
    for (const { dataId } of outputs) this.gpu.commandQueueOwnedIds.add(dataId);
    this.runner.run(
      vectorSource(instructions, counts, isByFour),
      buffers,
      parameters,
      Math.ceil(count / workgroupSize),
    );
  }

  /** @param destination of a result: a place among the outputs, or that of a parameter */
  private instructionsFor(
    needed: readonly WebgpuVector[],
    destination: (vector: WebgpuVector, parameters: number[]) => number | undefined,
    parameters: number[] = [],
  ) {
    const order = new Map(needed.map((vector, i) => [vector, i]));
    const inputs: ComputedVector<WebgpuData>[] = [];
    const parameter = (value: number) => parameters.push(value) - 1;
    const sourceOf = (operand: Operand<WebgpuData>): Source => {
      if (typeof operand === "number") return { number: parameter(bitsOf(operand)) };
      if (isHere(operand)) return { result: order.get(operand)! };
      const data = operand.data!;
      if (data instanceof PlacedScalar) return { scalar: parameter(data.place) };
      const known = inputs.findIndex(({ dataId }) => dataId === operand.dataId);
      return { vector: known >= 0 ? known : inputs.push({ dataId: operand.dataId, data }) - 1 };
    };
    const instructions = needed.map((vector): Instruction => {
      const operands = vector.operands.map(sourceOf);
      return { operation: vector.operation as EntrywiseOperation, operands, to: destination(vector, parameters) };
    });
    parameters.push(0);
    return { instructions, parameters, inputs };
  }

  async read(tensors: readonly tf.Tensor[]): Promise<number[]> {
    this.settle(tensors);
    const held = tensors.map((tensor) => this.held(tensor));
    try {
      const values = new Float32Array(await this.gpu.getBufferData(this.scalars));
      return held.map((one) => (typeof one === "number" ? one : values[placeOf(one as ComputedVector<WebgpuData>)]!));
    } finally {
      for (const one of held) if (typeof one !== "number") this.release(one);
    }
  }
}

const placeOf = ({ data }: ComputedVector<WebgpuData>): number => (data as PlacedScalar).place;

/** Operations on vectors and scalars of the WebGPU backend, put off. */
export const webgpuDeferredOperations = (runner: ProgramRunner): DeferredOperations => new WebgpuVectors(runner);
