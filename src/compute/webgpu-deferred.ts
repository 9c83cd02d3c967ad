import * as tf from "@tensorflow/tfjs-core";
import {
  type DeferredOperations,
  type Entries,
  type EntrywiseOperation,
  mostRows,
  type Reduction,
} from "./deferred-operations.js";
import { type ComputedVector, isPending, type Making, type Operand, PendingVector } from "./pending-vector.js";
import { PendingVectors } from "./pending-vectors.js";
import type { WebgpuBackend, WebgpuData } from "./webgpu-backend.js";
import { type Instruction, type Source, scalarSource, vectorSource } from "./webgpu-expressions.js";
import { bitsOf, type ProgramRunner, workgroupSize } from "./webgpu-program.js";
import { reduceAll, reductions } from "./webgpu-reductions.js";
import { PlacedScalars, ScalarMemory } from "./webgpu-scalars.js";

/** Whether a tensor of this shape is a scalar, or one of each of several runs. */
const isScalarShape = (shape: readonly number[]) =>
  shape.length === 0 || (shape.length === 2 && shape[1] === 1 && shape[0]! <= mostRows);

/** A vector, or scalars, that wait to be computed on the device. */
class WebgpuVector extends PendingVector<WebgpuData> implements WebgpuData {
  readonly values = null;
  readonly isScalar: boolean;
  readonly isReduction: boolean;
  readonly areRows: readonly boolean[];
  /** The length of a row: rows are what scalars, and other rows, go with. */
  readonly width: number;
  /** What is the same for vectors that one program can compute. */
  readonly kind: string;

  constructor(
    dataId: tf.DataId,
    order: number,
    making: Making<WebgpuData>,
    compute: (vector: WebgpuVector) => WebgpuData,
  ) {
    super(dataId, order, making, () => compute(this));
    this.isScalar = isScalarShape(making.shape);
    this.isReduction = (reductions as readonly string[]).includes(making.operation);
    this.areRows = making.areRows ?? [];
    this.width = making.shape.length === 2 ? making.shape[1]! : this.size;
    this.kind = `${this.size} ${this.width}`;
  }

  get resource(): GPUBuffer {
    return this.computed.resource!;
  }
}

type Results = ReadonlyMap<WebgpuVector, ComputedVector<WebgpuData>>;

const isHere = (operand: Operand<WebgpuData>): operand is WebgpuVector => isPending(operand);
const isMissing = ({ data }: WebgpuVector) => data === undefined;
const placeOf = ({ data }: ComputedVector<WebgpuData>): number => (data as PlacedScalars).place;

/** How many computed vectors these are made of. */
function inputsOf(vectors: readonly WebgpuVector[]): number {
  const inputs = new Set<tf.DataId>();
  for (const operand of vectors.flatMap(({ operands }) => operands)) {
    if (typeof operand === "number" || isHere(operand) || operand.data instanceof PlacedScalars) continue;
    inputs.add(operand.dataId);
  }
  return inputs.size;
}

/** The shape that these have together; undefined where they do not go together, or are not put off. */
function jointShape(entries: readonly Entries[]): readonly number[] | undefined {
  let shape: readonly number[] | undefined;
  for (const one of entries) {
    if (typeof one === "number") continue;
    if (one.dtype !== "float32" || one.size === 0) return undefined;
    if (one.rank === 0) continue;
    if (shape === undefined || tf.util.arraysEqual(shape as number[], one.shape)) shape = one.shape;
    else if (shape.length !== 2 || one.rank !== 2) return undefined;
    else {
      const [rows, columns] = [0, 1].map((axis) => Math.max(shape![axis]!, one.shape[axis]!)) as [number, number];
      shape = [rows, columns];
    }
  }
  const [rows, columns] = shape ?? [];
  const fits = entries.every((one) => {
    if (typeof one === "number" || one.rank !== 2) return true;
    const [ownRows, ownColumns] = one.shape as [number, number];
    const isWhole = ownRows === rows && ownColumns === columns;
    // Scalars of rows are found by the row, and there are not too many of them.
    return (
      isWhole ||
      (isScalarShape(one.shape) && (ownRows === rows || ownRows === 1)) ||
      (ownRows === 1 && ownColumns === columns)
    );
  });
  return fits ? (shape ?? []) : undefined;
}

/**
 * Pending vectors and scalars on a GPU, where to start a program takes longer than to compute a vector of some thousand
 * entries. Scalars, one or one of each run, lie in one buffer: all norms of a step are taken by two programs, what is
 * computed from them by one, and one copy brings them to the host.
 */
class WebgpuVectors extends PendingVectors<WebgpuData, WebgpuVector> {
  readonly broadcasts = true;
  private readonly gpu: WebgpuBackend;
  private readonly scalars: ScalarMemory;
  private readonly mostBuffers: number;
  private readonly computeOne = (vector: WebgpuVector) => this.compute(vector);

  constructor(private readonly runner: ProgramRunner) {
    super(runner.backend, runner.backend.tensorMap);
    this.gpu = runner.backend;
    this.scalars = new ScalarMemory(runner);
    this.mostBuffers = this.gpu.device.limits.maxStorageBuffersPerShaderStage;
  }

