import type { Manifest } from "./manifest.js";

/** What time to a target is counted in. */
export const costs = ["steps", "epochs", "seconds"] as const;
export type Cost = (typeof costs)[number];

/** What it took a run to reach the target: infinite where it did not; undefined where that was not measured. */
export function costOf({ toTarget }: Pick<Manifest, "toTarget">, cost: Cost): number | undefined {
  if (toTarget?.outcome === "not reached") return Number.POSITIVE_INFINITY;
  return toTarget?.outcome === "reached" ? toTarget[cost] : undefined;
}
