import { printable } from "../../base/text.js";
import type { Group } from "../../comparison/groups.js";
import { arrange } from "../arrangement.js";
import { type Curve, measured } from "../curve.js";
import { curveNotes, groupCurve, layerCurves, type Reduction } from "../curves.js";
import { bestOf, columnTitle, type Figure, type FigureMaker, type FigureSource, formulaOf } from "../figure.js";
import { lineFigure } from "../line-spec.js";
import { type PromisedRatio, promisedRatio } from "./promised-ratio.js";

/** Small multiples stay readable up to here; networks with more layers show the first and the last ones. */
const mostPanels = 12;

function layersOf({ shown, traces }: FigureSource): string[] {
  const names = shown.flatMap(({ runs }) => runs.slice(0, 1)).flatMap((run) => traces.layers(run));
  return [...new Set(names)];
}

/** The first and the last of a network's layers. */
function ends(layers: readonly string[], most: number): readonly string[] {
  const half = Math.max(1, Math.floor(most / 2));
  return layers.length <= Math.max(most, 2) ? layers : [...layers.slice(0, half), ...layers.slice(-half)];
}

/** What a rule promises of a layer, as a curve over the steps. */
type Promised = (source: FigureSource, group: Group, layer: string) => PromisedRatio | undefined;

interface LayerFigure {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  /** Drawn next to what is measured. */
  readonly promised?: Promised;
}

/** A column of layers.csv, one panel a layer, and a problem where there are several. */
function layerFigure(column: string, { id, title, about, promised }: LayerFigure): FigureMaker {
  return (source): Figure | undefined => {
    const { panelOf, colourOf, colours } = arrange(source.shown);
    const facets = new Set(source.shown.map(panelOf)).size;
    const all = layersOf(source);
    const layers = ends(all, Math.floor(mostPanels / facets));
    const panelName = (group: Group, layer: string) =>
      [panelOf(group), ...(layers.length > 1 ? [printable(layer)] : [])].filter(Boolean).join(", ") || undefined;
    const reduction: Reduction = { thinned: 0, notPositive: 0 };
    const options = { curves: layers.length * source.shown.length * (promised ? 2 : 1), reduction };
    // That λ_K may be 0, with which no step is made, is nothing to remark upon.
    const unremarked = { ...options, reduction: { thinned: 0, notPositive: 0 } };
    const byGroup = source.shown.map((group): Curve[][] => {
      const rate = promised && groupCurve(source, group, "learning_rate", unremarked);
      return layerCurves(source, group, column, layers, options).map((own, i): Curve[] => {
        if (!own) return [];
        const layer = layers[i]!;
        const shared = { group: group.label, colour: colourOf(group), panel: panelName(group, layer) };
        const promise = rate && promised(source, group, layer);
        return [{ ...own, ...shared, kind: measured }, ...(promise ? [{ ...promise.of(rate), ...shared }] : [])];
      });
    });
    const curves = [...new Set(source.shown.map(panelOf))].flatMap((facet) =>
      layers.flatMap((_, i) => byGroup.flatMap((own, g) => (panelOf(source.shown[g]!) === facet ? own[i]! : []))),
    );
    if (curves.length === 0) return undefined;
    const references = [...new Set(curves.map(({ kind }) => kind))].filter((kind) => kind !== measured);
    const { notes, ...drawn } = lineFigure({
      curves,
      colours,
      xTitle: columnTitle("step"),
      yTitle: columnTitle(column),
      logarithmic: true,
      references,
      independent: facets > 1,
    });
    const promising = [...new Set(curves.filter(({ kind }) => kind !== measured).map(({ colour }) => colour))];
    const isOfAll = promising.length === colours.length;
    const caption = [
      about,
      references.length > 0
        ? `Dotted, grey: what the rule promises${isOfAll ? "" : ` (${promising.join(", ")}; the others promise nothing of it)`}.`
        : "",
      source.shown.length < source.groups.length ? bestOf(source) : "",
      layers.length < all.length ? `${layers.length} of ${all.length} layers: the first and the last.` : "",
      ...notes,
      curveNotes(curves, reduction, true),
    ];
    return {
      id,
      title,
      caption: caption.filter(Boolean).join(" "),
      formulas: formulaOf(column),
      ...drawn,
      switchable: ["x", "y"],
    };
  };
}

export const normRatio = layerFigure("norm_ratio", {
  id: "norm-ratio",
  title: "Norm ratio of each layer",
  about: "Size of the applied update relative to the weights, in the rule's own norm.",
  promised: promisedRatio,
});

export const weightNorm = layerFigure("weight_norm", {
  id: "weight-norm",
  title: "Weight norm of each layer",
  about: "Norm of the weights before the update.",
});

export const gradientNorm = layerFigure("grad_norm", {
  id: "gradient-norm",
  title: "Gradient norm of each layer",
  about: "Norm of the gradient on each step's batch.",
});
