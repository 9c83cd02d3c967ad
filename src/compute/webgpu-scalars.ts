import { mostPending } from "./pending-vectors.js";
import type { WebgpuData } from "./webgpu-backend.js";
import type { ProgramRunner } from "./webgpu-program.js";

/** How many scalars there may be at a time. */
const capacity = 2 ** 16;

/** A scalar that is computed, or one of each run: places in a row in the buffer that all scalars share. */
export class PlacedScalars implements WebgpuData {
  readonly dtype = "float32";
  readonly shape: readonly number[];
  readonly values = null;
  refCount = 1;
  /** A buffer of its own, where one of TensorFlow.js's kernels has asked for it. */
  copy: GPUBuffer | undefined;

  constructor(
    readonly place: number,
    readonly count: number,
    private readonly makeCopy: (scalars: PlacedScalars) => GPUBuffer,
  ) {
    this.shape = [count];
  }

  get resource(): GPUBuffer {
    this.copy ??= this.makeCopy(this);
    return this.copy;
  }
}

/** The buffer of all scalars. What is recorded comes before what is recorded later: places are free at once. */
export class ScalarMemory {
  readonly buffer: GPUBuffer;
  /** First places that are free, by how many there are in a row. */
  private readonly freePlaces = new Map<number, number[]>();
  private next = 0;
  private readonly copyOf = ({ place, count }: PlacedScalars): GPUBuffer => {
    const copy = this.runner.storage(4 * count);
    this.runner.copy(this.buffer, place, copy, 0, count);
    return copy;
  };

  constructor(private readonly runner: ProgramRunner) {
    this.buffer = runner.storage(4 * capacity);
  }

  /** Whether there are places for whatever may be pending, so many in a row. */
  isRoomyFor(count: number): boolean {
    return this.next < capacity / 2 || (this.freePlaces.get(count)?.length ?? 0) > mostPending;
  }

  take(count: number): PlacedScalars {
    const free = this.freePlaces.get(count)?.pop();
    const place = free ?? this.next;
    if (free === undefined) this.next += count;
    if (this.next > capacity) throw new Error(`more than ${capacity} scalars are held`);
    return new PlacedScalars(place, count, this.copyOf);
  }

  free({ place, count, copy }: PlacedScalars): void {
    const places = this.freePlaces.get(count) ?? [];
    this.freePlaces.set(count, places);
    places.push(place);
    if (copy) this.runner.release(copy);
  }

  /** The numbers at all places, as they are after what is recorded up to now. */
  async values(): Promise<Float32Array> {
    const { backend } = this.runner;
    const { bufferManager } = backend;
    // Of few sizes, so that the memory that was read into is used again.
    const count = Math.min(capacity, 2 ** Math.ceil(Math.log2(Math.max(64, this.next))));
    const staging = bufferManager.acquireBuffer(4 * count, GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ);
    this.runner.copy(this.buffer, 0, staging, 0, count);
    backend.submitQueue();
    await staging.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(staging.getMappedRange()).slice();
    staging.unmap();
    bufferManager.releaseBuffer(staging);
    return values;
  }
}
