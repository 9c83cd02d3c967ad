import type { Reduction } from "./deferred-operations.js";
import { declarations, opaque, type ProgramRunner, word, workgroupSize } from "./webgpu-program.js";

/** A number of each row of a buffer, and where among the scalars the first one is to be. */
export interface WantedReduction {
  readonly reduction: Reduction;
  readonly buffer: GPUBuffer;
  readonly rows: number;
  /** The number of entries of a row. */
  readonly size: number;
  readonly place: number;
}

/** In the order of their numbers below. */
export const reductions: readonly Reduction[] = ["norm1", "norm2", "largest", "total"];

/** Entries that a workgroup adds up, as long as there are not too many workgroups. */
const entriesPerGroup = 4096;
const mostGroups = 64;

/** Numbers that a program takes: their parameters are 16 kB at most. */
const mostValues = 1024;

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

/**
 * Each workgroup leaves the sums of its part of a row of one of these vectors. Of each vector there are four parameters: the
 * size of a row, its first workgroup, how many a row has, and the number of rows.
 */
function partialSource(vectors: number): string {
  const names = Array.from({ length: vectors }, (_, i) => `a${i}`);
  const parameters = 4 * vectors + 2;
  const parts = names.map((name, i) => {
    const [size, first, groups, rows] = [0, 1, 2, 3].map((j) => word(4 * i + j));
    return `
  if (group.x >= ${first} && group.x < ${first} + ${groups} * ${rows}) {
    let row = (group.x - ${first}) / ${groups};
    let end = (row + 1u) * ${size};
    let stride = ${groups} * ${workgroupSize}u;
    let start = row * ${size} + (group.x - ${first}) % ${groups} * ${workgroupSize}u + invocation;
    for (var i = start; i < end; i += stride) { take(${name}[i]); }
  }`;
  });
  return `${declarations({ ...Object.fromEntries(names.map((name) => [name, "u32"])), partials: "write u32" }, parameters)}
${sums(parameters - 1)}
${main} {${parts.join("")}
  gather(invocation);
  if (invocation == 0u) {
    let at = (${word(4 * vectors)} + group.x) * ${partialSize}u;
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
  /** Of each buffer, as it is divided into rows, its first workgroup, how many a row has, and the others. */
  const parts = new Map<string, { buffer: GPUBuffer; size: number; rows: number; first: number; groups: number }>();
  const buffers = [...new Set(wanted.map(({ buffer }) => buffer))];
  const keyOf = ({ buffer, rows }: WantedReduction) => `${buffers.indexOf(buffer)} ${rows}`;
  let count = 0;
  for (const one of wanted) {
    const { buffer, size, rows } = one;
    if (parts.has(keyOf(one))) continue;
    const groups = Math.min(Math.ceil(size / entriesPerGroup), mostGroups);
    parts.set(keyOf(one), { buffer, size, rows, first: count, groups });
    count += groups * rows;
  }
  const partials = runner.storage(4 * partialSize * count);
  const list = [...parts.values()];
  for (let i = 0; i < list.length; i += mostBuffers - 1) {
    const some = list.slice(i, i + mostBuffers - 1);
    const { first } = some[0]!;
    const facts = some.flatMap((part) => [part.size, part.first - first, part.groups, part.rows]);
    const here = some.reduce((sum, { groups, rows }) => sum + groups * rows, 0);
    runner.run(partialSource(some.length), [...some.map(({ buffer }) => buffer), partials], [...facts, first, 0], here);
  }
  const numbers = wanted.flatMap((one) => {
    const { first, groups } = parts.get(keyOf(one))!;
    const kind = reductions.indexOf(one.reduction);
    return Array.from({ length: one.rows }, (_, row) => [first + row * groups, groups, kind, one.place + row]).flat();
  });
  for (let i = 0; i < numbers.length; i += 4 * mostValues) {
    const some = numbers.slice(i, i + 4 * mostValues);
    const values = some.length / 4;
    // The program is the same for many numbers and few, so that few programs are compiled.
    const capacity = 2 ** Math.ceil(Math.log2(values));
    const parameters = [...some, ...Array<number>(4 * (capacity - values) + 1).fill(0)];
    runner.run(finalSource(capacity), [partials, scalars], parameters, values);
  }
  runner.release(partials);
}
