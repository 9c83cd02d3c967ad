import type { z } from "zod";
import type { Preparation } from "./preparation.js";

/** Examples of one part of a data set, held on the host; batches are gathered from it on the host. */
export interface ImageSet {
  /** Number of examples, n. */
  readonly size: number;
  /**
   * n × height × width × channels numbers in this order (NHWC): bytes 0 … 255, which stand for intensities from 0 to 1,
   * or numbers taken as they are.
   */
  readonly pixels: Uint8Array | Float32Array | Float64Array;
  /** n class indices, 0 … classes − 1; where numbers are to be predicted, these. */
  readonly labels: Uint8Array | Int32Array | Float64Array;
}

/** A data set. That of a table has images of one pixel, whose channels are the features. */
export interface ImageDataset {
  /** Registry name of what was really loaded: differs from what was asked for after a fallback. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** 1 for grey-scale images, 3 for colour. */
  readonly channels: number;
  /** Number of classes; 0 where numbers are to be predicted. */
  readonly classes: number;
  readonly train: ImageSet;
  /** Examples held out of the training set to tune by. */
  readonly validation?: ImageSet;
  readonly test?: ImageSet;
  /** SHA-256 of the examples: of published images over the unpacked files, whatever part of them is used. */
  readonly checksum: string;
  /** Where it came from, for the manifest: a directory, a mirror, a file with its SHA-256, or a generator with its seed. */
  readonly source: string;
  /** What the config's data options make of it; absent as it is loaded. */
  readonly preparation?: Preparation;
}

/** Numbers that make up one image. */
export const imageSize = ({ height, width, channels }: ImageDataset): number => height * width * channels;

/** Share of the class that most examples of a set belong to: what always naming it would get right. */
export function majorityShare({ size, labels }: ImageSet, classes: number): number {
  const counts = new Uint32Array(classes);
  for (const label of labels) counts[label]!++;
  return Math.max(...counts) / size;
}

/** What a loader needs of its surroundings. */
export interface DataContext {
  /** Prints one line for the user (a download starts, a fallback is taken). */
  readonly announce: (line: string) => void;
  /** Directory of the config file: relative paths in options start there. Absent: the working directory. */
  readonly directory?: string;
  /** Ends what takes long. */
  readonly signal?: AbortSignal | undefined;
}

/** An entry of the data set registry. `Options` is what `schema` accepts, the field `name` included. */
export interface DatasetDefinition<Options = unknown> {
  readonly kind: "dataset";
  readonly name: string;
  readonly summary: string;
  /** Raised whenever the numbers it produces change: part of a run's identity. */
  readonly version: number;
  readonly schema: z.ZodObject;
  /**
   * @throws ExperimentError when the data cannot be had or is damaged, naming the file and the mend
   * @throws the signal's reason when it comes
   */
  load(options: Options, context: DataContext): Promise<ImageDataset>;
}

/** Ties a loader's options to its schema, so that `load` receives exactly what the schema puts out. */
export function defineDataset<Schema extends z.ZodObject>(
  definition: Omit<DatasetDefinition<z.output<Schema>>, "schema" | "kind"> & { readonly schema: Schema },
): DatasetDefinition<z.output<Schema>> & { readonly schema: Schema } {
  return { kind: "dataset", ...definition };
}
