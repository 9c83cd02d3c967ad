/** One block of weights: a variable of a network, or the unknown vector of a convex problem. */
export interface Layer {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The number of weights of a layer. */
export const layerSize = ({ shape }: Pick<Layer, "shape">): number =>
  shape.reduce((product, size) => product * size, 1);
