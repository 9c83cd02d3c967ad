import { larsConventions } from "./lars-conventions.js";
import { defineProportionalUpdate } from "./proportional-update.js";

/** Layer-wise adaptive rate scaling: eq. (1) in the Euclidean norm. */
export const lars = defineProportionalUpdate(
  {
    name: "lars",
    summary: "proportional updates in the L2 norm (LARS)",
    formula: "Δw = −λ·c·(‖w‖₂/‖g‖₂)·g",
    source: "arXiv:1801.03137, eq. (1); You, Gitman & Ginsburg, arXiv:1708.03888",
    version: 3,
    conventions: larsConventions,
  },
  2,
);
