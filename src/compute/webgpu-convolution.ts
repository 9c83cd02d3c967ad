import * as tf from "@tensorflow/tfjs-core";
import { convolutionGeometry } from "./convolution-geometry.js";
import type { WebgpuKernel } from "./webgpu-backend.js";
import { declarations, forEach, groupsFor, type ProgramRunner, word, workgroupSize } from "./webgpu-program.js";

/** In the order of the parameters. */
const names = [
  "height",
  "width",
  "channels",
  "outHeight",
  "outWidth",
  "outChannels",
  "filterWidth",
  "taps",
  "strideHeight",
  "strideWidth",
  "top",
  "left",
  "places",
  "lanes",
  "parts",
  "placesPerPart",
] as const;

/**
 * ∂F[r, s, c, o] = Σ_q x[place q of the image, shifted by (r, s), c]·dy[q, o]. A workgroup has some `lanes` of the channels
 * that come out, and divides its part of the places q among its rows of lanes; each part leaves its own sum.
 */
const partialSource = `${declarations({ x: "f32", dy: "f32", partials: "write f32" }, names.length)}
var<workgroup> sums: array<f32, ${workgroupSize}>;
@compute @workgroup_size(${workgroupSize})
fn main(
  @builtin(local_invocation_index) invocation: u32,
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
) {
${names.map((name, i) => `  let ${name} = ${word(i)};`).join("\n")}
  let blocks = (outChannels + lanes - 1u) / lanes;
  let group = id.x + id.y * groups.x;
  let part = group % parts;
  let tap = group / parts / blocks;
  let o = (group / parts % blocks) * lanes + invocation % lanes;
  let c = tap % channels;
  let s = tap / channels % filterWidth;
  let r = tap / channels / filterWidth;
  var sum = 0.0;
  let end = min(places, (part + 1u) * placesPerPart);
  for (var q = part * placesPerPart + invocation / lanes; q < end; q += ${workgroupSize}u / lanes) {
    let row = i32(q / outWidth % outHeight * strideHeight + r) - i32(top);
    let column = i32(q % outWidth * strideWidth + s) - i32(left);
    let isInside = row >= 0 && row < i32(height) && column >= 0 && column < i32(width);
    if (isInside && o < outChannels) {
      let example = q / (outWidth * outHeight);
      let at = ((example * height + u32(row)) * width + u32(column)) * channels + c;
      sum += x[at] * dy[q * outChannels + o];
    }
  }
  sums[invocation] = sum;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}u; half >= lanes; half /= 2u) {
    if (invocation < half) { sums[invocation] += sums[invocation + half]; }
    workgroupBarrier();
  }
  // Workgroups that are laid out in two dimensions may be too many.
  if (invocation < lanes && o < outChannels && tap < taps) {
    partials[(part * taps + tap) * outChannels + o] = sums[invocation];
  }
}`;

const totalSource = `${declarations({ partials: "f32", results: "write f32" }, 2)}
${forEach(`
  var sum = 0.0;
  for (var part = 0u; part < ${word(1)}; part++) { sum += partials[part * ${word(0)} + i]; }
  results[i] = sum;`)}`;

/** Workgroups that keep a large device at work. */
const enoughGroups = 1024;
const mostParts = 64;

type GradientAttributes = Pick<tf.Conv2DBackpropFilterAttrs, "strides" | "pad" | "dataFormat" | "dimRoundingMode"> & {
  readonly filterShape: [number, number, number, number];
};

/** The gradient of a convolution by its filter, whose sum over all places of all images TensorFlow.js has one invocation take. */
export function filterGradient(runner: ProgramRunner, shipped: WebgpuKernel): WebgpuKernel {
  return (call) => {
    const { x, dy } = call.inputs as Readonly<Record<"x" | "dy", tf.TensorInfo>>;
    const { filterShape, dataFormat, ...attributes } = call.attrs as GradientAttributes;
    if (dataFormat === "NCHW") return shipped(call);
    const facts = convolutionGeometry(x.shape, filterShape, attributes);
    const { outHeight, outWidth, outChannels } = facts;
    const places = facts.batchSize * outHeight * outWidth;
    const result = runner.output(filterShape);
    const size = tf.util.sizeFromShape(filterShape);
    const lanes = Math.min(64, 2 ** Math.ceil(Math.log2(outChannels)));
    const taps = size / outChannels;
    const groups = taps * Math.ceil(outChannels / lanes);
    const placesAtOnce = workgroupSize / lanes;
    const parts = Math.max(
      1,
      Math.min(mostParts, Math.ceil(enoughGroups / groups), Math.ceil(places / (16 * placesAtOnce))),
    );
    const parameters: Readonly<Record<(typeof names)[number], number>> = {
      height: facts.inHeight,
      width: facts.inWidth,
      channels: facts.inChannels,
      outHeight,
      outWidth,
      outChannels,
      filterWidth: facts.filterWidth,
      taps,
      strideHeight: facts.strideHeight,
      strideWidth: facts.strideWidth,
      top: facts.padInfo.top,
      left: facts.padInfo.left,
      places,
      lanes,
      parts,
      placesPerPart: Math.ceil(places / parts),
    };
    const words = names.map((name) => parameters[name]);
    const to = runner.bufferOf(result);
    const partials = parts === 1 ? to : runner.storage(4 * size * parts);
    runner.run(partialSource, [runner.bufferOf(x), runner.bufferOf(dy), partials], words, groups * parts);
    if (parts > 1) {
      runner.run(totalSource, [partials, to], [size, parts], groupsFor(size));
      runner.release(partials);
    }
    return result;
  };
}
