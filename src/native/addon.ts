import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { broken, exists, isNetworkTrouble, missing, run, tellingLine } from "./process.js";
import { platformLibraries, type TensorFlow } from "./tensorflow.js";

const addonName = "tfjs_binding";
const quietName = "quiet";
const operationsName = "operations";
const tfjsNodePackage = "@tensorflow/tfjs-node-gpu";
/** What its modules need besides TensorFlow.js itself. */
const protobufPackage = "google-protobuf";
/** A source of this tool, from src/native and from dist/native alike. */
const ownSource = (name: string) => fileURLToPath(new URL(`../../src/native/${name}.cc`, import.meta.url));

/** The file that `npm pack --json` tells of; newer npms list packages by name. */
function packedFile(json: string): string {
  const [packed] = Object.values(JSON.parse(json) as Record<string, { filename: string }>);
  return packed!.filename;
}

/**
 * Fetches a package from the npm registry and unpacks it, without its dependencies and without running its scripts.
 *
 * @param directory whose node_modules it goes to
 */
function fetchPackage(name: string, version: string, directory: string): string {
  const download = join(directory, "download");
  mkdirSync(download, { recursive: true });
  const packed = run("npm", ["pack", `${name}@${version}`, "--json", "--ignore-scripts", "--silent"], {
    cwd: download,
  });
  if (packed.isMissing)
    throw missing("there is no npm, which fetches the addon's sources; install npm, or put it in PATH");
  if (!packed.isOk && isNetworkTrouble(packed.output)) {
    throw missing(
      `no network: npm cannot reach its registry for ${name}; check npm config get registry, or connect and run again`,
    );
  }
  if (!packed.isOk) throw missing(`npm cannot fetch ${name}@${version}: ${tellingLine(packed.output)}`);
  const filename = packedFile(packed.stdout);
  const unpacked = run("tar", ["-xzf", filename], { cwd: download });
  if (!unpacked.isOk) throw missing(`tar cannot unpack ${filename}: ${tellingLine(unpacked.output)}`);
  const target = join(directory, "node_modules", ...name.split("/"));
  mkdirSync(dirname(target), { recursive: true });
  renameSync(join(download, "package"), target);
  rmSync(download, { recursive: true });
  return target;
}

/**
 * A package in place of TensorFlow.js: an object without entries, which whoever loads the addon fills with its own core.
 */
function writeStandIns(directory: string): void {
  for (const [name, module] of Object.entries({
    tfjs: "module.exports = {};\n",
    "tfjs-core": 'module.exports = require("@tensorflow/tfjs");\n',
  })) {
    const target = join(directory, "node_modules", "@tensorflow", name);
    mkdirSync(target, { recursive: true });
    writeFileSync(
      join(target, "package.json"),
      `${JSON.stringify({ name: `@tensorflow/${name}`, main: "index.js" })}\n`,
    );
    writeFileSync(join(target, "index.js"), module);
  }
}

/**
 * What node-gyp is to build: tfjs-node's addon and one of ours with operations, linked against the wheel's libraries, which
 * they find relative to themselves if they were downloaded with them, and one of ours that loads without a word.
 */
function buildDescription({ directory, isDownloaded }: TensorFlow): object {
  const origin = process.platform === "darwin" ? "@loader_path" : "\\$$ORIGIN";
  const searchPath = `-Wl,-rpath,${isDownloaded ? `${origin}/../site/tensorflow` : directory}`;
  const linked = (flags: readonly string[]) => ({
    include_dirs: [join(directory, "include")],
    defines: ["NAPI_VERSION=8"],
    libraries: platformLibraries().map((name) => join(directory, name)),
    ...(process.platform === "darwin"
      ? { xcode_settings: { OTHER_LDFLAGS: [searchPath], OTHER_CFLAGS: flags, CLANG_CXX_LANGUAGE_STANDARD: "c++17" } }
      : { ldflags: [searchPath], cflags: flags }),
  });
  return {
    targets: [
      {
        target_name: addonName,
        sources: ["binding/tfjs_backend.cc", "binding/tfjs_binding.cc"],
        ...linked([]),
      },
      // Products are rounded before they are added, as they are where each has an operation of its own.
      { target_name: operationsName, sources: ["binding/operations.cc"], ...linked(["-ffp-contract=off"]) },
      { target_name: quietName, sources: ["binding/quiet.cc"] },
    ],
  };
}

