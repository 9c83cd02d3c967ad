import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type * as tfl from "@tensorflow/tfjs-core";
import { cacheDirectory } from "../base/cache.js";
import { messageOf } from "../base/errors.js";
import { Unavailable } from "./activation.js";

type Core = typeof tfl;

/** The version of tfjs-node whose sources the addon is built from: that of the TensorFlow.js core. */
export const tfjsNodeVersion = "4.22.0";

const packageName = "@tensorflow/tfjs-node-gpu";

/** Where `run-experiment native` keeps what it has built; a new layout gets a new name. */
export function nativeDirectory(): string {
  return cacheDirectory("native", `tfjs-node-${tfjsNodeVersion}-layout-2`);
}

/** What `run-experiment native` says about what it has built, in native.json. */
export interface NativeManifest {
  /** TensorFlow's version */
  readonly tensorflow: string;
  /** The wheel or the interpreter whose TensorFlow it is */
  readonly source: string;
  readonly cuda: boolean;
}

/** The addon that `run-experiment native` has built, if it has. */
export function builtAddon(directory = nativeDirectory()): NativeManifest | undefined {
  const file = join(directory, "native.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as NativeManifest) : undefined;
}

/** Loads an addon of that layout and registers it as the backend "tensorflow" of this TensorFlow.js. */
function loadBuilt(directory: string, tf: Core): void {
  const require = createRequire(join(directory, "native.json"));
  // tfjs-node's own modules find there, as their `@tensorflow/tfjs`, an object without entries. Filled with the core of
  // this process, it makes them part of it, wherever it is installed; a second core would have backends of its own.
  Object.assign(require("@tensorflow/tfjs"), tf);
  const { quietly } = require("./addon/quiet.node") as { quietly(f: () => unknown): unknown };
  const load = (): unknown => require("./addon/tfjs_binding.node");
  // Level 0 is all there is to say.
  const binding = process.env.TF_CPP_MIN_LOG_LEVEL === "0" ? load() : quietly(load);
  require("./addon/operations.node");
  require(`${packageName}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = require(`${packageName}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: unknown, packageName: string) => tfl.KernelBackend;
  };
  tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, packageName));
}

/** The directory of the npm package, if it has been installed together with an addon. */
function installedPackage(): string | undefined {
  try {
    const directory = dirname(createRequire(import.meta.url).resolve(`${packageName}/package.json`));
    const hasAddon = [8, 7, 6].some((version) => existsSync(join(directory, `lib/napi-v${version}/tfjs_binding.node`)));
    return hasAddon ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** The loader's own words for libraries that do not fit, and what mends them. */
function mendFor(message: string): string {
  const missing = /version `((?:GLIBCXX|CXXABI|GLIBC)_[\d.]+)' not found/.exec(message)?.[1];
  if (missing?.startsWith("GLIBC_")) {
    return `the system's C library is too old (${missing} is missing): use a newer Linux, or run-experiment native --tensorflow with an older version`;
  }
  if (missing) {
    return `the C++ standard library in use is too old (${missing} is missing): install a newer libstdc++6, and take older copies (conda's, say) out of LD_LIBRARY_PATH`;
  }
  return `${message.split("\n")[0]}: run-experiment native builds it anew`;
}

/** tfjs-node 4.22 calls what Node 23 has removed, and what Node warns of: it is given both before it is loaded. */
function supplyOldUtilities(): void {
  const util = createRequire(import.meta.url)("node:util") as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

/**
 * Loads the native addon, from the cache or else from the npm package, into this process's TensorFlow.js.
 *
 * @throws Unavailable if there is none, or it cannot be loaded
 */
export async function loadAddon(tf: Core, directory = nativeDirectory()): Promise<void> {
  if (tf.findBackendFactory("tensorflow")) return;
  const isBuilt = builtAddon(directory) !== undefined;
  const installed = isBuilt ? undefined : installedPackage();
  if (!isBuilt && !installed)
    throw new Unavailable("not installed; run-experiment native builds it, or use backend wasm");
  supplyOldUtilities();
  try {
    if (isBuilt) loadBuilt(directory, tf);
    else createRequire(import.meta.url)(installed!);
  } catch (error) {
    throw new Unavailable(`the native addon cannot be loaded, ${mendFor(messageOf(error))}`);
  }
}
