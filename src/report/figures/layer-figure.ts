import { printable } from "../../base/text.js";
import { curveNotes, groupCurve, layerCurves, type Reduction } from "../curves.js";
import { bestOf, columnTitle, type Figure, type FigureMaker, type FigureSource } from "../figure.js";
import { type Curve, curveData, lineSpec, measured } from "../line-spec.js";

/** Small multiples stay readable up to here; networks with more layers show the first and the last ones. */
const mostLayers = 12;

function layersOf({ shown, traces }: FigureSource): string[] {
  const names = shown.flatMap(({ runs }) => runs.slice(0, 1)).flatMap((run) => traces.layers(run));
  return [...new Set(names)];
}

const scheduled = "scheduled learning rate λ_k";

/** A column of layers.csv, one panel a layer. */
function layerFigure(
  column: string,
  { id, title, about, withSchedule }: { id: string; title: string; about: string; withSchedule: boolean },
): FigureMaker {
  return (source): Figure | undefined => {
    const all = layersOf(source);
    const layers = all.length <= mostLayers ? all : [...all.slice(0, mostLayers / 2), ...all.slice(-mostLayers / 2)];
    const reduction: Reduction = { thinned: 0, notPositive: 0 };
    const options = { curves: layers.length * source.shown.length * (withSchedule ? 2 : 1), reduction };
    const byGroup = source.shown.map((group): Curve[][] => {
      const ofLayers = layerCurves(source, group, column, layers, options);
      // That λ_K may be 0, with which no step is made, is nothing to remark upon.
      const unremarked = { ...options, reduction: { thinned: 0, notPositive: 0 } };
      const rate = withSchedule ? groupCurve(source, group, "learning_rate", unremarked) : undefined;
      return ofLayers.map((own, i) => {
        const shared = { group: group.label, panel: printable(layers[i]!) };
        if (!own) return [];
        return [{ ...own, ...shared, kind: measured }, ...(rate ? [{ ...rate, ...shared, kind: scheduled }] : [])];
      });
    });
    const curves = layers.flatMap((_, i) => byGroup.flatMap((ofLayers) => ofLayers[i]!));
    if (curves.length === 0) return undefined;
    const chosen = source.shown.length < source.groups.length;
    const caption = [
      about,
      chosen ? bestOf(source) : "",
      layers.length < all.length ? `${layers.length} of ${all.length} layers: the first and the last.` : "",
      curveNotes(curves, reduction, true),
    ];
    return {
      id,
      title,
      caption: caption.filter(Boolean).join(" "),
      spec: lineSpec({
        curves,
        groups: source.shown.map(({ label }) => label),
        xTitle: columnTitle("step"),
        yTitle: columnTitle(column),
        logarithmic: true,
      }),
      data: curveData(curves),
      switchable: ["x", "y"],
    };
  };
}

export const normRatio = layerFigure("norm_ratio", {
  id: "norm-ratio",
  title: "Norm ratio of each layer",
  about:
    "Size of the applied update relative to the weights, in the rule's own norm. Equation (1) makes it equal to λ_k, dashed.",
  withSchedule: true,
});

export const weightNorm = layerFigure("weight_norm", {
  id: "weight-norm",
  title: "Weight norm of each layer",
  about: "Norm of the weights before the update.",
  withSchedule: false,
});

export const gradientNorm = layerFigure("grad_norm", {
  id: "gradient-norm",
  title: "Gradient norm of each layer",
  about: "Norm of the gradient on each step's batch.",
  withSchedule: false,
});
