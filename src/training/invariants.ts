import type { Algebra } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";
import type { Optimizer } from "../optimizers/optimizer.js";

/** The blocks in which the rule sees weights; excluded layers follow another rule. */
export const measuredBlocks = ({ blocks, excluded }: Optimizer, layers: readonly Layer[]) =>
  blocks.filter((block) => !block.layers.some((i) => excluded.includes(layers[i]!.name)));

/**
 * What the invariants of the rule's promises measure of the step from these weights by these updates: a row for each
 * block, of one number an invariant. Called inside `algebra.scope`; not for `scope: neuron`, where a layer is many
 * blocks.
 */
export function invariantsOf<V, S>(
  algebra: Algebra<V, S>,
  optimizer: Optimizer,
  layers: readonly Layer[],
  weights: readonly V[],
  updates: readonly V[],
): S[][] {
  const { invariants = [] } = optimizer.rule.promises;
  return measuredBlocks(optimizer, layers).map(({ layers: members }) => {
    const block = (parts: readonly V[]) =>
      members.length === 1 ? parts[members[0]!]! : algebra.concatenate(members.map((i) => parts[i]!));
    const [before, update] = [block(weights), block(updates)];
    const shape =
      members.length === 1 ? layers[members[0]!]!.shape : [members.reduce((sum, i) => sum + layerSize(layers[i]!), 0)];
    const made = { weights: before, update, next: algebra.add(before, update), shape };
    return invariants.map((invariant) => invariant.measure(algebra, made));
  });
}
