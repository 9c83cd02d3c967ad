import { plural } from "../../base/text.js";
import type { BoundColumn } from "../../bounds/bound.js";
import { axesOf, distinctGroups, type Group, spread } from "../../comparison/groups.js";
import { type Arrangement, arrange } from "../arrangement.js";
import { type Curve, measured, panelsOf } from "../curve.js";
import { curveNotes, type GroupCurve, groupCurve, type Reduction, smallestSoFar } from "../curves.js";
import { bestOf, columnTitle, type Figure, type FigureMaker, type FigureSource, formulaOf } from "../figure.js";
import { lineFigure } from "../line-spec.js";

/** The curve of the same column at averaged weights, where there are any. */
const atAverage = "average of the iterates";

/** The smallest value so far, by the name under which bounds say that they bound it. */
const soFar: Readonly<Record<string, { readonly column: string; readonly kind: string }>> = {
  gap: { column: "best_gap", kind: "smallest so far" },
};

/** A bound that is drawn in a figure. */
interface DrawnBound extends BoundColumn {
  readonly title: string;
}

/** The bounds on a column. */
const boundsOn = ({ bounds }: FigureSource, column: string): DrawnBound[] =>
  bounds.flatMap(({ theorem, columns }) =>
    columns
      .filter(({ drawnWith }) => drawnWith === column)
      .map((bound) => ({ ...bound, title: `${theorem} ${bound.name.replaceAll("_", " ")}` })),
  );

interface TraceFigure {
  readonly column: string;
  readonly title: string;
  readonly logarithmic: boolean;
  readonly about: string;
  /** Whether every group is drawn, as small multiples if need be, or only those shown in detail. */
  readonly every: boolean;
  readonly format?: string;
  readonly markers?: boolean;
  /** Whether w_0, far from all that follows, is left out. */
  readonly withoutStart?: boolean;
}

/** Where an axis ends when runs blow up or bounds are far off: a hundred times what is worth seeing. */
function ceilingOf(curves: readonly Curve[], { results }: FigureSource): number | undefined {
  const own = curves.filter(({ kind }) => kind === measured);
  const diverged = results.manifests.some(({ status }) => status === "diverged");
  const worth = own.flatMap(({ points }) => (diverged ? points.slice(0, 1) : points).map(({ value }) => value));
  const ceiling = 100 * worth.filter(Number.isFinite).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return ceiling > 0 && curves.some(({ points }) => points.some(({ value }) => value > ceiling)) ? ceiling : undefined;
}

/** Curves cut off where their own panel's axis ends, for panels that have axes of their own. */
function cutOff(curves: readonly Curve[], source: FigureSource): Curve[] {
  const ceilings = new Map(
    panelsOf(curves).map((panel) => [
      panel,
      ceilingOf(
        curves.filter((curve) => curve.panel === panel),
        source,
      ),
    ]),
  );
  return curves.map((curve) => {
    const ceiling = ceilings.get(curve.panel ?? "") ?? Number.POSITIVE_INFINITY;
    return { ...curve, points: curve.points.filter(({ value }) => !(value > ceiling)) };
  });
}

/** What a figure draws of each group. */
interface Drawing {
  readonly curves: readonly Curve[];
  readonly colours: readonly string[];
  readonly bounds: readonly DrawnBound[];
  readonly main: string;
  readonly shadeTitle?: string;
}

/** All groups, told apart by colours, with the bounds on them. */
function inColours(source: FigureSource, groups: readonly Group[], figure: TraceFigure, reduction: Reduction): Drawing {
  const { column } = figure;
  const { panelOf, colourOf, colours }: Arrangement = arrange(groups);
  const options = { curves: groups.length, reduction };
  const best = soFar[column];
  const onBest = best ? boundsOn(source, best.column) : [];
  const bounds = [...boundsOn(source, column), ...onBest];
  const curves = groups.flatMap((group): Curve[] => {
    const named = (kind: string, curve: GroupCurve | undefined): Curve[] =>
      curve ? [{ ...curve, kind, group: group.label, colour: colourOf(group), panel: panelOf(group) }] : [];
    const of = (kind: string, name: string) => named(kind, groupCurve(source, group, name, options));
    const theory = bounds.flatMap(({ name, title }) => of(title, name));
    const isOnBest = theory.some(({ kind }) => onBest.some(({ title }) => title === kind));
    return [
      ...of(measured, column),
      ...(best && isOnBest ? named(best.kind, smallestSoFar(source, group, column, best.column, options)) : []),
      ...of(atAverage, `averaged_${column}`),
      ...theory,
    ];
  });
  const kinds = new Set(curves.map(({ kind }) => kind));
  return {
    curves,
    colours,
    bounds: bounds.filter(({ title }) => kinds.has(title)),
    main: best && kinds.has(best.kind) ? best.kind : measured,
  };
}

/** More groups than colours: faint curves in the colour of the swept value, one panel an optimizer on a problem. */
function inShades(
  source: FigureSource,
  groups: readonly Group[],
  { column }: TraceFigure,
  reduction: Reduction,
): Drawing {
  const { tuned, facets } = axesOf(groups);
  const axis = tuned[0] ?? facets[0];
  const isFaceted = tuned.length > 0 && facets.length > 0;
  const optimizers = new Set(groups.map(({ optimizer }) => optimizer)).size;
  const panelOf = ({ optimizer, facet }: Group) =>
    isFaceted ? (optimizers > 1 ? `${facet}, ${optimizer}` : facet) : optimizer;
  // Panels stand in the order of their curves: problem by problem.
  const byProblem = [...new Set(groups.map(({ facet }) => facet))].flatMap((facet) =>
    groups.filter((group) => group.facet === facet),
  );
  const curves = byProblem.flatMap((group): Curve[] => {
    const curve = groupCurve(source, group, column, { curves: groups.length, reduction });
    if (!curve) return [];
    const shade = axis ? group.axes[axis[0]] : undefined;
    return [
      {
        seeds: curve.seeds,
        points: curve.points.map(({ step, value }) => ({ step, value })),
        group: group.label,
        colour: group.optimizer,
        panel: panelOf(group),
        kind: measured,
        ...(shade !== undefined && { shade: typeof shade === "number" ? shade : JSON.stringify(shade) }),
      },
    ];
  });
  return { curves, colours: [], bounds: [], main: measured, shadeTitle: axis?.[0] ?? "run" };
}

