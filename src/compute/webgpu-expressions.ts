import { type EntrywiseOperation, mostRows } from "./deferred-operations.js";
import { declarations, float, nanTest, opaque, word, workgroupSize } from "./webgpu-program.js";

type Expression = (a: string, b: string, c: string, d: string) => string;

/**
 * The operations in WGSL, of numbers of type `T`. NaN is passed on, save by the choice, for which no comparison with NaN
 * holds. Of `other` the compiler does not see that it is what it is of: it may take a/a for 1 and a − a for 0, which they
 * are not where a is 0, infinite or NaN.
 */
const expressions: Readonly<Record<EntrywiseOperation, Expression>> = {
  sum: (a, b) => `${a} + ${b}`,
  difference: (a, b) => `${a} - other(${b})`,
  product: (a, b) => `${a} * ${b}`,
  quotient: (a, b) => `${a} / other(${b})`,
  magnitude: (a) => `abs(${a})`,
  squareRoot: (a) => `sqrt(${a})`,
  sign: (a) => `orNaN(select(select(T(0.0), T(1.0), ${a} > T(0.0)), T(-1.0), ${a} < T(0.0)), ${a})`,
  signOrOne: (a) => `orNaN(select(T(-1.0), T(1.0), ${a} >= T(0.0)), ${a})`,
  // −0 becomes 0.
  clipped: (a, b, c) => `orNaN(select(clamp(${a}, ${b}, ${c}), T(0.0), abs(clamp(${a}, ${b}, ${c})) == T(0.0)), ${a})`,
  chosen: (a, b, c, d) => `select(${d}, ${c}, ${a} < ${b})`,
};

/** Where an operand of an instruction is: a number, or what an earlier instruction or the place of one gives. */
export type Source =
  /** A parameter, as a number. */
  | { readonly number: number }
  /** A parameter, as the place of the first scalar; of each row there is one, or one of all. */
  | { readonly scalar: number; readonly isOfRow: boolean }
  /** A buffer, which has an entry for each of the result or, of each row the same, for each column. */
  | { readonly vector: number; readonly isOfColumn: boolean }
  | { readonly result: number };

/** An operation, in the order in which they are computed. */
export interface Instruction {
  readonly operation: EntrywiseOperation;
  readonly operands: readonly Source[];
  /** The buffer that the result goes to, counted among the results, or for scalars the parameter that says its place. */
  readonly to?: number | undefined;
}

/** @param zeros where the two parameters are that are 0 */
const prelude = (type: "f32" | "vec4<f32>", zeros: number) => `
alias T = ${type};${nanTest}
${opaque(zeros, type)}
${opaque(zeros + 1, type, "other")}
fn orNaN(x: T, a: T) -> T { return select(x, a, ${type === "f32" ? "isNaN" : "areNaN"}(a)); }`;

function operandOf(source: Source): string {
  if ("number" in source) return `T(${float(source.number)})`;
  if ("scalar" in source) return `T(scalars[${word(source.scalar)}${source.isOfRow ? " + row" : ""}])`;
  return "vector" in source ? `a${source.vector}[${source.isOfColumn ? "column" : "i"}]` : `x${source.result}`;
}

const computed = ({ operation, operands }: Instruction, i: number) => {
  const [a = "", b = "", c = "", d = ""] = operands.map(operandOf);
  return `  let x${i} = opaque(${expressions[operation](a, b, c, d)});`;
};

const named = (letter: string, count: number, type: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`${letter}${i}`, type]));

/**
 * Vectors of one length, entry by entry: each operation is rounded by itself, as if it were a program of its own. The first
 * parameters are how many entries there are and how many of them make a row or, where `isByFour`, how many fours of
 * them; the last two are 0.
 */
export function vectorSource(
  instructions: readonly Instruction[],
  counts: Readonly<Record<"vectors" | "results" | "parameters", number>>,
  isByFour: boolean,
): string {
  const type = isByFour ? "vec4<f32>" : "f32";
  const buffers = {
    scalars: "f32",
    ...named("a", counts.vectors, type),
    ...named("r", counts.results, `write ${type}`),
  };
  const lines = instructions.flatMap((instruction, i) => [
    computed(instruction, i),
    ...(instruction.to === undefined ? [] : [`  r${instruction.to}[i] = x${i};`]),
  ]);
  return `${declarations(buffers, counts.parameters)}
${prelude(type, counts.parameters - 2)}
@compute @workgroup_size(${workgroupSize})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let i = id.x + id.y * groups.x * ${workgroupSize}u;
  if (i >= ${word(0)}) { return; }
  let row = i / ${word(1)};
  let column = i % ${word(1)};
  // What no operand is of is bound all the same.
  _ = scalars[0];
${lines.join("\n")}
}`;
}

/** Scalars, or one of each row, one after the other. The first parameter is how many rows there are, the last two are 0. */
export function scalarSource(instructions: readonly Instruction[], parameters: number): string {
  const lines = instructions.flatMap((instruction, i) => [
    computed(instruction, i),
    ...(instruction.to === undefined ? [] : [`  scalars[${word(instruction.to)} + row] = x${i};`]),
  ]);
  return `${declarations({ scalars: "write f32" }, parameters)}
${prelude("f32", parameters - 2)}
@compute @workgroup_size(${mostRows})
fn main(@builtin(local_invocation_index) row: u32) {
  if (row >= ${word(0)}) { return; }
${lines.join("\n")}
}`;
}
