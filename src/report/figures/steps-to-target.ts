import { byStepsToTarget } from "../../comparison/objective.js";
import { targetWords } from "../../config/target-schema.js";
import type { FigureMaker } from "../figure.js";
import { sweep } from "./sweep-figure.js";

/** The steps to the target against one swept number, where runs are not compared by them anyway. */
export const stepsToTarget: FigureMaker = (source) => {
  const { results } = source;
  const { objective, target, manifests } = results;
  const isReached = manifests.some(({ toTarget }) => toTarget?.outcome === "reached");
  if (!target || !isReached || objective.statistic === "target") return undefined;
  const figure = sweep({ ...source, results: { ...results, objective: byStepsToTarget(objective) } });
  if (!figure) return undefined;
  const caption = `Target: ${targetWords(target)}; where half of the seeds never meet it there is no point. ${figure.caption}`;
  return { ...figure, id: "steps-to-target", caption };
};