  protected formOf(entries: readonly Entries[]) {
    const shape = jointShape(entries);
    if (!shape || !this.hasRoomFor(shape)) return undefined;
    const isRow = (one: Entries) => typeof one !== "number" && one.rank === 2 && one.shape[0]! < shape[0]!;
    return { shape, areRows: entries.map(isRow) };
  }

  /** Whether scalars that are the result, or come with it, have places. */
  private hasRoomFor(shape: readonly number[]): boolean {
    return (
      this.scalars.isRoomyFor(1) && (shape.length !== 2 || shape[0]! > mostRows || this.scalars.isRoomyFor(shape[0]!))
    );
  }

  protected vector(dataId: tf.DataId, order: number, making: Making<WebgpuData>): WebgpuVector {
    return new WebgpuVector(dataId, order, making, this.computeOne);
  }

  reduce(reduction: Reduction, a: tf.Tensor): tf.Tensor | undefined {
    return a.rank > 0 ? this.reduced(reduction, a, []) : undefined;
  }

  reduceRows(reduction: Reduction, a: tf.Tensor): tf.Tensor | undefined {
    return a.rank === 2 && a.shape[0]! <= mostRows ? this.reduced(reduction, a, [a.shape[0]!, 1]) : undefined;
  }

  private reduced(reduction: Reduction, a: tf.Tensor, shape: readonly number[]): tf.Tensor | undefined {
    if (a.dtype !== "float32" || a.size === 0 || !this.hasRoomFor(shape) || tf.engine().isTapeOn()) return undefined;
    return this.putOff({ operation: reduction, operands: [this.held(a)], shape });
  }

  /** Scalars that TensorFlow.js has made are brought to the others or, where the host has the only one, are that number. */
  protected override held(one: Entries): Operand<WebgpuData> {
    if (typeof one === "number" || !isScalarShape(one.shape)) return super.held(one);
    const data = this.table.get(one.dataId);
    if (data instanceof WebgpuVector || data instanceof PlacedScalars) return super.held(one);
    if (data.values && one.rank === 0) return data.values[0]!;
    this.adopt(one.dataId, data, one.size);
    return super.held(one);
  }

  private adopt(dataId: tf.DataId, data: WebgpuData, count: number): void {
    const { runner, table } = this;
    const buffer = runner.bufferOf({ dataId });
    const placed = this.scalars.take(count);
    placed.refCount = data.refCount;
    runner.copy(buffer, 0, this.scalars.buffer, placed.place, count);
    runner.release(buffer);
    table.delete(dataId);
    table.set(dataId, placed);
  }

  protected override disposeComputed(dataId: tf.DataId, force = false): boolean {
    const data = this.table.has(dataId) && this.table.get(dataId);
    if (!(data instanceof PlacedScalars)) return super.disposeComputed(dataId, force);
    data.refCount = force ? 0 : data.refCount - 1;
    if (data.refCount > 0) return false;
    this.scalars.free(data);
    this.table.delete(dataId);
    return true;
  }

  protected memoryFor({ dataId: own, shape, size, isScalar }: WebgpuVector): ComputedVector<WebgpuData> {
    if (isScalar) return { dataId: own, data: this.scalars.take(size) };
    const { dataId } = this.runner.output(shape);
    this.runner.bufferOf({ dataId });
    return { dataId, data: this.table.get(dataId) };
  }

  protected override kindOf({ kind }: WebgpuVector): unknown {
    return kind;
  }

  protected override compute(vector: WebgpuVector): WebgpuData {
    this.computeBefore([vector]);
    return vector.data ?? super.compute(vector);
  }

  protected override evaluateAll(vectors: readonly WebgpuVector[], isAsked = false): void {
    this.computeBefore(vectors);
    super.evaluateAll(vectors.filter(isMissing), isAsked);
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
    this.evaluate(wanted.filter(isMissing), isAsked);
  }

  /**
   * Computes what is of another kind than these vectors that are made of it, so that what is left of each is one program:
   * scalars, those of these vectors that are scalars themselves, and rows.
   */
  private computeBefore(vectors: readonly WebgpuVector[]): void {
    const needed = this.pendingOf(vectors);
    const rows = needed.flatMap(({ operands, kind }) => operands.filter(isHere).filter((one) => one.kind !== kind));
    const reduced = needed.filter(({ isReduction }) => isReduction).flatMap(({ operands }) => operands.filter(isHere));
    const others = [...new Set([...rows, ...reduced])].filter(({ isScalar }) => !isScalar);
    if (others.length > 0) this.evaluateAll(others, true);
    let scalars = needed.filter((one) => one.isScalar && isMissing(one));
    while (scalars.length > 0) {
      const numbers = scalars.filter(({ isReduction, operands }) => isReduction && !isHere(operands[0]!));
      if (numbers.length > 0) this.reduceTogether(numbers);
      this.calculateAmong(scalars.filter(isMissing));
      scalars = scalars.filter(isMissing);
    }
  }

