import type { LayerOption } from "../../src/problems/layers/stack.js";

/** Numbers of one example with their shape: [height, width, channels], or [units]. */
export interface Example {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

const functions: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
};

/** erf(x) = (2/√π) e^{−x²} Σ_n 2ⁿ x^{2n+1}/(2n+1)!!, all terms of one sign; at 6 it is 1 to 17 digits. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [0, x];
  for (let n = 0; n < 150; n++) {
    sum += term;
    term *= (2 * x * x) / (2 * n + 3);
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** Where windows begin along one axis; with "same" half of the missing entries, rounded down, lie before the image. */
function starts(length: number, size: number, stride: number, padding: string): number[] {
  const count = padding === "same" ? Math.ceil(length / stride) : Math.floor((length - size) / stride) + 1;
  const missing = padding === "same" ? Math.max(0, (count - 1) * stride + size - length) : 0;
  return range(count).map((i) => i * stride - Math.floor(missing / 2));
}

/** Makes of each window, whose entries outside the image are undefined, the outputs at its place. */
function overWindows(
  { shape, values }: Example,
  { size, stride, padding }: { size: readonly number[]; stride: readonly number[]; padding: string },
  f: (entry: (i: number, j: number, channel: number) => number | undefined) => number[],
): Example {
  const [height, width, channels] = shape as [number, number, number];
  const [rows, columns] = [starts(height, size[0]!, stride[0]!, padding), starts(width, size[1]!, stride[1]!, padding)];
  const outputs = rows.flatMap((row) =>
    columns.map((column) =>
      f((i, j, channel) => {
        const [y, x] = [row + i, column + j];
        return y < 0 || y >= height || x < 0 || x >= width ? undefined : values[(y * width + x) * channels + channel]!;
      }),
    ),
  );
  return { shape: [rows.length, columns.length, outputs[0]!.length], values: outputs.flat() };
}

const pooled =
  (of: (entries: number[]) => number) => (example: Example, option: Extract<LayerOption, { size: unknown }>) => {
    const [height, width] = option.size;
    return overWindows(example, { ...option, stride: option.stride ?? option.size }, (entry) =>
      range(example.shape[2]!).map((channel) =>
        of(range(height).flatMap((i) => range(width).flatMap((j) => entry(i, j, channel) ?? []))),
      ),
    );
  };
const poolings = {
  "max-pool": pooled((entries) => Math.max(...entries)),
  "average-pool": pooled((entries) => entries.reduce((sum, x) => sum + x, 0) / entries.length),
};

/** Running or batch statistics of each channel. */
interface Statistics {
  readonly mean: readonly number[];
  readonly variance: readonly number[];
}

function statisticsOf(batch: readonly Example[]): Statistics {
  const channels = batch[0]!.shape.at(-1)!;
  const ofChannel = range(channels).map((c) =>
    batch.flatMap(({ values }) => values.filter((_, i) => i % channels === c)),
  );
  const mean = ofChannel.map((values) => values.reduce((sum, x) => sum + x, 0) / values.length);
  const variance = ofChannel.map(
    (values, c) => values.reduce((sum, x) => sum + (x - mean[c]!) ** 2, 0) / values.length,
  );
  return { mean, variance };
}

/**
 * The logits of a stack without dropout in float64, entry by entry and without tensors.
 *
 * @param next the weights of each layer in turn, kernel and bias, or scale and offset
 * @param running statistics in place of the batch's, for evaluation
 */
export function logitsByHand(
  options: readonly LayerOption[],
  standard: { readonly activation: string; readonly bias: boolean },
  batch: readonly Example[],
  next: () => Float64Array,
  running?: () => Statistics,
): number[][] {
  let examples = batch;
  for (const option of options) {
    const { activation, bias: ownBias } = option as { activation?: string; bias?: boolean };
    const f = functions[activation ?? standard.activation]!;
    const hasBias = ownBias ?? standard.bias;
    if (option.layer === "conv") {
      const [kernel, bias] = [next(), hasBias ? next() : undefined];
      const { filters, kernel: size } = option;
      const channels = examples[0]!.shape[2]!;
      examples = examples.map((example) =>
        overWindows(example, { ...option, size }, (entry) =>
          range(filters).map((filter) => {
            let sum = bias?.[filter] ?? 0;
            for (const i of range(size[0])) {
              for (const j of range(size[1])) {
                for (const c of range(channels)) {
                  sum += (entry(i, j, c) ?? 0) * kernel[((i * size[1] + j) * channels + c) * filters + filter]!;
                }
              }
            }
            return f(sum);
          }),
        ),
      );
    } else if (option.layer === "max-pool" || option.layer === "average-pool") {
      const pool = poolings[option.layer];
      examples = examples.map((example) => pool(example, option));
    } else if (option.layer === "batch-norm") {
      const { mean, variance } = running?.() ?? statisticsOf(examples);
      const [scale, offset] = [option.scale ? next() : undefined, option.offset ? next() : undefined];
      examples = examples.map(({ shape, values }) => ({
        shape,
        values: values.map((x, i) => {
          const c = i % shape.at(-1)!;
          const normal = (x - mean[c]!) / Math.sqrt(variance[c]! + option.epsilon);
          return (scale?.[c] ?? 1) * normal + (offset?.[c] ?? 0);
        }),
      }));
    } else if (option.layer === "activation") {
      examples = examples.map(({ shape, values }) => ({ shape, values: values.map(f) }));
    } else if (option.layer === "dense") {
      const [kernel, bias] = [next(), hasBias ? next() : undefined];
      examples = examples.map(({ values }) => ({
        shape: [option.units],
        values: range(option.units).map((unit) =>
          f(values.reduce((sum, x, i) => sum + x * kernel[i * option.units + unit]!, bias?.[unit] ?? 0)),
        ),
      }));
    }
  }
  return examples.map(({ values }) => [...values]);
}

/** mean_i −log softmax(logits_i)[label_i] */
export const crossEntropy = (logits: readonly (readonly number[])[], labels: readonly number[]): number =>
  logits.reduce((sum, row, i) => sum + Math.log(row.reduce((s, z) => s + Math.exp(z), 0)) - row[labels[i]!]!, 0) /
  logits.length;
