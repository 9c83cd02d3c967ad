import * as tf from "@tensorflow/tfjs-core";

const nameOf = (value: number) => (Object.is(value, -0) ? "-0" : String(value));

/** Numbers of the host as tensors, [1, 1] or one a run as [runs, 1]: most of a step's are those of the step before. */
export class StackedConstants {
  private current = new Map<string, tf.Tensor>();
  private previous = new Map<string, tf.Tensor>();

  /** @param values one a run */
  tensor(values: readonly number[]): tf.Tensor {
    const names = values.map(nameOf);
    const isOne = names.every((name) => name === names[0]);
    const key = isOne ? names[0]! : names.join();
    const known = this.current.get(key) ?? this.previous.get(key);
    const constant = known ?? tf.keep(tf.tensor(isOne ? [values[0]!] : [...values], [isOne ? 1 : values.length, 1]));
    this.previous.delete(key);
    this.current.set(key, constant);
    return constant;
  }

  /** Frees what was not asked for since the last time. */
  forget(): void {
    tf.dispose([...this.previous.values()]);
    this.previous = this.current;
    this.current = new Map();
  }
}
