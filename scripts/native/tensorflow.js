import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exists, Failure, isNetworkTrouble, run, tellingLine } from "./process.js";

/**
 * A TensorFlow to link against.
 *
 * @typedef {object} TensorFlow
 * @property {string} directory the Python package: libraries, and headers in include/
 * @property {string} version
 * @property {string} source the wheel's file name, or the interpreter
 * @property {boolean} isDownloaded and so lies in the directory given, in site/
 */

/** The libraries of the wheels, by platform. */
export const libraries = {
  linux: ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"],
  darwin: ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"],
};

/** Tried where there is no wheel for the interpreter's own version: what is used of a wheel does not depend on it. */
const otherPython = ["--python-version", "3.12"];

/** The platforms' libraries. @throws {Failure} where there are no wheels */
export function platformLibraries() {
  const { platform, arch } = process;
  if (platform !== "linux" && platform !== "darwin") {
    throw new Failure(
      `TensorFlow's wheels cannot be linked against on ${platform}; on Windows use WSL 2, or backend wasm`,
    );
  }
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  if (platform === "linux" && !report.header.glibcVersionRuntime) {
    throw new Failure(
      "TensorFlow's wheels need glibc, and this Linux has another C library (Alpine's musl?); use backend wasm",
    );
  }
  if (arch !== "x64" && arch !== "arm64")
    throw new Failure(`there are no TensorFlow wheels for ${arch}; use backend wasm`);
  return libraries[platform];
}

/**
 * The TensorFlow of a Python interpreter, found without importing it.
 *
 * @param {string} python
 * @returns {TensorFlow}
 */
export function installedTensorFlow(python) {
  const program = [
    "import importlib.metadata as m, importlib.util as u, json",
    "spec = u.find_spec('tensorflow')",
    "names = ('tensorflow', 'tensorflow-cpu', 'tensorflow-intel', 'tensorflow-macos')",
    "versions = [d.version for d in m.distributions() if (d.metadata['Name'] or '').lower().replace('_', '-') in names]",
    "print(json.dumps([spec and list(spec.submodule_search_locations or [])[:1], versions]))",
  ].join("\n");
  const { isMissing, isOk, stdout, output } = run(python, ["-c", program]);
  if (isMissing)
    throw new Failure(`there is no interpreter ${python}; give --python the path of one that has TensorFlow`);
  if (!isOk) throw new Failure(`${python} fails (${tellingLine(output)}); give --python another interpreter`);
  const [directories, versions] = JSON.parse(stdout);
  const directory = directories?.[0];
  if (!directory || !versions[0]) {
    throw new Failure(
      `${python} has no TensorFlow; ${python} -m pip install tensorflow-cpu, or leave --python out to download one`,
    );
  }
  const missing = [...platformLibraries(), "include"].find((name) => !existsSync(join(directory, name)));
  if (missing)
    throw new Failure(`${directory} has no ${missing}: not a TensorFlow from pip; leave --python out to download one`);
  return { directory, version: versions[0], source: python, isDownloaded: false };
}

/** A Python 3 that has pip. */
function pythonWithPip() {
  const python = ["python3", "python"].find(exists);
  if (!python) {
    throw new Failure(
      "there is no Python 3 (python3): its pip downloads TensorFlow, and node-gyp needs it; install Python 3.8 or newer",
    );
  }
  if (!run(python, ["-m", "pip", "--version"]).isOk) {
    throw new Failure(
      `${python} has no pip; install it (Debian, Ubuntu: apt install python3-pip), or give --python an interpreter with TensorFlow`,
    );
  }
  return python;
}

/**
 * @param {string} python
 * @param {readonly string[]} requirements
 * @param {string} directory where the wheels go
 */
