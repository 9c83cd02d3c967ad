import type { Norm } from "../compute/algebra.js";
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

export const entriesOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The blocks the rule updates; excluded layers are in none of them. */
export function blocksOf({ layers, excluded, scope }: BoundContext): readonly Block[] {
  const blocks = layers
    .map(({ name, shape }, i) => ({ name, layers: [i], entries: entriesOf(shape) }))
    .filter(({ name }) => !excluded.includes(name));
  if (scope === "layer" || blocks.length <= 1) return blocks;
  return [
    {
      name: "all layers",
      layers: blocks.flatMap((block) => block.layers),
      entries: blocks.reduce((sum, { entries }) => sum + entries, 0),
    },
  ];
}

type Part = (layer: LayerRecord) => number;

const weightPart: Part = (layer) => layer.weightNorm;
const gradientPart: Part = (layer) => layer.gradientNorm;
const updatePart: Part = (layer) => layer.updateNorm;
const weightPartInRule: Part = (layer) => layer.weightNormInRule;

/** ‖Δw‖_p of a layer */
const updatePartInRule: Part = ({ updateNorm, normRatio, weightNormInRule }) =>
  updateNorm === 0 ? 0 : normRatio * weightNormInRule;

/** ‖(a, b, …)‖_p from ‖a‖_p, ‖b‖_p, … */
function combined(record: StepRecord, { layers }: Pick<Block, "layers">, p: Norm, part: Part): number {
  if (layers.length === 1) return part(record.layers[layers[0]!]!);
  let total = 0;
  for (const i of layers) {
    const norm = part(record.layers[i]!);
    if (p === "infinity") total = Math.max(total, norm);
    else total += p === 2 ? norm * norm : norm;
  }
  return p === 2 ? Math.sqrt(total) : total;
}

/** ‖w_k‖₂, ‖g_k‖₂ and η_k = ‖Δw_k‖₂ of a block. */
export const blockWeightNorm = (record: StepRecord, block: Block): number => combined(record, block, 2, weightPart);
export const blockGradientNorm = (record: StepRecord, block: Block): number => combined(record, block, 2, gradientPart);
export const blockUpdateNorm = (record: StepRecord, block: Block): number => combined(record, block, 2, updatePart);

/** ‖w_k‖_p of a block, p the rule's norm. */
export const blockWeightNormInRule = (record: StepRecord, block: Block, p: Norm): number =>
  combined(record, block, p, weightPartInRule);

/** ‖Δw_k‖_p of a block, p the rule's norm. */
export const blockUpdateNormInRule = (record: StepRecord, block: Block, p: Norm): number =>
  combined(record, block, p, p === 2 && block.layers.length > 1 ? updatePart : updatePartInRule);

/**
 * Whether ‖Δw_k‖_p can be told: for p ≠ 2 a layer that leaves 0 has no norm ratio from which its share in the norm of
 * several layers would follow.
 */
export const hasUpdateNormInRule = (record: StepRecord, { layers }: Block, p: Norm): boolean =>
  p === 2 ||
  layers.length === 1 ||
  layers.every((i) => record.layers[i]!.weightNorm > 0 || record.layers[i]!.updateNorm === 0);

function overAllLayers(record: StepRecord, part: Part): number {
  const { layers } = record;
  if (layers.length === 1) return part(layers[0]!);
  let sumOfSquares = 0;
  for (let i = 0; i < layers.length; i++) sumOfSquares += part(layers[i]!) ** 2;
  return Math.sqrt(sumOfSquares);
}

/** ‖w_k‖₂ over all layers together */
export const weightNorm = (record: StepRecord): number => overAllLayers(record, weightPart);
/** ‖g_k‖₂ over all layers together */
export const gradientNorm = (record: StepRecord): number => overAllLayers(record, gradientPart);
/** η_k = ‖w_{k+1} − w_k‖₂ over all layers together */
export const updateNorm = (record: StepRecord): number => overAllLayers(record, updatePart);
