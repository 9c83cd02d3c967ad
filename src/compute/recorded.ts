import * as tf from "@tensorflow/tfjs-core";

/** Vectors or scalars of several runs as one tensor [runs, n]; [1, n] where all of them have the same. */
export class Stack {
  /** Changed by `hold` and `release` alone. */
  holders = 0;

  /** @param tensor becomes the stack's own */
  constructor(readonly tensor: tf.Tensor) {
    tf.keep(tensor);
  }

  get rows(): number {
    return this.tensor.shape[0]!;
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    if (this.holders === 0) this.tensor.dispose();
  }
}

/** Where a run finds its numbers. */
export interface Place {
  readonly stack: Stack;
  readonly row: number;
}

/** One result of an operation of one run: computed when its graph is evaluated, and kept while somebody holds it. */
export class RecordedNode {
  /** Changed by `hold` and `release` alone. */
  holders = 0;
  /** Where it is; undefined until it is computed, and when nobody holds it any more. */
  place: Place | undefined;

  /**
   * @param graph that computes it
   * @param index among the results of its graph
   * @param size how many numbers it has
   */
  constructor(
    readonly graph: object,
    readonly index: number,
    readonly size: number,
  ) {}

  get isHeld(): boolean {
    return this.holders > 0;
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    if (this.holders > 0) return;
    this.place?.stack.release();
    this.place = undefined;
  }

  move(place: Place): void {
    place.stack.hold();
    this.place?.stack.release();
    this.place = place;
  }
}

/** A vector or scalar of one run that is computed together with those of other runs. */
export class Recorded {
  isReleased = false;

  constructor(
    readonly node: RecordedNode,
    readonly shape: readonly number[],
    readonly isScalar: boolean,
  ) {
    node.hold();
  }

  get size(): number {
    return this.node.size;
  }

  release(): void {
    if (!this.isReleased) this.node.release();
    this.isReleased = true;
  }
}

/** Every recorded value in a value; arrays and objects are searched. */
export function recordedIn(value: unknown, found = new Set<Recorded>(), seen = new Set<object>()): Set<Recorded> {
  if (value instanceof Recorded) found.add(value);
  else if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value) && !seen.has(value)) {
    seen.add(value);
    for (const part of Object.values(value)) recordedIn(part, found, seen);
  }
  return found;
}
