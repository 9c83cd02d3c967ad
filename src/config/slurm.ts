import { z } from "zod";

/** How runs are put onto a Slurm cluster; nothing of it changes a result. */
export const slurmSchema = z.strictObject({
  partition: z.string().optional().describe("Slurm partition; default: the cluster's"),
  time: z.string().optional().describe("time limit of a task as Slurm writes it, e.g. 02:00:00"),
  runsPerTask: z.int().positive().default(1).describe("runs that one array task makes, one after the other"),
  throttle: z.int().positive().optional().describe("array tasks at once; default: as many as the cluster gives"),
  options: z
    .array(z.string())
    .default([])
    .describe('further options of sbatch, e.g. "--cpus-per-task=4" or "--gres=gpu:1"'),
  tries: z.int().positive().default(3).describe("how often a run is submitted before it counts as lost"),
  pollSeconds: z.number().positive().max(3600).default(5).describe("time between two looks at the queue"),
});

export type SlurmOptions = z.output<typeof slurmSchema>;
