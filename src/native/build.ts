import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ExperimentError, exitCodes } from "../base/errors.js";
import { builtAddon, nativeDirectory, tfjsNodeVersion } from "../compute/native-addon.js";
import { buildAddon, demandTools } from "./addon.js";
import type { Checked } from "./check.js";
import { broken, run, tellingLine } from "./process.js";
import { downloadedTensorFlow, installedTensorFlow, platformLibraries } from "./tensorflow.js";

/** What is asked for. */
export interface NativeOptions {
  /** With CUDA libraries, for NVIDIA GPUs. */
  readonly cuda: boolean;
  /** An interpreter whose TensorFlow is used; else one is downloaded. */
  readonly python?: string | undefined;
  /** The version of TensorFlow to download; default: the newest. */
  readonly tensorflow?: string | undefined;
  /** Build again what is there already. */
  readonly force: boolean;
}

type Announce = (line: string) => void;

/** The largest relative error of float32 that is taken for right: sums of 53 products. */
const tolerance = 1e-5;

interface Found extends Checked {
  /** CPU instructions that TensorFlow says it uses. */
  readonly instructions: string;
}

/** Loads and tries the addon in a process of its own, so that even a crash becomes a line. */
function check(directory: string): Found {
  const program = fileURLToPath(new URL("./check.js", import.meta.url));
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "0" };
  const { isOk, signal, stdout, stderr } = run(process.execPath, [program, directory], { env });
  if (signal === "SIGILL") {
    throw broken("TensorFlow stops at an instruction this CPU does not have (AVX?); use backend wasm");
  }
  if (signal) throw broken(`TensorFlow ends with ${signal} when it is loaded; try another one with --tensorflow`);
  const lastLine = stdout.trim().split("\n").at(-1) ?? "";
  if (!isOk) {
    throw broken(
      lastLine.startsWith("{") ? (JSON.parse(lastLine) as { failure: string }).failure : tellingLine(stderr),
    );
  }
  const found = JSON.parse(lastLine) as Checked;
  const wrong = Object.entries(found.errors).find(([, error]) => !(error < tolerance));
  if (wrong) {
    throw broken(
      `the addon computes a wrong ${wrong[0]} (relative error ${wrong[1]}); try another TensorFlow with --tensorflow`,
    );
  }
  const instructions = /CPU instructions[^:]*:\s*([A-Z0-9_ ]+?)(?:,|\.|\n)|following instructions: ([A-Z0-9_ ]+)/.exec(
    stderr,
  );
  return { ...found, instructions: (instructions?.[1] ?? instructions?.[2] ?? "").trim() };
}

/** Tries the addon that is there already; nothing where it has to be built again. */
function checkPresent(target: string, announce: Announce): Found | undefined {
  try {
    const found = check(target);
    announce(`The native backend is there already (--force builds it again), in ${target}:`);
    return found;
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    announce(`What is there already does not work (${error.message}): building it anew`);
    return undefined;
  }
}

function report({ device, version, errors, gpus, instructions }: Found, announce: Announce): void {
  announce(`  TensorFlow    ${version.replace(/^.*libtensorflow /, "")}`);
  announce(`  device        ${device}`);
  announce(`  instructions  ${instructions || "(TensorFlow names none)"}`);
  const names = gpus.map(({ name, memoryMebibytes }) => `${name}, ${(memoryMebibytes / 1024).toFixed(0)} GiB`);
  announce(`  NVIDIA GPUs   ${names.join("; ") || "none (nvidia-smi lists none)"}`);
  const digits = Object.entries(errors).map(([what, error]) => `${what} ${error.toExponential(1)}`);
  announce(`  checked       against float64, largest relative errors: ${digits.join(", ")}`);
}

/** Builds beside what is there, and takes its place only once it has been checked. */
function build(target: string, { cuda: isCuda, python, tensorflow: version }: NativeOptions, announce: Announce): void {
  const directory = `${target}.building-${process.pid}`;
  mkdirSync(directory, { recursive: true });
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(exitCodes.interrupted));
  const tensorflow = python
    ? installedTensorFlow(python)
    : downloadedTensorFlow({ directory, isCuda, version, announce });
  buildAddon({ directory, version: tfjsNodeVersion, tensorflow, announce });
  const manifest = { tensorflow: tensorflow.version, source: tensorflow.source, cuda: isCuda };
  writeFileSync(join(directory, "native.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const found = check(directory);
  rmSync(target, { recursive: true, force: true });
  renameSync(directory, target);
  announce(`The native backend is built, in ${target}:`);
  report(found, announce);
  announce(
    "Use it with --backend tensorflow, or auto, which now takes it first; run-experiment native --remove undoes it.",
  );
}

/** Whether what has been built is what is asked for. */
function isAsAsked({ cuda, python, tensorflow }: NativeOptions): boolean {
  const present = builtAddon();
  return (
    present !== undefined &&
    present.cuda === cuda &&
    (python === undefined ? !present.source.includes("/") : present.source === python) &&
    (tensorflow === undefined || present.tensorflow === tensorflow)
  );
}

/**
 * Builds the backend "tensorflow" against the library inside a TensorFlow wheel, into the user's cache, and checks it.
 *
 * @throws ExperimentError if something that it needs is missing, or what was built does not work
 */
export function buildNative(options: NativeOptions, announce: Announce): void {
  const target = nativeDirectory();
  const found = isAsAsked(options) && !options.force ? checkPresent(target, announce) : undefined;
  if (found) {
    report(found, announce);
    return;
  }
  platformLibraries();
  demandTools();
  build(target, options, announce);
}

/** Deletes what was built and downloaded. */
export function removeNative(announce: Announce): void {
  const target = nativeDirectory();
  const isThere = existsSync(target);
  rmSync(target, { recursive: true, force: true });
  announce(isThere ? `Removed ${target}` : `There is nothing to remove: ${target} does not exist`);
}
