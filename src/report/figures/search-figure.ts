import { capitalized, plural } from "../../base/text.js";
import { bestOfDraws, bestSoFar, drawCounts } from "../../comparison/best-of-draws.js";
import { isAccuracy, type Objective, wordsOf } from "../../comparison/objective.js";
import { type Searched, scoreOfTrial, searchedOf } from "../../comparison/searched.js";
import type { Curve } from "../curve.js";
import type { FigureMaker } from "../figure.js";
import { lineFigure } from "../line-spec.js";

const inRandomOrder = "in random order";
const asFound = "as found";

/** The best value against the number of trials: over all orders of them, and in the order they were made. */
function curvesOf({ optimizer, cell, trials }: Searched, objective: Objective): Curve[] {
  const scores = trials.map((trial) => scoreOfTrial(trial, objective));
  const found = bestSoFar(objective, scores);
  const counts = drawCounts(scores.length);
  const shared = {
    group: optimizer,
    colour: optimizer,
    ...(cell !== "" && { panel: cell }),
    seeds: Math.max(...trials.map(({ runs }) => runs.length)),
  };
  const expected = counts.map((n) => {
    const { median, quartiles } = bestOfDraws(objective, scores, n);
    return { step: n, value: median, low: Math.min(...quartiles), high: Math.max(...quartiles) };
  });
  return [
    { ...shared, kind: inRandomOrder, points: expected },
    { ...shared, kind: asFound, points: counts.map((n) => ({ step: n, value: found[n - 1]! })) },
  ];
}

/** Cells of a sweep that are drawn, each in a panel. */
const mostPanels = 12;

function lostText(searched: readonly Searched[], objective: Objective): string {
  const trials = searched.flatMap((one) => one.trials);
  const lost = trials.filter((trial) => !Number.isFinite(scoreOfTrial(trial, objective)));
  if (lost.length === 0) return "";
  const stopped = lost.filter(({ runs }) => runs.some(({ status }) => status === "stopped")).length;
  const reasons = [
    ...(stopped > 0 ? [`${stopped} stopped at a rung`] : []),
    ...(lost.length > stopped ? [`${lost.length - stopped} that diverged or came to no number`] : []),
  ];
  return `Of ${plural(trials.length, "trial")} ${reasons.join(" and ")} count as the worst: where half of the orders have found nothing better, there is no median.`;
}

/** The best value found against the number of trials: what a smaller budget would have come to. */
export const search: FigureMaker = ({ results: { manifests, objective, trials } }) => {
  const all = searchedOf(manifests, (id) => trials.get(id)).filter((one) => one.trials.length > 1);
  const panels = [...new Set(all.map(({ cell }) => cell))];
  const shown = all.filter(({ cell }) => panels.slice(0, mostPanels).includes(cell));
  const curves = shown.flatMap((one) => curvesOf(one, objective));
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
  if (values.length === 0) return undefined;
  const words = wordsOf(objective);
  const optimizers = [...new Set(curves.map(({ group }) => group))];
  const { notes, ...drawn } = lineFigure({
    curves,
    colours: optimizers,
    main: inRandomOrder,
    xTitle: "trials",
    yTitle: `best ${words}`,
    logarithmic: !isAccuracy(objective) && values.every((value) => value > 0),
    ...(isAccuracy(objective) && { format: ".1%" }),
    independent: panels.length > 1,
  });
  const caption = [
    `The best ${words} of n trials, drawn at random from those that were made: median and quartiles over all orders of them.`,
    "Dashed: in the order of the search.",
    lostText(shown, objective),
    ...notes,
    panels.length > mostPanels ? `The first ${mostPanels} of ${panels.length} cells of the sweep.` : "",
  ];
  return {
    id: "search",
    title: `${capitalized(words)} against the number of trials`,
    caption: caption.filter(Boolean).join(" "),
    ...drawn,
    switchable: ["x", "y"],
  };
};
