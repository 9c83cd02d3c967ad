// e^x and log x of two numbers at a time, to the bit those of fdlibm, which JavaScript engines compute, and of operations
// that V8 pairs.
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and distribute this
// software is freely granted, provided that this notice is preserved.
import { Constants } from "./constants";

/** Both halves. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** 2^k of two integers in [−1022, 1023] that are given as floating-point numbers. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function powerOfTwo(k: v128, c: Constants): v128 {
  return i64x2.shl(f64x2.add(k, both(c.exponentShift)), 52);
}

/** e^x for x ≤ 0 or NaN: x = k·log 2 + r with |r| ≤ log(2)/2, and a rational approximation of e^r. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function exponential(x: v128, c: Constants): v128 {
  // Nearer to 0, k is 0.
  const isReduced = f64x2.le(x, both(c.reducedTo));
  const quotient = v128.and(f64x2.sub(f64x2.mul(x, both(c.log2E)), both(c.half)), isReduced);
  // Towards zero, in operations that V8 pairs: the nearest integer, and one more where that is less.
  const limited = f64x2.max(quotient, both(c.least));
  const rounded = f64x2.sub(f64x2.add(limited, both(c.integerShift)), both(c.integerShift));
  const k = f64x2.add(rounded, v128.and(f64x2.lt(rounded, limited), both(c.one)));
  const high = f64x2.sub(x, f64x2.mul(k, both(c.ln2High)));
  const low = f64x2.mul(k, both(c.ln2Low));
  const r = f64x2.sub(high, low);
  const t = f64x2.mul(r, r);
  let p = f64x2.add(both(c.p4), f64x2.mul(t, both(c.p5)));
  p = f64x2.add(both(c.p3), f64x2.mul(t, p));
  p = f64x2.add(both(c.p2), f64x2.mul(t, p));
  p = f64x2.add(both(c.p1), f64x2.mul(t, p));
  const u = f64x2.sub(r, f64x2.mul(t, p));
  const ratio = f64x2.div(f64x2.mul(r, u), f64x2.sub(both(c.two), u));
  const y = f64x2.sub(both(c.one), f64x2.sub(f64x2.sub(low, ratio), high));
  // Subnormal numbers come of a second factor.
  const isSmall = f64x2.lt(k, both(c.smallFrom));
  const first = powerOfTwo(f64x2.add(k, v128.and(isSmall, both(c.thousand))), c);
  const second = v128.bitselect(both(c.smallFactor), both(c.one), isSmall);
  const power = f64x2.mul(f64x2.mul(y, first), second);
  const nearZero = v128.bitselect(f64x2.add(both(c.one), x), power, f64x2.gt(x, both(c.tinyFrom)));
  return v128.andnot(nearZero, f64x2.lt(x, both(c.vanishingTo)));
}

/** log x for 1 ≤ x ≤ 2 or NaN: x = 2^k(1 + f) with √½ ≤ 1 + f ≤ √2, and a series in f/(2 + f). */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function logarithm(x: v128, c: Constants): v128 {
  const isHalved = f64x2.ge(x, both(c.halvedFrom));
  const f = f64x2.sub(f64x2.mul(x, v128.bitselect(both(c.half), both(c.one), isHalved)), both(c.one));
  const high = v128.and(isHalved, both(c.ln2High));
  const low = v128.and(isHalved, both(c.ln2Low));
  const s = f64x2.div(f, f64x2.add(both(c.two), f));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  let even = f64x2.add(both(c.l4), f64x2.mul(w, both(c.l6)));
  even = f64x2.mul(w, f64x2.add(both(c.l2), f64x2.mul(w, even)));
  let odd = f64x2.add(both(c.l5), f64x2.mul(w, both(c.l7)));
  odd = f64x2.add(both(c.l3), f64x2.mul(w, odd));
  odd = f64x2.mul(z, f64x2.add(both(c.l1), f64x2.mul(w, odd)));
  const series = f64x2.add(odd, even);
  const halfSquare = f64x2.mul(f64x2.mul(both(c.half), f), f);
  const corrected = f64x2.sub(halfSquare, f64x2.add(f64x2.mul(s, f64x2.add(halfSquare, series)), low));
  const plain = f64x2.sub(f64x2.mul(s, f64x2.sub(f, series)), low);
  const third = f64x2.sub(both(c.half), f64x2.mul(both(c.third), f));
  const short = f64x2.sub(f64x2.mul(f64x2.mul(f, f), third), low);
  // The three of them are equally good where one gives way to another: what is asked for is the choice of fdlibm.
  const isFar = v128.and(
    f64x2.ge(x, both(c.farFrom)),
    f64x2.lt(x, both(c.farTo)),
  );
  const isNear = v128.or(
    f64x2.lt(x, both(c.nearTo)),
    f64x2.ge(x, both(c.nearFrom)),
  );
  const taken = v128.bitselect(short, v128.bitselect(corrected, plain, isFar), isNear);
  return f64x2.sub(high, f64x2.sub(taken, f));
}
