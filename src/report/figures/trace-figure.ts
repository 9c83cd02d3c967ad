import type { Bound } from "../../bounds/bound.js";
import { axesOf, distinctGroups, type Group, shownInDetail, spread } from "../../comparison/groups.js";
import { curveNotes, groupCurve, type Reduction } from "../curves.js";
import { bestOf, columnTitle, type Figure, type FigureMaker, type FigureSource, plural } from "../figure.js";
import { type Curve, curveData, lineSpec, measured } from "../line-spec.js";

/** Bounds that are drawn with a column. */
const boundsOf = (bounds: readonly Bound[], column: string) =>
  bounds.flatMap(({ theorem, columns }) =>
    columns
      .filter(({ drawnWith }) => drawnWith === column)
      .map(({ name }) => ({ name, title: `${theorem} ${name.replaceAll("_", " ")}` })),
  );

/** The curve of the same column at averaged weights, where there are any. */
const atAverage = "average of the iterates";

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

/** A column of trace.csv over the steps, with the bounds on it. */
function traceFigure({
  column,
  title,
  logarithmic,
  about,
  every,
  format,
  markers,
  withoutStart,
}: TraceFigure): FigureMaker {
  return (source): Figure | undefined => {
    const all: readonly Group[] = every ? source.groups : source.shown;
    const groups = spread(all);
    const many = groups.length > distinctGroups;
    const isBest = all.length < source.groups.length;
    const { tuned, facets } = axesOf(groups);
    const [axis] = isBest ? [...facets, ...tuned] : [...tuned, ...facets];
    const reduction: Reduction = { thinned: 0, notPositive: 0 };
    const of = (group: Group, name: string, kind: string): Curve[] => {
      const whole = groupCurve(source, group, name, { curves: groups.length, reduction });
      if (!whole) return [];
      const later = withoutStart ? whole.points.filter(({ step }) => step > 0) : [];
      const curve = later.length > 0 ? { ...whole, points: later } : whole;
      const shade = many && axis ? group.axes[axis[0]] : undefined;
      return [
        {
          ...curve,
          ...(many && { points: curve.points.map(({ step, value }) => ({ step, value })) }),
          group: group.label,
          kind,
          ...(many && { panel: group.optimizer }),
          ...(shade !== undefined && { shade: typeof shade === "number" ? shade : JSON.stringify(shade) }),
        },
      ];
    };
    const envelopes = many ? [] : boundsOf(source.bounds, column);
    const curves = groups.flatMap((group) => [
      ...of(group, column, measured),
      ...(many ? [] : of(group, `averaged_${column}`, atAverage)),
      ...envelopes.flatMap((bound) => of(group, bound.name, bound.title)),
    ]);
    if (!curves.some(({ kind }) => kind === measured)) return undefined;
    const ceiling = logarithmic ? ceilingOf(curves, source) : undefined;
    const dashed = [...new Set(curves.map(({ kind }) => kind))].filter(
      (kind) => kind !== measured && kind !== atAverage,
    );
    const drawn =
      groups.length === all.length
        ? plural(all.length, "configuration")
        : `${groups.length} of ${all.length} configurations, evenly spread over the sweep`;
    const caption = [
      about,
      isBest ? bestOf(source) : "",
      many ? `${drawn}, one panel an optimizer.` : "",
      curves.some(({ kind }) => kind === atAverage) ? "Dashed: the same at the average of the iterates." : "",
      dashed.length > 0 ? `Dashed: what the theory says of it (${dashed.join(", ")}).` : "",
      curveNotes(curves, reduction, logarithmic),
      ceiling === undefined
        ? ""
        : "What goes beyond a hundred times the largest measured value (the largest start, where runs diverged) leaves at the top.",
    ];
    return {
      id: column.replaceAll("_", "-"),
      title,
      caption: caption.filter(Boolean).join(" "),
      spec: lineSpec({
        curves,
        groups: source.shown.length === source.groups.length || isBest ? shownLabels(source) : [],
        xTitle: columnTitle("step"),
        yTitle: columnTitle(column),
        logarithmic,
        ...(format !== undefined && { format }),
        ...(many && { shadeTitle: axis?.[0] ?? "run" }),
        ...(markers && { markers }),
        ceiling,
      }),
      data: curveData(curves),
      switchable: ["x", "y"],
    };
  };
}

const shownLabels = ({ groups, results }: FigureSource) =>
  shownInDetail(groups, results.objective).map(({ label }) => label);

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
