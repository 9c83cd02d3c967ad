import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ExperimentError, messageOf } from "../base/errors.js";

const execute = promisify(execFile);

/** Runs one of Slurm's commands; what it complains of becomes one line. */
async function slurm(command: string, args: readonly string[], input?: string): Promise<string> {
  try {
    const running = execute(command, [...args], { maxBuffer: 1 << 28 });
    // A command that refuses its options does not read on; what it says of them comes with its end.
    running.child.stdin!.on("error", () => {}).end(input);
    return (await running).stdout;
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    if (code === "ENOENT") {
      throw new ExperimentError(`${command} is not installed here; the Slurm executor needs Slurm's client commands`);
    }
    // The first line says what is wrong; those after it follow from it or point to the manual.
    const complaint =
      stderr
        .trim()
        .split("\n")[0]!
        .replace(/^\w+: ((error|fatal): )?/, "") || messageOf(error);
    const hint = /configuration source|dns_srv/i.test(stderr)
      ? " (no cluster is configured here: set SLURM_CONF, or use a login node)"
      : "";
    throw new ExperimentError(`${command}: ${complaint}${hint}`, { cause: error });
  }
}

/** Submits a batch script; returns the job's id. */
export async function submitBatch(args: readonly string[], script: string): Promise<string> {
  const output = await slurm("sbatch", ["--parsable", ...args], script);
  return output.trim().split(";")[0]!;
}

/**
 * State of every array task of these jobs that Slurm still knows, by "job_index". One short line a task: with thousands
 * of them the JSON form takes a hundred megabytes.
 */
export async function taskStates(jobs: readonly string[]): Promise<Map<string, string>> {
  const wanted = new Set(jobs);
  const output = await slurm("squeue", ["--me", "--noheader", "--array", "--states=all", "--format=%F %K %T"]);
  const states = new Map<string, string>();
  for (const line of output.split("\n")) {
    const [job, index, state] = line.trim().split(/\s+/);
    if (wanted.has(job!)) states.set(`${job}_${index}`, state!);
  }
  return states;
}

const ended = /^(COMPLETED|CANCELLED|FAILED|TIMEOUT|NODE_FAIL|PREEMPTED|BOOT_FAIL|DEADLINE|OUT_OF_MEMORY|REVOKED)/;

/** Whether a task in this state may still do something. */
export const isLive = (state: string | undefined): boolean => state !== undefined && !ended.test(state);

export async function cancelJobs(jobs: readonly string[]): Promise<void> {
  if (jobs.length > 0) await slurm("scancel", jobs);
}

/** The largest number of tasks one array may have. */
export async function largestArray(): Promise<number> {
  const configuration = await slurm("scontrol", ["show", "config"]);
  return Math.max(1, Number(/MaxArraySize\s*=\s*(\d+)/.exec(configuration)?.[1] ?? 1001) - 1);
}
