import type { Algebra } from "../compute/algebra.js";
import { type Layer, layerSize } from "../compute/layer.js";

/** One layer of this many weights. */
export function singleLayer(dimension: number): Layer[] {
  return [{ name: "w", shape: [dimension] }];
}

/** Layers block1, block2, … of the given sizes: consecutive pieces of one vector. */
export function blockLayers(sizes: readonly number[]): Layer[] {
  return sizes.map((size, i) => ({ name: `block${i + 1}`, shape: [size] }));
}

/** A host vector, cut into one piece a layer. */
export function cutIntoLayers(layers: readonly Layer[], whole: Float64Array): Float64Array[] {
  let offset = 0;
  return layers.map((layer) => {
    offset += layerSize(layer);
    return whole.slice(offset - layerSize(layer), offset);
  });
}

/** The layers' starting weights, in the algebra, from one host vector. */
export function weightsFrom<V, S>(algebra: Algebra<V, S>, layers: readonly Layer[], whole: Float64Array): V[] {
  return cutIntoLayers(layers, whole).map((piece, i) => algebra.vector(piece, layers[i]!.shape));
}

/** All layers as one vector; a single layer is not copied. */
export function joined<V, S>(algebra: Algebra<V, S>, weights: readonly V[]): V {
  return weights.length === 1 ? weights[0]! : algebra.concatenate(weights);
}

/** The inverse of `joined`. */
export function separated<V, S>(algebra: Algebra<V, S>, whole: V, like: readonly V[]): V[] {
  return like.length === 1 ? [whole] : algebra.split(whole, like);
}
