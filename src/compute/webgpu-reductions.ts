import type { Reduction } from "./deferred-operations.js";
import { declarations, opaque, type ProgramRunner, word, workgroupSize } from "./webgpu-program.js";

/** A number of all entries of a buffer, and where among the scalars it is to be. */
export interface WantedReduction {
  readonly reduction: Reduction;
  readonly buffer: GPUBuffer;
  /** The number of entries. */
  readonly size: number;
  readonly place: number;
}

/** In the order of their numbers below. */
const reductions: readonly Reduction[] = ["norm1", "norm2", "largest", "total"];

/** Entries that a workgroup adds up, as long as there are not too many workgroups. */
const entriesPerGroup = 4096;
const mostGroups = 64;

/** Numbers that a workgroup leaves behind. */
const partialSize = 6;

/**
 * Sums that several invocations share: of magnitudes, of entries, and of squares. No square leaves float32, since those of
 * magnitudes from 2⁵⁰ on are taken of 2⁻⁸⁴ times the entry, and those below 2⁻⁵⁰ of 2⁷⁶ times (as in Blue's algorithm for
 * ‖·‖₂, ACM Transactions on Mathematical Software 4(1), 1978). The largest magnitude is compared by its bits, of which
 * those of NaN are the largest.
 *
 * @param zero the parameter that is 0
 */
const sums = (zero: number) => `
${opaque(zero)}
var<private> largest: u32 = 0u;
var<private> sums: array<f32, 5>;
var<workgroup> largestOf: array<u32, ${workgroupSize}>;
var<workgroup> sumsOf: array<array<f32, 5>, ${workgroupSize}>;

fn take(entry: u32) {
  let magnitude = entry & 0x7fffffffu;
  let isLarge = magnitude >= 0x58800000u;
  let isSmall = magnitude < 0x26800000u;
  let x = bitcast<f32>(entry);
  let scaled = opaque(x * select(select(1.0, 0x1p76, isSmall), 0x1p-84, isLarge));
  let square = scaled * scaled;
  largest = max(largest, magnitude);
  sums[0] += abs(x);
  sums[1] += x;
  sums[2] += select(0.0, square, isLarge);
  sums[3] += select(square, 0.0, isLarge || isSmall);
  sums[4] += select(0.0, square, isSmall);
}

fn gather(invocation: u32) {
  largestOf[invocation] = largest;
  sumsOf[invocation] = sums;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}u; half > 0u; half /= 2u) {
    if (invocation < half) {
      largestOf[invocation] = max(largestOf[invocation], largestOf[invocation + half]);
      for (var i = 0; i < 5; i++) { sumsOf[invocation][i] += sumsOf[invocation + half][i]; }
    }
    workgroupBarrier();
  }
}`;

const main = `
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(local_invocation_index) invocation: u32, @builtin(workgroup_id) group: vec3<u32>)`;

/** Each workgroup leaves the sums of its part of one of these vectors. Of each a size, its first workgroup and how many. */
function partialSource(vectors: number): string {
  const names = Array.from({ length: vectors }, (_, i) => `a${i}`);
  const parameters = 3 * vectors + 2;
  const parts = names.map((name, i) => {
    const [size, first, groups] = [word(3 * i), word(3 * i + 1), word(3 * i + 2)];
    return `
  if (group.x >= ${first} && group.x < ${first} + ${groups}) {
    let stride = ${groups} * ${workgroupSize}u;
    for (var i = (group.x - ${first}) * ${workgroupSize}u + invocation; i < ${size}; i += stride) { take(${name}[i]); }
  }`;
  });
  return `${declarations({ ...Object.fromEntries(names.map((name) => [name, "u32"])), partials: "write u32" }, parameters)}
${sums(parameters - 1)}
${main} {${parts.join("")}
  gather(invocation);
  if (invocation == 0u) {
    let at = (${word(3 * vectors)} + group.x) * ${partialSize}u;
    partials[at] = largestOf[0];
    for (var i = 0u; i < 5u; i++) { partials[at + 1u + i] = bitcast<u32>(sumsOf[0][i]); }
  }
}`;
}

/** A workgroup for each number: four parameters of it are a first partial sum, how many, the reduction, and its place. */
const finalSource = (numbers: number) => `${declarations({ partials: "u32", scalars: "write f32" }, 4 * numbers + 1)}
${sums(4 * numbers)}

fn euclidean() -> f32 {
  let total = sumsOf[0];
  if (total[2] > 0.0) { return sqrt(total[2] + opaque(total[3] * 0x1p-84) * 0x1p-84) * 0x1p84; }
  if (total[3] > 0.0) { return sqrt(total[3] + opaque(total[4] * 0x1p-76) * 0x1p-76); }
  return sqrt(total[4]) * 0x1p-76;
}

${main} {
  let wanted = P[group.x];
  for (var i = invocation; i < wanted[1]; i += ${workgroupSize}u) {
    let at = (wanted[0] + i) * ${partialSize}u;
    largest = max(largest, partials[at]);
    for (var j = 0u; j < 5u; j++) { sums[j] += bitcast<f32>(partials[at + 1u + j]); }
  }
  gather(invocation);
  if (invocation == 0u) {
    var value = sumsOf[0][select(1u, 0u, wanted[2] == 0u)];
    if (wanted[2] == 1u) { value = euclidean(); }
    // Infinity and NaN, as norms, by their bits.
    if (wanted[2] == 2u || (wanted[2] < 2u && largestOf[0] >= 0x7f800000u)) { value = bitcast<f32>(largestOf[0]); }
    scalars[wanted[3]] = value;
  }
}`;

/**
 * Takes norms and sums of many vectors in two programs: partial sums of each, and then of those.
 *
 * @param scalars the buffer that the numbers go to
 * @param mostBuffers how many a program may have
 */
export function reduceAll(
  runner: ProgramRunner,
  wanted: readonly WantedReduction[],
  scalars: GPUBuffer,
  mostBuffers: number,
): void {
  const sizes = new Map(wanted.map(({ buffer, size }) => [buffer, size]));
  const firsts = new Map<GPUBuffer, number>();
  const groupsOf = (size: number) => Math.min(Math.ceil(size / entriesPerGroup), mostGroups);
  let groups = 0;
  for (const [buffer, size] of sizes) {
    firsts.set(buffer, groups);
    groups += groupsOf(size);
  }
  const partials = runner.storage(4 * partialSize * groups);
  const buffers = [...sizes.keys()];
  for (let i = 0; i < buffers.length; i += mostBuffers - 1) {
    const some = buffers.slice(i, i + mostBuffers - 1);
    const first = firsts.get(some[0]!)!;
    const facts = some.flatMap((buffer) => {
      const size = sizes.get(buffer)!;
      return [size, firsts.get(buffer)! - first, groupsOf(size)];
    });
    const here = some.reduce((sum, buffer) => sum + groupsOf(sizes.get(buffer)!), 0);
    runner.run(partialSource(some.length), [...some, partials], [...facts, first, 0], here);
  }
  // The program is the same for many numbers and few, so that few programs are compiled.
  const capacity = 2 ** Math.ceil(Math.log2(wanted.length));
  const numbers = wanted.flatMap(({ reduction, buffer, size, place }) => [
    firsts.get(buffer)!,
    groupsOf(size),
    reductions.indexOf(reduction),
    place,
  ]);
  const parameters = [...numbers, ...Array<number>(4 * (capacity - wanted.length) + 1).fill(0)];
  runner.run(finalSource(capacity), [partials, scalars], parameters, wanted.length);
  runner.release(partials);
}
