import { float64 } from "../compute/float64.js";
import type { Layer } from "../compute/layer.js";
import { createOptimizer, type Optimizer, optimizerSchema, type Rules } from "../optimizers/optimizer.js";
import type { Position } from "../training/state.js";

/** What a rule is driven through: weights to start from, and the gradients that it is given one after the other. */
export interface Drive {
  /** One array a layer. */
  readonly start: readonly (readonly number[])[];
  /** Step by step, one array a layer. */
  readonly gradients: readonly (readonly (readonly number[])[])[];
  /** Of each layer; default: one axis. */
  readonly shapes?: readonly (readonly number[])[];
}

type HostPosition = Position<Float64Array, number>;

/** A rule laid over the layers of a drive, in float64. */
export class Driver {
  readonly layers: readonly Layer[];
  readonly optimizer: Optimizer;

  /** @param config of the optimizer as in a config file; the learning rate is 0.1 unless it says otherwise */
  constructor(
    rules: Rules,
    config: object,
    private readonly drive: Drive,
  ) {
    const { start, shapes, gradients } = drive;
    this.layers = start.map((w, i) => ({ name: `layer_${i + 1}`, shape: shapes?.[i] ?? [w.length] }));
    const parsed = optimizerSchema(rules).parse({ learningRate: 0.1, ...config });
    this.optimizer = createOptimizer(rules, parsed, this.layers, gradients.length);
  }

  start(): HostPosition {
    const weights = this.drive.start.map((w) => Float64Array.from(w));
    return { step: 0, weights, state: this.optimizer.initialState(float64, weights) };
  }

  /** Δw of each layer at each step from here up to step `end`, the weights moving along, and where that leads. */
  go(from: HostPosition, end = this.drive.gradients.length): { updates: number[][][]; position: HostPosition } {
    let { weights, state } = from;
    const updates = this.drive.gradients.slice(from.step, end).map((gradient, i) => {
      const parts = gradient.map((g) => Float64Array.from(g));
      const examples = this.optimizer.rule.needs?.exampleGradients ? [parts, parts] : undefined;
      const output = this.optimizer.updates(float64, from.step + i, weights, parts, state, examples);
      state = output.state;
      weights = weights.map((w, layer) => float64.add(w, output.updates[layer]!));
      return output.updates.map((update) => [...update]);
    });
    return { updates, position: { step: end, weights, state } };
  }
}

/** Δw of each layer at each step of a drive. */
export function trajectory(rules: Rules, config: object, drive: Drive): number[][][] {
  const driver = new Driver(rules, config, drive);
  return driver.go(driver.start()).updates;
}
