import type { Norm } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { layerSize } from "../compute/layer.js";
import type { LayerRecord, StepRecord } from "../training/record.js";
import type { BoundContext } from "./bound.js";

/** What the update rule sees as one vector: a layer, or with `scope: global` all layers that are not excluded. */
export interface Block {
  readonly name: string;
  /** Indices into the layers of a record. */
  readonly layers: readonly number[];
  /** n, the number of entries. */
  readonly entries: number;
}

/** The blocks the rule updates; excluded layers are in none of them. */
export function blocksOf({ layers, excluded, scope }: BoundContext): readonly Block[] {
  const blocks = layers
    .map((layer, i) => ({ name: layer.name, layers: [i], entries: layerSize(layer) }))
    .filter(({ name }) => !excluded.includes(name));
  if (scope !== "global" || blocks.length <= 1) return blocks;
  return [
    {
      name: "all layers",
      layers: blocks.flatMap((block) => block.layers),
      entries: blocks.reduce((sum, { entries }) => sum + entries, 0),
    },
  ];
}

/** All layers of the problem together, excluded ones too. */
export function wholeOf({ layers }: BoundContext): Block {
  const entries = layers.reduce((sum, layer) => sum + layerSize(layer), 0);
  return { name: "all layers", layers: layers.map((_, i) => i), entries };
}

type Part = (layer: LayerRecord) => number;

const weightPart: Part = (layer) => layer.weightNorm;
const gradientPart: Part = (layer) => layer.gradientNorm;
const gradientPartInRule: Part = (layer) => layer.gradientNormInRule;
const updatePart: Part = (layer) => layer.updateNorm;
const weightPartInRule: Part = (layer) => layer.weightNormInRule;

/** ‖Δw‖_p of a layer */
const updatePartInRule: Part = ({ updateNorm, normRatio, weightNormInRule }) =>
  updateNorm === 0 ? 0 : normRatio * weightNormInRule;

/** ‖(a, b, …)‖_p from ‖a‖_p, ‖b‖_p, … */
function combined({ layers }: StepRecord, indices: readonly number[], p: Norm, part: Part): number {
  if (p !== 1 && p !== 2) {
    const parts = Float64Array.from(indices, (i) => part(layers[i]!));
    return float64.norm(parts, p);
  }
  let total = 0;
  for (const i of indices) {
    const norm = part(layers[i]!);
    total += p === 2 ? norm * norm : norm;
  }
  if (p === 1) return total;
  const squareKeptItsDigits = total > 1e-280 && total < 1e280;
  return squareKeptItsDigits ? Math.sqrt(total) : Math.hypot(...indices.map((i) => part(layers[i]!)));
}

// Single layers, the common case, are read without a detour: bounds run at every step, next to steps of a microsecond.

/** ‖w_k‖₂ of a block */
export const weightNorm = (record: StepRecord, { layers }: Block): number =>
  layers.length === 1 ? record.layers[layers[0]!]!.weightNorm : combined(record, layers, 2, weightPart);

/** ‖g_k‖₂ of a block */
export const gradientNorm = (record: StepRecord, { layers }: Block): number =>
  layers.length === 1 ? record.layers[layers[0]!]!.gradientNorm : combined(record, layers, 2, gradientPart);

/** ‖g_k‖_p of a block, p the rule's norm */
export const gradientNormInRule = (record: StepRecord, { layers }: Block, p: Norm): number =>
  layers.length === 1 ? record.layers[layers[0]!]!.gradientNormInRule : combined(record, layers, p, gradientPartInRule);

/** η_k = ‖Δw_k‖₂ of a block */
export const updateNorm = (record: StepRecord, { layers }: Block): number =>
  layers.length === 1 ? record.layers[layers[0]!]!.updateNorm : combined(record, layers, 2, updatePart);

/** ‖w_k‖_p of a block, p the rule's norm */
export const weightNormInRule = (record: StepRecord, { layers }: Block, p: Norm): number =>
  layers.length === 1 ? record.layers[layers[0]!]!.weightNormInRule : combined(record, layers, p, weightPartInRule);

/** ‖Δw_k‖_p of a block, p the rule's norm */
export const updateNormInRule = (record: StepRecord, { layers }: Block, p: Norm): number =>
  layers.length === 1
    ? updatePartInRule(record.layers[layers[0]!]!)
    : combined(record, layers, p, p === 2 ? updatePart : updatePartInRule);

/**
 * Whether ‖Δw_k‖_p can be told: for p ≠ 2 a layer that leaves 0 has no norm ratio from which its share in the norm of
 * several layers would follow.
 *
 * @param underflow norms up to this size count as 0
 */
export const hasUpdateNormInRule = (record: StepRecord, { layers }: Block, p: Norm, underflow: number): boolean =>
  p === 2 ||
  layers.length === 1 ||
  layers.every((i) => {
    const { weightNorm, updateNorm, normRatio } = record.layers[i]!;
    return updateNorm === 0 || (weightNorm > underflow && normRatio !== Number.POSITIVE_INFINITY);
  });
