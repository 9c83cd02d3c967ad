import type * as tf from "@tensorflow/tfjs-core";
import { convolutionGeometry, type Shape4D } from "./convolution-geometry.js";
import type { Product } from "./matrix-product.js";
import { addressOf, type Inputs, type KernelFunction, type WasmBackend } from "./wasm-backend.js";
import { fusedProducts, fusionOf, type Multiplier } from "./wasm-fusion.js";

type Geometry = ReturnType<typeof convolutionGeometry>;
/** Rows and columns to add around every image. */
type Margins = Readonly<Record<"top" | "bottom" | "left" | "right", number>>;

/** Where products are made, and by what. */
interface Site {
  readonly backend: WasmBackend;
  readonly multiplier: Multiplier;
}

/** Calls f with the images with zeros around them, where there are any to add. */
function withMargins(
  { backend, multiplier }: Site,
  images: tf.TensorInfo,
  { top, bottom, left, right }: Margins,
  f: (padded: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  if (top + bottom + left + right === 0) return f(images);
  const [count, height, width, channels] = images.shape as Shape4D;
  const padded = backend.makeOutput([count, top + height + bottom, left + width + right, channels], "float32");
  const [from, to] = [addressOf(backend, images), addressOf(backend, padded)];
  const pixel = 4 * channels;
  multiplier(backend).images.pad(from, to, count, height, width * pixel, top, bottom, left * pixel, right * pixel);
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
    const info = convolutionGeometry(x.shape, filter.shape, attrs);
    const backend = call.backend as WasmBackend;
    return withMargins({ backend, multiplier }, x, info.padInfo, (padded) =>
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
    const info = convolutionGeometry(x.shape, filterShape, rest);
    const backend = call.backend as WasmBackend;
    return withMargins({ backend, multiplier }, x, info.padInfo, (padded) =>
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

/** Columns of the narrowest tile: as much work as so many channels is done for fewer. */
const tileColumns = 8;

/** What adding one number of a patch takes, in additions and multiplications of a product; measured. */
const costOfAdding = 12;

/** Whether the patches of a convolution with few channels are less work than a product for each of them. */
function isLessInPatches({ inHeight, inWidth, inChannels, outChannels, outHeight, outWidth, ...info }: Geometry) {
  const columns = tileColumns * Math.ceil(inChannels / tileColumns);
  const pixels = (inHeight * inWidth) / (info.strideHeight * info.strideWidth);
  return outHeight * outWidth * inChannels * (2 * outChannels + costOfAdding) < pixels * columns * 2 * outChannels;
}

/** Rows of a product that make it worth its while, and whose result stays in the cache until it is added. */
const rowsAtOnce = 512;

/** ∂f/∂x of a convolution as the patches dy·filterᵀ, each added where the filter met the image. */
function addedPatches({ backend, multiplier }: Site, { dy, filter }: Inputs<"dy" | "filter">, info: Geometry) {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo } = info;
  const places = outHeight * outWidth;
  const entries = filterHeight * filterWidth * inChannels;
  const imagesAtOnce = Math.min(batchSize, Math.max(1, Math.floor(rowsAtOnce / places)));
  const product = multiplier(backend);
  const result = backend.makeOutput(info.inShape, "float32");
  const patches = backend.makeOutput([imagesAtOnce * places * entries], "float32");
  const c = addressOf(backend, patches);
  for (let image = 0; image < batchSize; image += imagesAtOnce) {
    const images = Math.min(imagesAtOnce, batchSize - image);
    product.multiply({
      a: addressOf(backend, dy) + 4 * image * places * outChannels,
      b: addressOf(backend, filter),
      c,
      rows: [{ length: images * places, a: outChannels, c: entries }],
      inner: [{ length: outChannels, a: 1, b: 1 }],
      columns: { length: entries, b: outChannels },
    });
    product.images.addPatches(
      c,
      addressOf(backend, result) + 4 * image * inHeight * inWidth * inChannels,
      images,
      inHeight,
      inWidth,
      inChannels,
      outHeight,
      outWidth,
      filterHeight,
      filterWidth,
      strideHeight,
      strideWidth,
      padInfo.top,
      padInfo.left,
    );
  }
  backend.disposeData(patches.dataId);
  return result;
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
    const info = convolutionGeometry(inputShape, filter.shape, rest);
    const site = { backend: call.backend as WasmBackend, multiplier };
    if (isLessInPatches(info)) return addedPatches(site, { dy, filter }, info);
    const { strideHeight, strideWidth, filterHeight, filterWidth, inHeight, inWidth, padInfo } = info;
    const vertical = phases(inHeight, filterHeight, strideHeight, padInfo.top);
    const horizontal = phases(inWidth, filterWidth, strideWidth, padInfo.left);
    const [top, bottom] = dyMargins(vertical, info.outHeight);
    const [left, right] = dyMargins(horizontal, info.outWidth);
    const backend = call.backend as WasmBackend;
    return withMargins({ backend, multiplier }, dy, { top, bottom, left, right }, (padded) => {
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
