import { defineProportionalUpdate } from "./proportional-update.js";

/** PercentDelta as Gitman et al. state it: eq. (1) in the L1 norm. The elementwise original is `percent-delta-elementwise`. */
export const percentDelta = defineProportionalUpdate(
  {
    name: "percent-delta",
    summary: "proportional updates in the L1 norm (PercentDelta)",
    formula: "Δw = −λ·c·(‖w‖₁/‖g‖₁)·g",
    source: "arXiv:1801.03137, eq. (1)",
    version: 3,
  },
  1,
);
