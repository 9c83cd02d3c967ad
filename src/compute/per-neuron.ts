import type { RuleAlgebra } from "./algebra.js";

/** The number of weights of each neuron of a layer, whose last axis counts the neurons. */
export const neuronSize = (shape: readonly number[]): number =>
  shape.slice(0, -1).reduce((product, size) => product * size, 1);

/**
 * The algebra in which a rule sees a layer neuron by neuron: its vectors are the whole layer's, its scalars are one
 * number a neuron. A rule that is written for a block of weights so becomes one for the weights of each neuron.
 *
 * @param shape of the layer; its last axis counts the neurons, as in the kernels of dense and convolutional layers
 */
export function perNeuron<V, S>(algebra: RuleAlgebra<V, S>, shape: readonly number[]): RuleAlgebra<V, V> {
  const neurons = shape.at(-1)!;
  const inputs = neuronSize(shape);
  const matrix = (entries: V) => ({ rows: inputs, columns: neurons, entries });
  /** The numbers, one a neuron, at every weight of that neuron. */
  const atWeights = (numbers: V, like: V) => algebra.split(algebra.repeatRow(numbers, inputs), [like])[0]!;
  const { add, subtract, multiply, divide, shift, squareRoot, ifLessEach, columnSums } = algebra;
  return {
    ...algebra,
    scalar: (value) => shift(algebra.vector(new Float64Array(neurons)), value),
    scale: (s, a) => multiply(atWeights(s, a), a),
    divideBy: (a, s) => divide(a, atWeights(s, a)),
    scaleByQuotient: (s, t, a) => multiply(atWeights(s, a), divide(a, atWeights(t, a))),
    addScaled: (a, s, b) => add(a, multiply(atWeights(s, b), b)),
    norm: (a, p) => algebra.columnNorms(matrix(a), p),
    dot: (a, b) => columnSums(matrix(multiply(a, b))),
    sum: (a) => columnSums(matrix(a)),
    mean: (a) => algebra.scale(algebra.scalar(1 / inputs), columnSums(matrix(a))),
    plus: add,
    minus: subtract,
    times: multiply,
    over: divide,
    root: squareRoot,
    ifLess: ifLessEach,
  };
}
