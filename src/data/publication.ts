import { resolve } from "node:path";
import { z } from "zod";
import { cacheDirectory } from "../base/cache.js";
import { ExperimentError } from "../base/errors.js";
import type { DataContext, DatasetDefinition, ImageDataset } from "./dataset.js";
import { DownloadError, type Patience } from "./download.js";

/** A data set that others have published. */
export interface Publication {
  /** Registry name. */
  readonly name: string;
  /** For messages. */
  readonly title: string;
  /** What it consists of, such as "the four IDX files". */
  readonly files: string;
  /** Environment variable that names the directory of its files. */
  readonly environment: string;
  /** Numbers of examples. */
  readonly train: number;
  readonly test: number;
  /** Base addresses. */
  readonly mirrors: readonly string[];
  /** Generated data of the same form, which a config may name for where this one is not to be had. */
  readonly fallback: DatasetDefinition;
}

/** The options of published data sets. */
export function publicationSchema<const Name extends string, const Fallback extends string>(
  { title, files, environment, train, test, mirrors, fallback }: Publication,
  name: Name,
  fallbackName: Fallback,
) {
  return z.strictObject({
    name: z.literal(name).describe(title),
    directory: z
      .string()
      .min(1)
      .optional()
      .describe(`Directory of ${files}. Default: $${environment}, else the per-user cache`),
    mirrors: z
      .array(z.url({ protocol: /^https?$/ }))
      .default([...mirrors])
      .describe("Base addresses from which missing files are downloaded, tried in order; [] forbids downloads"),
    timeoutSeconds: z
      .number()
      .positive()
      .max(3600)
      .default(5)
      .describe("Longest silence borne from a mirror, in seconds, before it answers and while it sends"),
    limit: z
      .strictObject({
        train: z.int().min(1).max(train).optional().describe("Number of training examples used, from the first on"),
        test: z.int().min(1).max(test).optional().describe("Number of test examples used, from the first on"),
      })
      .optional()
      .describe("Use only the first examples, for quick trials. Default: all"),
    whenUnavailable: z
      .union([z.literal(fallbackName), fallback.schema])
      .optional()
      .describe(
        `Data set used instead when ${title} can neither be found nor downloaded: its name, with as many examples as it has by default or the limit says, or its options. Default: an error`,
      ),
  });
}

export type PublicationOptions = z.output<ReturnType<typeof publicationSchema<string, string>>>;

/** Where the files of a published data set are looked for, in this order. */
export interface Places extends Patience {
  /** Title of the data set, for messages. */
  readonly title: string;
  /** A directory the user named; every file in it must be the original. */
  readonly directory?: string | undefined;
  /** Downloads are kept here; a damaged file is downloaded again. */
  readonly cache: string;
  /** Base addresses. */
  readonly mirrors: readonly string[];
  readonly announce: (line: string) => void;
}

function placesOf(
  { name, title, environment }: Publication,
  options: PublicationOptions,
  context: DataContext,
): Places {
  const { mirrors, timeoutSeconds } = options;
  const { announce, signal } = context;
  const directory = options.directory ? resolve(context.directory ?? "", options.directory) : process.env[environment];
  return {
    title,
    directory: directory || undefined,
    cache: cacheDirectory(name),
    mirrors,
    timeoutSeconds,
    announce,
    signal,
  };
}

/** Said when a proxy is configured, because the download does not use it. */
function proxyNote(): string {
  const variable = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].find((name) => process.env[name]);
  return variable ? ` (${variable} is set, but Node's fetch does not use it)` : "";
}

/** What `whenUnavailable` names, announced; an error if it names nothing. */
async function fallback(
  failure: DownloadError,
  { title, files, environment, fallback }: Publication,
  options: PublicationOptions,
  context: DataContext,
): Promise<ImageDataset> {
  const unavailable = `${title} is neither on this machine nor to be downloaded: ${failure.message}${proxyNote()}`;
  if (options.whenUnavailable === undefined) {
    const mend = `Put ${files} into a directory and name it in ${environment} or data.directory, or set data.whenUnavailable: ${fallback.name}`;
    throw new ExperimentError(`${unavailable}. ${mend}`, { cause: failure });
  }
  context.announce(`${unavailable}. Training on ${fallback.name} instead, as data.whenUnavailable says`);
  const { whenUnavailable, limit } = options;
  const wanted = typeof whenUnavailable === "string" ? { name: fallback.name, ...limit } : whenUnavailable;
  return fallback.load(fallback.schema.parse(wanted), context);
}

/**
 * A published data set, or what `whenUnavailable` names.
 *
 * @param find looks for its files
 * @throws ExperimentError if a file in the named directory is damaged or another than the original (whatever
 *   `whenUnavailable` says), or if the data set is unavailable and `whenUnavailable` says nothing
 */
export async function loadPublication(
  publication: Publication,
  options: PublicationOptions,
  context: DataContext,
  find: (places: Places) => Promise<ImageDataset>,
): Promise<ImageDataset> {
  try {
    return await find(placesOf(publication, options, context));
  } catch (error) {
    if (error instanceof DownloadError) return fallback(error, publication, options, context);
    throw error;
  }
}