  /** Computes those of the scalars that wait for no reduction. */
  private calculateAmong(scalars: readonly WebgpuVector[]): void {
    const waiting = new Set<Operand<WebgpuData>>();
    const byCount = new Map<number, WebgpuVector[]>();
    for (const scalar of scalars) {
      if (scalar.isReduction || scalar.operands.some((operand) => waiting.has(operand))) waiting.add(scalar);
      else byCount.set(scalar.size, [...(byCount.get(scalar.size) ?? []), scalar]);
    }
    // What all runs share comes before what each has of its own.
    for (const [count, some] of [...byCount].sort(([a], [b]) => a - b)) this.calculate(some, count);
  }

  private reduceTogether(numbers: readonly WebgpuVector[]): void {
    const results = new Map(numbers.map((number) => [number, this.memoryFor(number)]));
    const wanted = numbers.map((number) => {
      const operand = number.operands[0] as ComputedVector<WebgpuData>;
      const size = tf.util.sizeFromShape(operand.data.shape as number[]);
      const facts = { buffer: this.runner.bufferOf(operand), rows: number.size, size: size / number.size };
      return { reduction: number.operation as Reduction, ...facts, place: placeOf(results.get(number)!) };
    });
    reduceAll(this.runner, wanted, this.scalars.buffer, this.mostBuffers);
    this.placeAll(results);
  }

  /** @param count how many scalars each of them is */
  private calculate(scalars: readonly WebgpuVector[], count: number): void {
    const results = new Map(scalars.map((scalar) => [scalar, this.memoryFor(scalar)]));
    const place = (scalar: WebgpuVector, parameters: number[]) => parameters.push(placeOf(results.get(scalar)!)) - 1;
    const { instructions, parameters } = this.instructionsFor(scalars, place, [count]);
    this.runner.run(scalarSource(instructions, parameters.length), [this.scalars.buffer], parameters, 1);
    this.placeAll(results);
  }

  protected run(needed: readonly WebgpuVector[], results: Results): void {
    const [first] = needed as [WebgpuVector];
    const isByFour = first.width % 4 === 0;
    const [count, width] = [first.size, first.width].map((n) => (isByFour ? n / 4 : n)) as [number, number];
    const outputs = [...results.keys()];
    const output = (vector: WebgpuVector) => (results.has(vector) ? outputs.indexOf(vector) : undefined);
    const { instructions, parameters, inputs } = this.instructionsFor(needed, output, [count, width]);
    const counts = { vectors: inputs.length, results: outputs.length, parameters: parameters.length };
    const buffers = [
      this.scalars.buffer,
      ...inputs.map((input) => this.runner.bufferOf(input)),
      ...outputs.map((output) => results.get(output)!.data.resource!),
    ];
    for (const { dataId } of outputs) this.gpu.commandQueueOwnedIds.add(dataId);
    const source = vectorSource(instructions, counts, isByFour);
    this.runner.run(source, buffers, parameters, Math.ceil(count / workgroupSize));
  }

  /** @param destination of a result: a place among the outputs, or that of a parameter */
  private instructionsFor(
    needed: readonly WebgpuVector[],
    destination: (vector: WebgpuVector, parameters: number[]) => number | undefined,
    parameters: number[],
  ) {
    const order = new Map(needed.map((vector, i) => [vector, i]));
    const inputs: ComputedVector<WebgpuData>[] = [];
    const parameter = (value: number) => parameters.push(value) - 1;
    const sourceOf = (operand: Operand<WebgpuData>, isOfColumn: boolean): Source => {
      if (typeof operand === "number") return { number: parameter(bitsOf(operand)) };
      if (isHere(operand)) return { result: order.get(operand)! };
      const data = operand.data!;
      if (data instanceof PlacedScalars) return { scalar: parameter(data.place), isOfRow: data.count > 1 };
      const known = inputs.findIndex(({ dataId }) => dataId === operand.dataId);
      const vector = known >= 0 ? known : inputs.push({ dataId: operand.dataId, data }) - 1;
      return { vector, isOfColumn };
    };
    const instructions = needed.map((vector): Instruction => {
      const operands = vector.operands.map((operand, i) => sourceOf(operand, vector.areRows[i] ?? false));
      return { operation: vector.operation as EntrywiseOperation, operands, to: destination(vector, parameters) };
    });
    parameters.push(0, 0);
    return { instructions, parameters, inputs };
  }

  async read(tensors: readonly tf.Tensor[]): Promise<number[]> {
    this.settle(tensors);
    const held = tensors.map((tensor) => this.held(tensor));
    try {
      const values = await this.scalars.values();
      return held.flatMap((one) => {
        if (typeof one === "number") return one;
        const { place, count } = one.data as PlacedScalars;
        return [...values.subarray(place, place + count)];
      });
    } finally {
      for (const one of held) if (typeof one !== "number") this.release(one);
    }
  }
}

/** Operations on vectors and scalars of the WebGPU backend, put off. */
export const webgpuDeferredOperations = (runner: ProgramRunner): DeferredOperations => new WebgpuVectors(runner);
