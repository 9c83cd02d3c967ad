import { bounds } from "../bounds/registry.js";
import { datasets } from "../data/registry.js";
import { optimizers } from "../optimizers/registry.js";
import { schedules } from "../optimizers/schedules/registry.js";
import { problems } from "../problems/registry.js";
import type { Registry } from "../registry/registry.js";
import { figures } from "../report/figures/registry.js";

/** What comes with the tool: the registry that plugins add to. */
export const builtIn: Registry = {
  optimizers,
  schedules,
  problems,
  datasets,
  bounds,
  figures,
  plugins: [],
  origins: new Map(),
};
