import { defineProportionalUpdate } from "./proportional-update.js";

/** Eq. (1) in the maximum norm, the third of the family (T6). */
export const proportionalInfinity = defineProportionalUpdate(
  {
    name: "proportional-infinity",
    summary: "proportional updates in the L∞ norm",
    formula: "Δw = −λ·c·(‖w‖∞/‖g‖∞)·g",
    source: "arXiv:1801.03137, eq. (1)",
    version: 3,
  },
  "infinity",
);
