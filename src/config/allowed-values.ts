import type { Registry } from "../registry/registry.js";
import { assign } from "./assign.js";
import { configSchemas, type RunConfig } from "./schema.js";

/** Whether a run's config may have this value at a path: a momentum of 1 is refused. */
export function allowsValue(registry: Registry, config: RunConfig, path: string, value: unknown): boolean {
  // A run has one optimizer, whichever of several it was.
  const own = path.replace(/^optimizers[.[]\d+\]?/, "optimizer");
  return configSchemas(registry).run.safeParse(assign({ ...config }, own, value)).success;
}
