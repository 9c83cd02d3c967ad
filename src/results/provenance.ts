import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, cpus, hostname, platform, release } from "node:os";

/** Who, with what, where: enough to tell why two runs differ. */
export interface Provenance {
  readonly tool: string;
  readonly node: string;
  readonly tensorflow: string;
  readonly host: string;
  readonly cpu: string;
  readonly os: string;
  readonly commandLine: readonly string[];
  /** SHA-256 of the dependency lockfile, where the tool runs from a checkout. */
  readonly lockfile?: string;
}

const packageRoot = new URL("../../", import.meta.url);

function packageFile(name: string): string | undefined {
  try {
    return readFileSync(new URL(name, packageRoot), "utf8");
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

let collected: Provenance | undefined;

export function provenance(): Provenance {
  if (collected) return collected;
  const lockfile = packageFile("package-lock.json");
  collected = {
    tool: toolVersion,
    node: process.version,
    tensorflow: packageJson.dependencies["@tensorflow/tfjs-core"] ?? "unknown",
    host: hostname(),
    cpu: `${cpus()[0]?.model ?? "unknown"} × ${cpus().length}`,
    os: `${platform()} ${release()} ${arch()}`,
    commandLine: process.argv.slice(2),
    ...(lockfile && { lockfile: createHash("sha256").update(lockfile).digest("hex") }),
  };
  return collected;
}