/** node-gyp: npm's own where npm runs this or can be asked, else from the registry. */
function nodeGyp(): { readonly command: string; readonly first: readonly string[] } {
  const own = process.env.npm_config_node_gyp;
  if (own && existsSync(own)) return { command: process.execPath, first: [own] };
  const root = run("npm", ["root", "--global"]).stdout.trim();
  const bundled = join(root, "npm", "node_modules", "node-gyp", "bin", "node-gyp.js");
  if (existsSync(bundled)) return { command: process.execPath, first: [bundled] };
  return { command: "npm", first: ["exec", "--yes", "--", "node-gyp"] };
}

/** Fails now, not in the middle of it, without the tools to compile with. */
export function demandTools(): void {
  const compiler = process.env.CXX || ["c++", "g++", "clang++"].find(exists);
  const mend =
    process.platform === "darwin"
      ? "xcode-select --install"
      : "install one (Debian, Ubuntu: apt install g++ make; Fedora: dnf install gcc-c++ make)";
  if (!compiler || !exists(compiler))
    throw missing(`there is no C++ compiler${compiler ? ` ${compiler}` : ""}; ${mend}`);
  if (!exists("make")) throw missing(`there is no make, which node-gyp runs; ${mend}`);
  if (!["python3", "python"].some(exists)) {
    throw missing(
      "there is no Python 3 (python3), which node-gyp needs and whose pip downloads TensorFlow; install Python 3.8 or newer",
    );
  }
}

export interface BuildRequest {
  readonly directory: string;
  /** Of tfjs-node. */
  readonly version: string;
  readonly tensorflow: TensorFlow;
  readonly announce: (line: string) => void;
}

/** Lays tfjs-node out in `directory` and compiles its addon against this TensorFlow. */
export function buildAddon({ directory, version, tensorflow, announce }: BuildRequest): void {
  announce(`Fetching the sources of ${tfjsNodePackage} ${version} …`);
  const sources = fetchPackage(tfjsNodePackage, version, directory);
  fetchPackage(protobufPackage, "3.21.4", directory);
  writeStandIns(directory);
  writeFileSync(join(sources, "binding.gyp"), JSON.stringify(buildDescription(tensorflow), null, 2));
  for (const name of [operationsName, quietName]) {
    copyFileSync(ownSource(name), join(sources, "binding", `${name}.cc`));
  }
  announce(`Compiling the addon against TensorFlow ${tensorflow.version} …`);
  const { command, first } = nodeGyp();
  const prefix = join(dirname(process.execPath), "..");
  // Node's headers lie beside it as it is usually installed; node-gyp would download them.
  const headers = existsSync(join(prefix, "include", "node", "node_api.h")) ? [`--nodedir=${prefix}`] : [];
  const { isOk, output } = run(command, [...first, "rebuild", "--jobs=2", ...headers], { cwd: sources });
  if (!isOk && isNetworkTrouble(output)) {
    throw missing(
      "no network: node-gyp cannot download Node's headers; install them (Debian: apt install libnode-dev) or use a Node that carries them, as nodejs.org's does",
    );
  }
  if (!isOk)
    throw broken(
      `the addon does not compile: ${tellingLine(output)}; node-gyp's whole output is in ${keepLog(directory, output)}`,
    );
  mkdirSync(join(directory, "addon"));
  for (const name of [addonName, operationsName, quietName].map((name) => `${name}.node`)) {
    copyFileSync(join(sources, "build", "Release", name), join(directory, "addon", name));
  }
  rmSync(join(sources, "build"), { recursive: true });
  if (tensorflow.isDownloaded) rmSync(join(tensorflow.directory, "include"), { recursive: true });
}

/** @param directory of the build, which is removed */
function keepLog(directory: string, output: string): string {
  const log = join(dirname(directory), "build.log");
  writeFileSync(log, output);
  return log;
}