/** A column of trace.csv over the steps, with the bounds on it. */
function traceFigure(figure: TraceFigure): FigureMaker {
  const { column, title, logarithmic, about, every, format, markers, withoutStart } = figure;
  return (source): Figure | undefined => {
    const all: readonly Group[] = every ? source.groups : source.shown;
    const groups = spread(all);
    const isShaded = every && groups.length > distinctGroups;
    const isBest = all.length < source.groups.length;
    const reduction: Reduction = { thinned: 0, notPositive: 0 };
    const { colours, bounds, main, shadeTitle, ...drawing } = (isShaded ? inShades : inColours)(
      source,
      groups,
      figure,
      reduction,
    );
    const whole = withoutStart ? drawing.curves.map(afterStart) : drawing.curves;
    // One evaluation a run is no curve: the tables have it.
    if (!whole.some(({ kind, points }) => kind === measured && points.length > 1)) return undefined;
    // Losses of different problems are not to be compared.
    const independent = new Set(groups.map(({ facet }) => facet)).size > 1 && panelsOf(whole).length > 1;
    const curves = logarithmic && independent ? cutOff(whole, source) : whole;
    const ceiling = logarithmic && !independent ? ceilingOf(curves, source) : undefined;
    const isCut = ceiling !== undefined || curves.some(({ points }, i) => points.length < whole[i]!.points.length);
    const { notes, ...drawn } = lineFigure({
      curves,
      colours,
      xTitle: columnTitle("step"),
      yTitle: columnTitle(column),
      logarithmic,
      main,
      independent,
      ...(format !== undefined && { format }),
      ...(shadeTitle !== undefined && { shadeTitle }),
      ...(markers && { markers }),
      ceiling,
    });
    const count =
      groups.length === all.length
        ? plural(all.length, "configuration")
        : `${groups.length} of ${all.length} configurations, evenly spread over the sweep`;
    const caption = [
      about,
      isBest ? bestOf(source) : "",
      isShaded ? `${count}, one panel an optimizer${independent ? " on a problem" : ""}.` : "",
      independent ? "Each panel has an axis of its own." : "",
      curves.some(({ kind }) => kind === atAverage) ? "Dashed: the same at the average of the iterates." : "",
      bounds.length > 0 ? "Dashed: what the theory says of it." : "",
      main === measured ? "" : "What is bounded is the smallest value so far; the value of each step is drawn faintly.",
      ...notes,
      curveNotes(curves, reduction, logarithmic),
      isCut
        ? "What goes beyond a hundred times the largest measured value (the largest start, where runs diverged) leaves at the top."
        : "",
    ];
    return {
      id: column.replaceAll("_", "-"),
      title,
      caption: caption.filter(Boolean).join(" "),
      formulas: [
        ...formulaOf(column),
        ...bounds.map(({ title, meaning, formula }) => ({ name: title, meaning, formula })),
      ],
      ...drawn,
      switchable: ["x", "y"],
    };
  };
}

function afterStart(curve: Curve): Curve {
  const later = curve.points.filter(({ step }) => step > 0);
  return later.length > 0 ? { ...curve, points: later } : curve;
}

const hasMiniBatches = ({ results }: FigureSource) =>
  results.manifests.some(({ config }) => config.batchSize !== "full");

const evaluatedTrainLoss = traceFigure({
  column: "train_loss",
  title: "Training loss",
  logarithmic: true,
  about: "Loss over the training examples that are evaluated, at each evaluation.",
  every: true,
  markers: true,
});

/** Where it says more than the figure of the batches' losses does. */
export const trainLoss: FigureMaker = (source) => (hasMiniBatches(source) ? evaluatedTrainLoss(source) : undefined);

const batchLoss = traceFigure({
  column: "loss",
  title: "Batch loss",
  logarithmic: true,
  about: "Loss on each step's batch, before the update; one batch's, which the ranking of configurations does not use.",
  every: true,
});

const fullBatchLoss = traceFigure({
  column: "loss",
  title: "Training loss",
  logarithmic: true,
  about: "Loss over all training examples, before the update.",
  every: true,
});

export const loss: FigureMaker = (source) => (hasMiniBatches(source) ? batchLoss(source) : fullBatchLoss(source));

export const gap = traceFigure({
  column: "gap",
  title: "Gap to the minimum",
  logarithmic: true,
  about: "Loss over all examples less its known minimum.",
  every: false,
});

export const distance = traceFigure({
  column: "distance",
  title: "Distance to the optimum",
  logarithmic: true,
  about: "Euclidean distance of all weights from the known optimum.",
  every: false,
});

export const validationLoss = traceFigure({
  column: "val_loss",
  title: "Validation loss",
  logarithmic: true,
  about: "Loss on the validation set, by which configurations are ranked, at each evaluation.",
  every: true,
  markers: true,
});

export const testAccuracy = traceFigure({
  column: "test_accuracy",
  title: "Test accuracy",
  logarithmic: false,
  about: "Share of the test set that is classified correctly, from the first evaluation after the start on.",
  every: false,
  format: ".1%",
  markers: true,
  withoutStart: true,
});
