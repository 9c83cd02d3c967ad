import * as tf from "@tensorflow/tfjs-core";
import type { Product } from "./matrix-product.js";
import { addressOf, callKernel, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { fusedProducts, fusionOf, type Multiplier } from "./wasm-fusion.js";

type Shape4D = [number, number, number, number];
type Geometry = ReturnType<typeof geometry>;
/** Rows and columns to add around every image. */
type Margins = Readonly<Record<"top" | "bottom" | "left" | "right", number>>;

function geometry(
  inputShape: readonly number[],
  filterShape: readonly number[],
  {
    strides,
    pad,
    dimRoundingMode,
    dilations = 1,
  }: Pick<tf.Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> & Partial<Pick<tf.Conv2DAttrs, "dilations">>,
) {
  return tf.backend_util.computeConv2DInfo(
    inputShape as Shape4D,
    filterShape as Shape4D,
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
    "channelsLast",
  );
}

/** Calls f with the images with zeros around them, where there are any to add. */
function withMargins(
  backend: WasmBackend,
  images: tf.TensorInfo,
  { top, bottom, left, right }: Margins,
  f: (padded: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  if (top + bottom + left + right === 0) return f(images);
  const paddings = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  const padded = callKernel(backend, tf.PadV2, { x: images }, { paddings, constantValue: 0 });
  try {
    return f(padded);
  } finally {
    backend.disposeData(padded.dataId);
  }
}

/**
 * The axes of the product that a convolution is: its rows are the places of the filter, its sum runs over the filter's
 * entries, and the image's entry for both lies at the sum of their distances. Nothing is copied out of the image.
 */
function axes(info: Geometry, paddedShape: readonly number[]) {
  const [, height, width, channels] = paddedShape as Shape4D;
  const { outHeight, outWidth, outChannels, filterHeight, filterWidth } = info;
  const row = width * channels;
  const places = [
    { length: info.batchSize, image: height * row, result: outHeight * outWidth * outChannels },
    { length: outHeight, image: info.strideHeight * row, result: outWidth * outChannels },
    { length: outWidth, image: info.strideWidth * channels, result: outChannels },
  ];
  const entries = [
    { length: filterHeight, image: info.dilationHeight * row, filter: filterWidth * channels * outChannels },
    { length: filterWidth, image: info.dilationWidth * channels, filter: channels * outChannels },
    { length: channels, image: 1, filter: outChannels },
  ];
  return { places, entries };
}

/** Convolutions, with what is fused to them. Other layouts than NHWC are left to the kernel that is shipped. */
export function convolution(shipped: KernelFunction, multiplier: Multiplier): KernelFunction {
  return (call) => {
    const { x, filter } = call.inputs as Inputs<"x" | "filter">;
    const attrs = call.attrs as unknown as tf.Conv2DAttrs;
    if (attrs.dataFormat !== "NHWC") return shipped(call);
    const info = geometry(x.shape, filter.shape, attrs);
    const backend = call.backend as WasmBackend;
    return withMargins(backend, x, info.padInfo, (padded) =>
      fusedProducts({ backend, multiplier }, info.outShape, fusionOf(call), (result) => {
        const { places, entries } = axes(info, padded.shape);
        return [
          {
            a: addressOf(backend, padded),
            b: addressOf(backend, filter),
            c: result,
            rows: places.map(({ length, image, result }) => ({ length, a: image, c: result })),
            inner: entries.map(({ length, image, filter }) => ({ length, a: image, b: filter })),
            columns: { length: info.outChannels, b: 1 },
          },
        ];
      }),
    );
  };
}

/** ∂f/∂filter of a convolution: the same product with its rows and its sum exchanged, and dy for the filter. */
export function filterGradient(multiplier: Multiplier): KernelFunction {
  return (call) => {
    const { x, dy } = call.inputs as Inputs<"x" | "dy">;
    const { filterShape, dataFormat, ...rest } = call.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
    if (dataFormat !== "NHWC") throw new Error(`Conv2DBackpropFilter on wasm needs NHWC data, not ${dataFormat}`);
    const info = geometry(x.shape, filterShape, rest);
    const backend = call.backend as WasmBackend;
    return withMargins(backend, x, info.padInfo, (padded) =>
      fusedProducts({ backend, multiplier }, filterShape, {}, (result) => {
        const { places, entries } = axes(info, padded.shape);
        return [
          {
            a: addressOf(backend, padded),
            b: addressOf(backend, dy),
            c: result,
            rows: entries.map(({ length, image, filter }) => ({ length, a: image, c: filter })),
            inner: places.map(({ length, image, result }) => ({ length, a: image, b: result })),
            columns: { length: info.outChannels, b: 1 },
          },
        ];
      }),
    );
  };
}

/** Every stride-th row (or column) of the input from one on, and what of the filter and of dy meets it. */
interface Phase {
  /** The first row, and how many there are */
  readonly start: number;
  readonly count: number;
  /** The first row of the filter that meets them, and how many do, a stride apart */
  readonly filterStart: number;
  readonly filterCount: number;
  /** The row of dy in which the first two meet; each next one of the filter meets the one before it */
  readonly dyStart: number;
}

function phases(size: number, filterSize: number, stride: number, margin: number): Phase[] {
  return Array.from({ length: Math.min(stride, size) }, (_, start) => {
    const filterStart = (start + margin) % stride;
    return {
      start,
      count: Math.ceil((size - start) / stride),
      filterStart,
      filterCount: Math.max(0, Math.ceil((filterSize - filterStart) / stride)),
      dyStart: Math.floor((start + margin) / stride),
    };
  });
}

/** Zeros that dy needs before and after it, so that every row of it that is asked for exists. */
function dyMargins(all: readonly Phase[], size: number): [before: number, after: number] {
  const before = all.map(({ filterCount, dyStart }) => filterCount - 1 - dyStart);
  const after = all.map(({ count, dyStart }) => dyStart + count - size);
  return [Math.max(0, ...before), Math.max(0, ...after)];
}

/**
 * ∂f/∂x of a convolution: for each phase of the stride one product, whose rows are the input's places, and whose sum runs
 * over the filter's entries that meet them, backwards through dy, and over its outputs.
 */
export function inputGradient(shipped: KernelFunction, multiplier: Multiplier): KernelFunction {
  return (call) => {
    const { dy, filter } = call.inputs as Inputs<"dy" | "filter">;
    const { inputShape, dataFormat, ...rest } = call.attrs as unknown as tf.Conv2DBackpropInputAttrs;
    if (dataFormat !== "NHWC") return shipped(call);
    const info = geometry(inputShape, filter.shape, rest);
    const { strideHeight, strideWidth, filterHeight, filterWidth, inHeight, inWidth, padInfo } = info;
    const vertical = phases(inHeight, filterHeight, strideHeight, padInfo.top);
    const horizontal = phases(inWidth, filterWidth, strideWidth, padInfo.left);
    const [top, bottom] = dyMargins(vertical, info.outHeight);
    const [left, right] = dyMargins(horizontal, info.outWidth);
    const backend = call.backend as WasmBackend;
    return withMargins(backend, dy, { top, bottom, left, right }, (padded) => {
      const phaseProduct = (result: number, v: Phase, h: Phase): Product => {
        const { inChannels, outChannels } = info;
        const dyRow = padded.shape[2]! * outChannels;
        const filterEntry = inChannels * outChannels;
        const dyBegin = (top + v.dyStart) * dyRow + (left + h.dyStart) * outChannels;
        const filterBegin = (v.filterStart * filterWidth + h.filterStart) * filterEntry;
        const resultBegin = (v.start * inWidth + h.start) * inChannels;
        return {
          a: addressOf(backend, padded) + 4 * dyBegin,
          b: addressOf(backend, filter) + 4 * filterBegin,
          c: result + 4 * resultBegin,
          rows: [
            { length: info.batchSize, a: padded.shape[1]! * dyRow, c: inHeight * inWidth * inChannels },
            { length: v.count, a: dyRow, c: strideHeight * inWidth * inChannels },
            { length: h.count, a: outChannels, c: strideWidth * inChannels },
          ],
          inner: [
            { length: v.filterCount, a: -dyRow, b: strideHeight * filterWidth * filterEntry },
            { length: h.filterCount, a: -outChannels, b: strideWidth * filterEntry },
            { length: outChannels, a: 1, b: 1 },
          ],
          columns: { length: inChannels, b: outChannels },
        };
      };
      return fusedProducts({ backend, multiplier }, info.inShape, {}, (result) =>
        vertical.flatMap((v) => horizontal.map((h) => phaseProduct(result, v, h))),
      );
    });
  };
}
