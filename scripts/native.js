// Builds the native TensorFlow backend into the user's cache: npm run native -- --help
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildAddon, demandTools } from "./native/addon.js";
import { Failure, run, tellingLine } from "./native/process.js";
import { downloadedTensorFlow, installedTensorFlow, platformLibraries } from "./native/tensorflow.js";

const help = `npm run native -- [options]

Builds the backend "tensorflow" against the library inside a TensorFlow wheel, and checks it.

  --cuda            download TensorFlow with its CUDA libraries, for NVIDIA GPUs
  --python PYTHON   use the TensorFlow this interpreter has; nothing large is downloaded
  --version V       the version to download; default: the newest
  --force           build again what is there already
  --remove          undo it: delete what was built and downloaded
`;

const options = /** @type {const} */ ({
  cuda: { type: "boolean", default: false },
  python: { type: "string" },
  version: { type: "string" },
  force: { type: "boolean", default: false },
  remove: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
});

/** @param {string} line */
const announce = (line) => console.log(line);

/** The largest relative error of float32 that is taken for right: sums of 53 products. */
const tolerance = 1e-5;

function demandNode() {
  if (Number.parseInt(process.versions.node, 10) < 23) return;
  throw new Failure(
    `tfjs-node 4.22 does not run on Node ${process.versions.node} (it calls util.isNullOrUndefined, removed in Node 23); use Node 20 or 22`,
  );
}

async function compiledTool() {
  if (!existsSync(new URL("../dist/compute/native-addon.js", import.meta.url))) {
    throw new Failure("the tool itself is not compiled (no dist/); npm run build");
  }
  return await import("../dist/compute/native-addon.js");
}

/**
 * Loads and tries the addon in a process of its own, so that even a crash becomes a line.
 *
 * @param {string} directory
 */
function check(directory) {
  const program = fileURLToPath(new URL("./native/check.js", import.meta.url));
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: "0" };
  const { isOk, signal, stdout, stderr } = run(process.execPath, [program, directory], { env });
  if (signal === "SIGILL") {
    throw new Failure("TensorFlow stops at an instruction this CPU does not have (AVX?); use backend wasm");
  }
  if (signal) throw new Failure(`TensorFlow ends with ${signal} when it is loaded; try another one with --version`);
  const lastLine = stdout.trim().split("\n").at(-1) ?? "";
  if (!isOk) throw new Failure(lastLine.startsWith("{") ? JSON.parse(lastLine).failure : tellingLine(stderr));
  const found = JSON.parse(lastLine);
  const wrong = Object.entries(found.errors).find(([, error]) => !(error < tolerance));
  if (wrong)
    throw new Failure(
      `the addon computes a wrong ${wrong[0]} (relative error ${wrong[1]}); try another TensorFlow with --version`,
    );
  const instructions = /CPU instructions[^:]*:\s*([A-Z0-9_ ]+?)(?:,|\.|\n)|following instructions: ([A-Z0-9_ ]+)/.exec(
    stderr,
  );
  return { ...found, instructions: (instructions?.[1] ?? instructions?.[2] ?? "").trim() };
}

/**
 * Tries the addon that is there already.
 *
 * @param {string} target
 * @returns {ReturnType<typeof check> | undefined} nothing where it has to be built again
 */
function checkPresent(target) {
  try {
    const found = check(target);
    announce(`The native backend is there already (--force builds it again), in ${target}:`);
    return found;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    announce(`What is there already does not work (${error.message}): building it anew`);
    return undefined;
  }
}

/** @param {ReturnType<typeof check>} found */
function report({ device, version, errors, gpus, instructions }) {
  announce(`  TensorFlow    ${version.replace(/^.*libtensorflow /, "")}`);
  announce(`  device        ${device}`);
  announce(`  instructions  ${instructions || "(TensorFlow names none)"}`);
  const names = /** @type {import("../dist/compute/native.js").GpuReport[]} */ (gpus).map(
    ({ name, memoryMebibytes }) => `${name}, ${(memoryMebibytes / 1024).toFixed(0)} GiB`,
  );
  announce(`  NVIDIA GPUs   ${names.join("; ") || "none (nvidia-smi lists none)"}`);
  const digits = Object.entries(errors).map(([what, error]) => `${what} ${Number(error).toExponential(1)}`);
  announce(`  checked       against float64, largest relative errors: ${digits.join(", ")}`);
}

/**
 * Builds beside what is there, and takes its place only once it has been checked.
 *
 * @param {{ target: string, tfjsNodeVersion: string, isCuda: boolean, python?: string | undefined, version?: string | undefined }} request
 */
function build({ target, tfjsNodeVersion, isCuda, python, version }) {
  const directory = `${target}.building-${process.pid}`;
  mkdirSync(directory, { recursive: true });
  process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
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
  report(found);
  announce(
    "Use it with --backend tensorflow, or auto, which now takes it first; npm run native -- --remove undoes it.",
  );
}

async function main() {
  const { values } = parseArgs({ options });
  if (values.help) return process.stdout.write(help);
  const { builtAddon, nativeDirectory, tfjsNodeVersion } = await compiledTool();
  const target = nativeDirectory();
  if (values.remove) {
    const isThere = existsSync(target);
    rmSync(target, { recursive: true, force: true });
    return announce(isThere ? `Removed ${target}` : `There is nothing to remove: ${target} does not exist`);
  }
  demandNode();
  const { cuda: isCuda, python, version } = values;
  const present = builtAddon();
  const isAsAsked =
    present &&
    present.cuda === isCuda &&
    (python === undefined ? !present.source.includes("/") : present.source === python) &&
    (version === undefined || present.tensorflow === version);
  const found = isAsAsked && !values.force ? checkPresent(target) : undefined;
  if (found) return report(found);
  platformLibraries();
  demandTools();
  return build({ target, tfjsNodeVersion, isCuda, python, version });
}

try {
  await main();
} catch (error) {
  const isUsage = error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
  if (!(error instanceof Failure) && !isUsage) throw error;
  console.error(`native: ${error.message.split("\n")[0]}`);
  process.exitCode = isUsage ? 2 : 3;
}