function downloadWheels(python, requirements, directory) {
  const download = (/** @type {readonly string[]} */ versions) =>
    run(python, [
      ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", ...versions],
      ...["--disable-pip-version-check", "--quiet", "--retries", "2", "--dest", directory, ...requirements],
    ]);
  let { isOk, output } = download([]);
  if (!isOk && !isNetworkTrouble(output)) ({ isOk, output } = download(otherPython));
  if (isOk) return;
  const what = requirements.join(" ");
  if (isNetworkTrouble(output)) {
    throw new Failure(
      `no network: pip cannot reach its package index for ${what}; name a mirror in PIP_INDEX_URL, or give --python an interpreter with TensorFlow`,
    );
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    throw new Failure(
      `pip finds no wheel of ${what} for this system; name another version with --version, or give --python an interpreter with TensorFlow`,
    );
  }
  throw new Failure(`pip cannot download ${what}: ${tellingLine(output)}`);
}

/** What of a wheel is unpacked: the libraries, the headers to compile against, and what the wheel says of itself. */
const unpacking = `
import sys, zipfile
wheel, target, *libraries = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        wanted = (name.startswith(("tensorflow/include/tensorflow/", "tensorflow/include/xla/", "tensorflow/include/tsl/"))
                  and name.endswith((".h", ".inc"))
                  or name.startswith("nvidia/") and ".so" in name or name.startswith("nvidia/cuda_nvcc/")
                  or name in ["tensorflow/" + library for library in libraries] or name.endswith(".dist-info/METADATA"))
        if wanted:
            archive.extract(name, target)
`;

/**
 * @param {string} python
 * @param {string} wheels directory of the wheels
 * @param {string} site where their contents go
 */
function unpackWheels(python, wheels, site) {
  for (const wheel of readdirSync(wheels)) {
    const { isOk, output } = run(python, ["-c", unpacking, join(wheels, wheel), site, ...platformLibraries()]);
    if (!isOk) throw new Failure(`${wheel} cannot be unpacked: ${tellingLine(output)}`);
    rmSync(join(wheels, wheel));
  }
}

/** @param {string} site */
function metadataOf(site) {
  const name = readdirSync(site).find((entry) => /^tensorflow(_cpu)?-.*\.dist-info$/.test(entry));
  return readFileSync(join(site, name ?? "", "METADATA"), "utf8");
}

/** The CUDA libraries the wheel asks for, as pip requirements. @param {string} metadata */
const cudaRequirements = (metadata) =>
  [...metadata.matchAll(/^Requires-Dist: ([^;]+?)\s*;\s*extra == ["']and-cuda["']/gm)].map(([, requirement]) =>
    (requirement ?? "").replace(/[\s()]/g, ""),
  );

/**
 * Downloads a wheel into `directory`, with its CUDA libraries where asked to, and unpacks what is needed of it.
 *
 * @param {{ directory: string, isCuda: boolean, version?: string | undefined, announce: (line: string) => void }} request
 * @returns {TensorFlow}
 */
export function downloadedTensorFlow({ directory, isCuda, version, announce }) {
  if (isCuda && process.platform !== "linux")
    throw new Failure("CUDA wheels are for Linux; use backend webgpu on this system's GPU");
  const python = pythonWithPip();
  const project = isCuda || process.platform === "darwin" ? "tensorflow" : "tensorflow-cpu";
  const [wheels, site] = [join(directory, "wheels"), join(directory, "site")];
  mkdirSync(wheels);
  announce(`Downloading ${project} (hundreds of megabytes) with ${python} -m pip …`);
  downloadWheels(python, [version ? `${project}==${version}` : `${project}<3`], wheels);
  const source = readdirSync(wheels)[0] ?? project;
  unpackWheels(python, wheels, site);
  const metadata = metadataOf(site);
  if (isCuda) {
    const requirements = cudaRequirements(metadata);
    announce(`Downloading its CUDA libraries (${requirements.length} wheels, gigabytes) …`);
    downloadWheels(python, requirements, wheels);
    unpackWheels(python, wheels, site);
  }
  rmSync(wheels, { recursive: true });
  const found = /^Version: (.+)$/m.exec(metadata)?.[1];
  return { directory: join(site, "tensorflow"), version: found ?? "unknown", source, isDownloaded: true };
}
