import type { Algebra, Precision } from "../compute/algebra.js";
import type { Layer } from "../compute/layer.js";
import type { Optimizer, OptimizerState } from "../optimizers/optimizer.js";

/** Numbers in the precision of their run. */
export type Numbers = Float32Array | Float64Array;

/** Where a training stands between two steps, on the host and exact to the bit: all that its loop needs to go on. */
export interface TrainingState {
  /** k, the number of updates made. */
  readonly step: number;
  /** w_k, one array a layer, in the precision of the run. */
  readonly weights: readonly Numbers[];
  /** The optimizer's state after step k − 1: its named vectors and scalars, block by block. */
  readonly optimizer: readonly Readonly<Record<string, Numbers>>[];
  /** What the objective keeps besides its weights; absent where it keeps nothing. */
  readonly nonTrainable?: readonly Numbers[] | undefined;
}

/** What the loop works on. */
export interface Position<V, S> {
  readonly step: number;
  readonly weights: readonly V[];
  readonly state: OptimizerState<V, S>;
}

const inPrecision = (values: Float64Array, precision: Precision): Numbers =>
  precision === "float32" ? Float32Array.from(values) : values;

/** Copies on the host. Float32 numbers pass through float64 unchanged. */
export async function captureVectors<V, S>(algebra: Algebra<V, S>, vectors: readonly (V | S)[]): Promise<Numbers[]> {
  const copies: Numbers[] = [];
  for (const vector of vectors) copies.push(inPrecision(await algebra.values(vector), algebra.precision));
  return copies;
}

/** A copy of the position, and of what the objective keeps besides, on the host. */
export async function captureState<V, S>(
  algebra: Algebra<V, S>,
  position: Position<V, S>,
  nonTrainable: readonly V[] = [],
): Promise<TrainingState> {
  const weights = await captureVectors(algebra, position.weights);
  const optimizer: Record<string, Numbers>[] = [];
  for (const block of position.state) {
    const copied = await captureVectors(algebra, Object.values(block));
    optimizer.push(Object.fromEntries(Object.keys(block).map((name, i) => [name, copied[i]!])));
  }
  const kept = await captureVectors(algebra, nonTrainable);
  return { step: position.step, weights, optimizer, ...(kept.length > 0 && { nonTrainable: kept }) };
}

/** The position a state was captured at, on the algebra's device. */
export function restoreState<V, S>(
  algebra: Algebra<V, S>,
  optimizer: Optimizer,
  layers: readonly Layer[],
  saved: TrainingState,
): Position<V, S> {
  const weights = saved.weights.map((values, i) => algebra.vector(values, layers[i]!.shape));
  const state = algebra.scope(() => {
    // A fresh state knows the shapes that the saved numbers lack.
    const fresh = optimizer.initialState(algebra, weights);
    return saved.optimizer.map((block, i) =>
      Object.fromEntries(
        Object.entries(block).map(([name, values]) => {
          const like = fresh[i]![name]!;
          return [
            name,
            algebra.isScalar(like) ? algebra.scalar(values[0]!) : algebra.split(algebra.vector(values), [like])[0]!,
          ];
        }),
      ),
    );
  });
  return { step: saved.step, weights, state };
}
