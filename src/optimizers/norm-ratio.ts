import type { Norm } from "../compute/algebra.js";
import type { UpdateRule } from "./update-rule.js";

/** ‖Δw‖_p/‖w‖_p as the measure that a rule has of its updates. */
export const normRatio = (p: Norm): Required<Pick<UpdateRule, "norm" | "proportion">> => ({
  norm: p,
  proportion: (algebra, weights, update) => algebra.over(algebra.norm(update, p), algebra.norm(weights, p)),
});
