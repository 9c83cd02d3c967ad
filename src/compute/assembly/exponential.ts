// e^x and log x of two numbers at a time, to the bit those of fdlibm, which JavaScript engines compute.
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and distribute this
// software is freely granted, provided that this notice is preserved.

/** Both halves. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** log 2 in two parts, the first of few digits. */
const ln2High: f64 = 6.9314718036912381649e-1;
const ln2Low: f64 = 1.90821492927058770002e-10;

/** 2^k of two integers in [−1022, 1023], sign-extended to 64 bits. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function powerOfTwo(k: v128): v128 {
  return i64x2.shl(i64x2.add(k, i64x2.splat(1023)), 52);
}

/** e^x for x ≤ 0 or NaN: x = k·log 2 + r with |r| ≤ log(2)/2, and a rational approximation of e^r. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function exponential(x: v128): v128 {
  // Up to here, which is log(2)/2 to the upper half of its digits, k is 0.
  const isReduced = f64x2.le(x, both(reinterpret<f64>(0xbfd62e4300000000)));
  const k = i32x4.trunc_sat_f64x2_s_zero(
    v128.and(f64x2.sub(f64x2.mul(x, both(1.442695040888963387)), both(0.5)), isReduced),
  );
  const multiple = f64x2.convert_low_i32x4_s(k);
  const high = f64x2.sub(x, f64x2.mul(multiple, both(ln2High)));
  const low = f64x2.mul(multiple, both(ln2Low));
  const r = f64x2.sub(high, low);
  const t = f64x2.mul(r, r);
  let p = f64x2.add(both(-1.6533902205465251539e-6), f64x2.mul(t, both(4.13813679705723846039e-8)));
  p = f64x2.add(both(6.61375632143793436117e-5), f64x2.mul(t, p));
  p = f64x2.add(both(-2.77777777770155933842e-3), f64x2.mul(t, p));
  p = f64x2.add(both(1.66666666666666019037e-1), f64x2.mul(t, p));
  const c = f64x2.sub(r, f64x2.mul(t, p));
  const quotient = f64x2.div(f64x2.mul(r, c), f64x2.sub(both(2), c));
  const y = f64x2.sub(both(1), f64x2.sub(f64x2.sub(low, quotient), high));
  // Subnormal numbers come of a second factor.
  const exponent = i64x2.extend_low_i32x4_s(k);
  const isSmall = i64x2.lt_s(exponent, i64x2.splat(-1021));
  const first = powerOfTwo(i64x2.add(exponent, v128.and(isSmall, i64x2.splat(1000))));
  const second = v128.bitselect(both(reinterpret<f64>(0x0170000000000000)), both(1), isSmall);
  const power = f64x2.mul(f64x2.mul(y, first), second);
  const nearZero = v128.bitselect(f64x2.add(both(1), x), power, f64x2.gt(x, both(-3.725290298461914e-9)));
  return v128.andnot(nearZero, f64x2.lt(x, both(-7.4513321910194110842e2)));
}

/** log x for 1 ≤ x ≤ 2 or NaN: x = 2^k(1 + f) with √½ ≤ 1 + f ≤ √2, and a series in f/(2 + f). */
// @ts-expect-error: a decorator of AssemblyScript
@inline
export function logarithm(x: v128): v128 {
  const isHalved = f64x2.ge(x, both(reinterpret<f64>(0x3ff6a09c00000000)));
  const f = f64x2.sub(f64x2.mul(x, v128.bitselect(both(0.5), both(1), isHalved)), both(1));
  const high = v128.and(isHalved, both(ln2High));
  const low = v128.and(isHalved, both(ln2Low));
  const s = f64x2.div(f, f64x2.add(both(2), f));
  const z = f64x2.mul(s, s);
  const w = f64x2.mul(z, z);
  let even = f64x2.add(both(2.222219843214978396e-1), f64x2.mul(w, both(1.531383769920937332e-1)));
  even = f64x2.mul(w, f64x2.add(both(3.999999999940941908e-1), f64x2.mul(w, even)));
  let odd = f64x2.add(both(1.818357216161805012e-1), f64x2.mul(w, both(1.479819860511658591e-1)));
  odd = f64x2.add(both(2.857142874366239149e-1), f64x2.mul(w, odd));
  odd = f64x2.mul(z, f64x2.add(both(6.66666666666673513e-1), f64x2.mul(w, odd)));
  const series = f64x2.add(odd, even);
  const halfSquare = f64x2.mul(f64x2.mul(both(0.5), f), f);
  const corrected = f64x2.sub(halfSquare, f64x2.add(f64x2.mul(s, f64x2.add(halfSquare, series)), low));
  const plain = f64x2.sub(f64x2.mul(s, f64x2.sub(f, series)), low);
  const third = f64x2.sub(both(0.5), f64x2.mul(both(0.33333333333333333), f));
  const short = f64x2.sub(f64x2.mul(f64x2.mul(f, f), third), low);
  // The three of them are equally good where one gives way to another: what is asked for is the choice of fdlibm.
  const isFar = v128.and(
    f64x2.ge(x, both(reinterpret<f64>(0x3ff6147a00000000))),
    f64x2.lt(x, both(reinterpret<f64>(0x3ff6b85200000000))),
  );
  const isNear = v128.or(
    f64x2.lt(x, both(reinterpret<f64>(0x3ff0000100000000))),
    f64x2.ge(x, both(reinterpret<f64>(0x3ffffffe00000000))),
  );
  const taken = v128.bitselect(short, v128.bitselect(corrected, plain, isFar), isNear);
  return f64x2.sub(high, f64x2.sub(taken, f));
}
