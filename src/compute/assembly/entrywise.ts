// Operations entry by entry; their numbers are their places in ../deferred-operations.ts.
const sum: i32 = 0;
const difference: i32 = 1;
const product: i32 = 2;
const quotient: i32 = 3;
const magnitude: i32 = 4;
const squareRoot: i32 = 5;
const sign: i32 = 6;
const signOrOne: i32 = 7;
const clipped: i32 = 8;
const chosen: i32 = 9;

/** Of four neighbouring entries. NaN is passed on, save by the choice, for which no comparison with NaN holds. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function four(operation: i32, a: v128, b: v128, c: v128, d: v128): v128 {
  if (operation == sum) return f32x4.add(a, b);
  if (operation == difference) return f32x4.sub(a, b);
  if (operation == product) return f32x4.mul(a, b);
  if (operation == quotient) return f32x4.div(a, b);
  if (operation == magnitude) return f32x4.abs(a);
  if (operation == squareRoot) return f32x4.sqrt(a);
  if (operation == chosen) return v128.bitselect(c, d, f32x4.lt(a, b));
  const zero = f32x4.splat(0);
  // −0 becomes 0.
  if (operation == clipped) return f32x4.add(zero, f32x4.max(b, f32x4.min(a, c)));
  const one = f32x4.splat(1);
  const below = v128.and(one, f32x4.lt(a, zero));
  const value =
    operation == sign
      ? f32x4.sub(v128.and(one, f32x4.gt(a, zero)), below)
      : f32x4.sub(one, f32x4.add(below, below));
  return v128.bitselect(value, a, f32x4.eq(a, a));
}

/** How many operands an operation has. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function operands(operation: i32): i32 {
  if (operation == chosen) return 4;
  if (operation == clipped) return 3;
  return operation <= quotient ? 2 : 1;
}

/** So many entries of an operation's result. The compiler makes loops of its own of each operation. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function entries(operation: i32, to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  const second = operands(operation) > 1;
  const third = operands(operation) > 2;
  const fourth = operands(operation) > 3;
  const none = f32x4.splat(0);
  const end = to + (length << 2);
  const wholeEnd = to + ((length & ~7) << 2);
  for (; to < wholeEnd; to += 32) {
    // At fixed distances from one address, by which V8 pairs them to eight.
    const a0 = v128.load(a, 0);
    const a1 = v128.load(a, 16);
    const b0 = second ? v128.load(b, 0) : none;
    const b1 = second ? v128.load(b, 16) : none;
    const c0 = third ? v128.load(c, 0) : none;
    const c1 = third ? v128.load(c, 16) : none;
    const d0 = fourth ? v128.load(d, 0) : none;
    const d1 = fourth ? v128.load(d, 16) : none;
    v128.store(to, four(operation, a0, b0, c0, d0), 0);
    v128.store(to, four(operation, a1, b1, c1, d1), 16);
    a += 32;
    if (second) b += 32;
    if (third) c += 32;
    if (fourth) d += 32;
  }
  for (; to < end; to += 4, a += 4, b += 4, c += 4, d += 4) {
    const result = four(
      operation,
      v128.load32_zero(a),
      second ? v128.load32_zero(b) : none,
      third ? v128.load32_zero(c) : none,
      fourth ? v128.load32_zero(d) : none,
    );
    store<f32>(to, f32x4.extract_lane(result, 0));
  }
}

// Functions of their own, for the compiler of the engine takes them one by one.
function sums(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(sum, to, a, b, c, d, length);
}
function differences(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(difference, to, a, b, c, d, length);
}
function products(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(product, to, a, b, c, d, length);
}
function quotients(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(quotient, to, a, b, c, d, length);
}
function magnitudes(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(magnitude, to, a, b, c, d, length);
}
function squareRoots(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(squareRoot, to, a, b, c, d, length);
}
function signs(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(sign, to, a, b, c, d, length);
}
function signsOrOnes(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(signOrOne, to, a, b, c, d, length);
}
function clippedEntries(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(clipped, to, a, b, c, d, length);
}
function chosenEntries(to: usize, a: usize, b: usize, c: usize, d: usize, length: usize): void {
  entries(chosen, to, a, b, c, d, length);
}

/** An instruction: an operation, where its result goes, and up to four operands. */
const instructionBytes: usize = 44;

/**
 * An address of an instruction, for the block that begins so many bytes from the vectors' first entries. What is to move
 * on from block to block is marked by −1 beside it, and by 0 what is the same for each: workspace and constants.
 */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function address(instruction: usize, place: usize, offset: usize): usize {
  const entry = instruction + 4 + (place << 3);
  return load<usize>(entry) + (load<usize>(entry, 4) & offset);
}

/**
 * Makes vectors of others by instructions that are done in turn for one block of entries after the other, so that what
 * only comes between is never out of the first cache.
 *
 * @param instructions their address
 * @param length entries of each vector
 * @param block entries of a block
 */
export function evaluate(instructions: usize, count: usize, length: usize, block: usize): void {
  const end = instructions + count * instructionBytes;
  for (let first: usize = 0; first < length; first += block) {
    const offset = first << 2;
    const n = min(block, length - first);
    for (let at = instructions; at < end; at += instructionBytes) {
      const to = address(at, 0, offset);
      const a = address(at, 1, offset);
      const b = address(at, 2, offset);
      const c = address(at, 3, offset);
      const d = address(at, 4, offset);
      switch (load<i32>(at)) {
        case sum:
          sums(to, a, b, c, d, n);
          break;
        case difference:
          differences(to, a, b, c, d, n);
          break;
        case product:
          products(to, a, b, c, d, n);
          break;
        case quotient:
          quotients(to, a, b, c, d, n);
          break;
        case magnitude:
          magnitudes(to, a, b, c, d, n);
          break;
        case squareRoot:
          squareRoots(to, a, b, c, d, n);
          break;
        case sign:
          signs(to, a, b, c, d, n);
          break;
        case signOrOne:
          signsOrOnes(to, a, b, c, d, n);
          break;
        case clipped:
          clippedEntries(to, a, b, c, d, n);
          break;
        default:
          chosenEntries(to, a, b, c, d, n);
      }
    }
  }
}
