import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, hostname, platform, release } from "node:os";
import { join } from "node:path";
import { getEnvironmentData, isMainThread, type Serializable, setEnvironmentData } from "node:worker_threads";
import { packageDirectory } from "../base/package-directory.js";
import { type GitState, gitState } from "./git-state.js";

/** Who, with what, where: enough to tell why two runs differ. */
export interface Provenance {
  readonly tool: string;
  readonly node: string;
  readonly tensorflow: string;
  readonly host: string;
  readonly cpu: string;
  readonly os: string;
  readonly commandLine: readonly string[];
  readonly workingDirectory: string;
  /** The repository the command was given in. */
  readonly git?: GitState;
  /** The tool's own repository, where it runs from a checkout. */
  readonly toolGit?: GitState;
  /** SHA-256 of the dependency lockfile, where the tool runs from a checkout. */
  readonly lockfile?: string;
}

function packageFile(name: string): string | undefined {
  try {
    return readFileSync(join(packageDirectory, name), "utf8");
  } catch {
    return undefined;
  }
}

const packageJson = JSON.parse(packageFile("package.json") ?? "{}") as {
  version: string;
  dependencies: Record<string, string>;
};

/** Version of this tool. */
export const toolVersion = packageJson.version;

const environmentKey = "run-experiment provenance";

let collected: Provenance | undefined;

/** What surrounds every run of this process; collected once, and handed to worker threads, which see no command line. */
export function provenance(): Provenance {
  collected ??= (getEnvironmentData(environmentKey) as Provenance | undefined) ?? collect();
  if (isMainThread) setEnvironmentData(environmentKey, collected as unknown as Serializable);
  return collected;
}

function collect(): Provenance {
  const git = gitState(process.cwd());
  // A tool that is a dependency of the user's project lies inside that project's repository, not in one of its own.
  const toolGit = existsSync(join(packageDirectory, ".git")) ? gitState(packageDirectory) : undefined;
  const lockfile = packageFile("package-lock.json");
  return {
    tool: toolVersion,
    node: process.version,
    tensorflow: packageJson.dependencies["@tensorflow/tfjs-core"] ?? "unknown",
    host: hostname(),
    cpu: `${cpus()[0]?.model ?? "unknown"} × ${cpus().length}`,
    os: `${platform()} ${release()} ${arch()}`,
    commandLine: process.argv.slice(2),
    workingDirectory: process.cwd(),
    ...(git && { git }),
    ...(toolGit && { toolGit }),
    ...(lockfile && { lockfile: createHash("sha256").update(lockfile).digest("hex") }),
  };
}
