import type { z } from "zod";

/** Grey-scale images with class labels, held on the host as bytes; batches are gathered from it on the host. */
export interface ImageSet {
  /** Number of examples, n. */
  readonly size: number;
  /** n × height × width bytes, 0 (background) … 255. */
  readonly pixels: Uint8Array;
  /** n class indices, 0 … classes − 1. */
  readonly labels: Uint8Array;
}

/** A data set for classification. */
export interface ImageDataset {
  /** Registry name of what was really loaded: differs from what was asked for after a fallback. */
  readonly name: string;
  readonly height: number;
  readonly width: number;
  /** Numbers a pixel, beside each other; default: 1, grey. */
  readonly channels?: number;
  readonly classes: number;
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** SHA-256 over the four unpacked IDX files in the order train images, train labels, test images, test labels. */
  readonly checksum: string;
  /** Where it came from, for the manifest: a directory, a mirror, or a generator with its seed. */
  readonly source: string;
}

/** Numbers that make up one image. */
export const imageSize = ({ height, width, channels = 1 }: ImageDataset): number => height * width * channels;

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
