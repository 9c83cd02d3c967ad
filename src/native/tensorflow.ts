import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exists, isNetworkTrouble, missing, run, tellingLine } from "./process.js";

/** A TensorFlow to link against. */
export interface TensorFlow {
  /** The Python package: libraries, and headers in include/ */
  readonly directory: string;
  readonly version: string;
  /** The wheel's file name, or the interpreter */
  readonly source: string;
  /** And so lies in the directory given, in site/ */
  readonly isDownloaded: boolean;
}

/** The libraries of the wheels, by platform. */
const libraries = {
  linux: ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"],
  darwin: ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"],
};

/** Tried where there is no wheel for the interpreter's own version: what is used of a wheel does not depend on it. */
const otherPython = ["--python-version", "3.12"];

/**
 * The platform's libraries.
 *
 * @throws ExperimentError where there are no wheels
 */
export function platformLibraries(): readonly string[] {
  const { platform, arch } = process;
  if (platform !== "linux" && platform !== "darwin") {
    throw missing(`TensorFlow's wheels cannot be linked against on ${platform}; on Windows use WSL 2, or backend wasm`);
  }
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (platform === "linux" && !report.header.glibcVersionRuntime) {
    throw missing(
      "TensorFlow's wheels need glibc, and this Linux has another C library (Alpine's musl?); use backend wasm",
    );
  }
  if (arch !== "x64" && arch !== "arm64") throw missing(`there are no TensorFlow wheels for ${arch}; use backend wasm`);
  return libraries[platform];
}

/** The TensorFlow of a Python interpreter, found without importing it. */
export function installedTensorFlow(python: string): TensorFlow {
  const program = [
    "import importlib.metadata as m, importlib.util as u, json",
    "spec = u.find_spec('tensorflow')",
    "names = ('tensorflow', 'tensorflow-cpu', 'tensorflow-intel', 'tensorflow-macos')",
    "versions = [d.version for d in m.distributions() if (d.metadata['Name'] or '').lower().replace('_', '-') in names]",
    "print(json.dumps([spec and list(spec.submodule_search_locations or [])[:1], versions]))",
  ].join("\n");
  const { isMissing, isOk, stdout, output } = run(python, ["-c", program]);
  if (isMissing) throw missing(`there is no interpreter ${python}; give --python the path of one that has TensorFlow`);
  if (!isOk) throw missing(`${python} fails (${tellingLine(output)}); give --python another interpreter`);
  const [directories, versions] = JSON.parse(stdout) as [string[] | null, string[]];
  const [directory, version] = [directories?.[0], versions[0]];
  if (!directory || !version) {
    throw missing(
      `${python} has no TensorFlow; ${python} -m pip install tensorflow-cpu, or leave --python out to download one`,
    );
  }
  const lacking = [...platformLibraries(), "include"].find((name) => !existsSync(join(directory, name)));
  if (lacking)
    throw missing(`${directory} has no ${lacking}: not a TensorFlow from pip; leave --python out to download one`);
  return { directory, version, source: python, isDownloaded: false };
}

/** A Python 3 that has pip. */
function pythonWithPip(): string {
  const python = ["python3", "python"].find(exists);
  if (!python) {
    throw missing(
      "there is no Python 3 (python3): its pip downloads TensorFlow, and node-gyp needs it; install Python 3.8 or newer",
    );
  }
  if (!run(python, ["-m", "pip", "--version"]).isOk) {
    throw missing(
      `${python} has no pip; install it (Debian, Ubuntu: apt install python3-pip), or give --python an interpreter with TensorFlow`,
    );
  }
  return python;
}

/** @param directory where the wheels go */
function downloadWheels(python: string, requirements: readonly string[], directory: string): void {
  const download = (versions: readonly string[]) =>
    run(python, [
      ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", ...versions],
      ...["--disable-pip-version-check", "--quiet", "--retries", "2", "--dest", directory, ...requirements],
    ]);
  let { isOk, output } = download([]);
  if (!isOk && !isNetworkTrouble(output)) ({ isOk, output } = download(otherPython));
  if (isOk) return;
  const what = requirements.join(" ");
  if (isNetworkTrouble(output)) {
    throw missing(
      `no network: pip cannot reach its package index for ${what}; name a mirror in PIP_INDEX_URL, or give --python an interpreter with TensorFlow`,
    );
  }
  if (/No matching distribution|Could not find a version/.test(output)) {
    throw missing(
      `pip finds no wheel of ${what} for this system; name another version with --tensorflow, or give --python an interpreter with TensorFlow`,
    );
  }
  throw missing(`pip cannot download ${what}: ${tellingLine(output)}`);
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
 * @param wheels directory of the wheels
 * @param site where their contents go
 */
function unpackWheels(python: string, wheels: string, site: string): void {
  for (const wheel of readdirSync(wheels)) {
    const { isOk, output } = run(python, ["-c", unpacking, join(wheels, wheel), site, ...platformLibraries()]);
    if (!isOk) throw missing(`${wheel} cannot be unpacked: ${tellingLine(output)}`);
    rmSync(join(wheels, wheel));
  }
}

function metadataOf(site: string): string {
  const name = readdirSync(site).find((entry) => /^tensorflow(_cpu)?-.*\.dist-info$/.test(entry));
  return readFileSync(join(site, name ?? "", "METADATA"), "utf8");
}

/** The CUDA libraries the wheel asks for, as pip requirements. */
const cudaRequirements = (metadata: string) =>
  [...metadata.matchAll(/^Requires-Dist: ([^;\n]+?)\s*;\s*extra == ["']and-cuda["']/gm)].map(([, requirement]) =>
    (requirement ?? "").replace(/[\s()]/g, ""),
  );

export interface DownloadRequest {
  readonly directory: string;
  readonly isCuda: boolean;
  /** Of TensorFlow; default: the newest. */
  readonly version?: string | undefined;
  readonly announce: (line: string) => void;
}

/** Downloads a wheel into `directory`, with its CUDA libraries where asked to, and unpacks what is needed of it. */
export function downloadedTensorFlow({ directory, isCuda, version, announce }: DownloadRequest): TensorFlow {
  if (isCuda && process.platform !== "linux")
    throw missing("CUDA wheels are for Linux; use backend webgpu on this system's GPU");
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
