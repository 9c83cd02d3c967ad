import { execFileSync } from "node:child_process";

/** The commit a directory stands at. */
export interface GitState {
  readonly sha: string;
  /** Whether tracked files differ from the commit. */
  readonly dirty: boolean;
}

const milliseconds = 2000;

/** State of the git repository around a directory, by a single call of git; undefined outside of one or without git. */
export function gitState(directory: string): GitState | undefined {
  try {
    const text = execFileSync("git", ["status", "--porcelain=v2", "--branch", "--untracked-files=no"], {
      cwd: directory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: milliseconds,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: "0" },
    });
    const sha = /^# branch\.oid ([0-9a-f]{40,})$/m.exec(text)?.[1];
    return sha === undefined ? undefined : { sha, dirty: /^[^#]/m.test(text) };
  } catch {
    return undefined;
  }
}
