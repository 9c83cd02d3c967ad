import * as tf from "@tensorflow/tfjs-core";
import type { Norm } from "./algebra.js";
import type { DeferredOperations, EntrywiseOperation, Reduction } from "./deferred-operations.js";
import type { Scalar } from "./tensors.js";

/**
 * What was made in the outermost scope and is of use again there: norms, which a rule and the trace share, and constants;
 * and what was put off in it.
 */
export class ScopeMemory {
  private depth = 0;
  private norms = new WeakMap<object, Map<Norm, Scalar>>();
  private readonly constants = new Map<number, tf.Scalar>();

  constructor(private readonly deferred: DeferredOperations | undefined) {}

  within<T>(f: () => T): T {
    this.depth++;
    try {
      return f();
    } finally {
      this.depth--;
      if (this.depth === 0) this.forget();
    }
  }

  /** The result of an operation that may be put off until the scope ends, and else of `compute`. */
  made(operation: EntrywiseOperation, operands: readonly Scalar[], compute: () => tf.Tensor): tf.Tensor {
    return (this.depth > 0 && this.deferred?.make(operation, operands)) || compute();
  }

  /** A number of all entries that may be put off until the scope ends, and else of `compute`. */
  reduced(reduction: Reduction | undefined, a: tf.Tensor, compute: () => tf.Tensor): tf.Tensor {
    const isPutOff = this.depth > 0 && reduction !== undefined;
    return (isPutOff && this.deferred?.reduce?.(reduction, a)) || compute();
  }

  /** The norm by the data it is of. */
  norm(a: tf.Tensor, p: Norm, compute: () => Scalar): Scalar {
    if (this.depth === 0) return compute();
    const norms = this.norms.get(a.dataId) ?? new Map<Norm, Scalar>();
    this.norms.set(a.dataId, norms);
    const remembered = norms.get(p);
    // One that was made in an inner scope may be gone.
    if (remembered !== undefined && !(remembered instanceof tf.Tensor && remembered.isDisposed)) return remembered;
    const norm = compute();
    norms.set(p, norm);
    return norm;
  }

  /** The number for an operation on tensors: once on the device in a scope, which frees it. */
  constant(value: number): Scalar {
    if (this.depth === 0) return value;
    const constant = this.constants.get(value) ?? tf.keep(tf.scalar(value, "float32"));
    this.constants.set(value, constant);
    return constant;
  }

  private forget(): void {
    this.deferred?.settle();
    this.norms = new WeakMap();
    tf.dispose([...this.constants.values()]);
    this.constants.clear();
  }
}
