// Numbers as text: the shortest decimals that read back as the same float64, of these the nearest, in the form in which
// ECMAScript's Number::toString gives them.
//
// Raffaello Giulietti, The Schubfach way to render doubles, 2020; the tables are laid by the host.

/** 10^e as a number of 128 bits with its first bit set, rounded up: of each e from `leastPower` on, the low half first. */
const powers: usize = 0;
const leastPower: i32 = -292;

/** Digits, twenty at most, are made to the left of here, with room on both sides for whole words. */
const endOfDigits: usize = 10240 + 44;

/** The high half of a·b. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function multiplyHigh(a: u64, b: u64): u64 {
  const low: u64 = 0xffffffff;
  const a0 = a & low, a1 = a >> 32;
  const b0 = b & low, b1 = b >> 32;
  const p00 = a0 * b0, p01 = a0 * b1, p10 = a1 * b0, p11 = a1 * b1;
  const middle = (p00 >> 32) + (p01 & low) + (p10 & low);
  return p11 + (p01 >> 32) + (p10 >> 32) + (middle >> 32);
}

/** ⌊g·c/2^128⌋, its last bit set where anything was cut off. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function roundToOdd(high: u64, low: u64, c: u64): u64 {
  const carried = multiplyHigh(low, c);
  const rest = high * c + carried;
  const whole = multiplyHigh(high, c) + u64(rest < carried);
  return whole | u64(rest > 1);
}

let significand: u64 = 0;
let exponent: i32 = 0;

/** The shortest significand·10^exponent between the neighbours of c·2^q, and the nearest of them. */
function shorten(c: u64, q: i32, isCloserBelow: bool): void {
  const isOdd = c & 1;
  const k = (q * 1262611 - (isCloserBelow ? 524031 : 0)) >> 22;
  const shift = u64(q + ((-k * 1741647) >> 19) + 1);
  const power = powers + (usize(-k - leastPower) << 4);
  const low = load<u64>(power), high = load<u64>(power, 8);
  const middle = roundToOdd(high, low, (c << 2) << shift);
  const from = roundToOdd(high, low, ((c << 2) - 2 + u64(isCloserBelow)) << shift) + isOdd;
  const to = roundToOdd(high, low, ((c << 2) + 2) << shift) - isOdd;

  const s = middle >> 2;
  if (s >= 10) {
    const tens = s / 10;
    const isBelowIn = from <= 40 * tens;
    const isAboveIn = 40 * tens + 40 <= to;
    if (isBelowIn != isAboveIn) {
      significand = tens + u64(isAboveIn);
      exponent = k + 1;
      return;
    }
  }
  const isBelowIn = from <= s << 2;
  const isAboveIn = (s << 2) + 4 <= to;
  exponent = k;
  if (isBelowIn != isAboveIn) {
    significand = s + u64(isAboveIn);
    return;
  }
  const half = (s << 2) + 2;
  significand = s + u64(middle > half || (middle == half && (s & 1) != 0));
}

/** The digits of n < 10⁸, the first in the lowest byte: halves of it, halves of these and so on, side by side in one word. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function eightDigits(n: u32): u64 {
  const high = n / 10000;
  let word = u64(high) | (u64(n - 10000 * high) << 32);
  const hundreds = ((word * 10486) >> 20) & 0x0000007f0000007f;
  word = hundreds | ((word - 100 * hundreds) << 16);
  const tens = ((word * 103) >> 10) & 0x000f000f000f000f;
  return tens | ((word - 10 * tens) << 8);
}

const zeros: u64 = 0x3030303030303030;

/** Writes the digits of n to the left of `end`, eight at a time; returns where they begin. */
function writeDigits(n: u64, end: usize): usize {
  let at = end - 8;
  let rest = n;
  for (; rest >= 100000000; at -= 8) {
    const head = rest / 100000000;
    store<u64>(at, zeros | eightDigits(u32(rest - head * 100000000)));
    rest = head;
  }
  const first = eightDigits(u32(rest));
  store<u64>(at, zeros | first);
  return at + min<usize>(7, usize(ctz(first)) >> 3);
}

/** Copies at least so many bytes as there are digits: what is written behind them is written over. */
// @ts-expect-error: a decorator of AssemblyScript
@inline
function copy(from: usize, to: usize): void {
  const first = load<u64>(from), second = load<u64>(from, 8), third = load<u64>(from, 16);
  store<u64>(to, first);
  store<u64>(to, second, 8);
  store<u64>(to, third, 16);
}

/** Writes n digits, from `from` on, as 0.d₁d₂…·10^point; returns the end. */
function writeDecimal(from: usize, n: i32, point: i32, to: usize): usize {
  if (0 < point && point <= 21) {
    if (n <= point) {
      store<u64>(to, zeros, 0);
      store<u64>(to, zeros, 8);
      store<u64>(to, zeros, 16);
      for (let i = 0; i < n; i++) store<u8>(to + i, load<u8>(from + i));
      return to + point;
    }
    copy(from, to);
    copy(from + point, to + point + 1);
    store<u8>(to + point, 46);
    return to + n + 1;
  }
  if (-6 < point && point <= 0) {
    store<u64>(to, zeros);
    store<u8>(to + 1, 46);
    copy(from, to + 2 - point);
    return to + 2 - point + n;
  }
  copy(from + 1, to + 2);
  store<u8>(to, load<u8>(from));
  let end = to + 1;
  if (n > 1) {
    store<u8>(end, 46);
    end = to + n + 1;
  }
  const power = point - 1;
  store<u8>(end, 101);
  store<u8>(end + 1, power < 0 ? 45 : 43);
  end += 2;
  const begin = writeDigits(power < 0 ? -power : power, endOfDigits);
  copy(begin, end);
  return end + (endOfDigits - begin);
}

/**
 * Writes a finite number at an address, from which on 64 bytes are free.
 *
 * @returns the address behind it
 */
export function writeNumber(x: f64, to: usize): usize {
  const bits = reinterpret<u64>(x);
  if (bits << 1 == 0) {
    store<u8>(to, 48);
    return to + 1;
  }
  if (bits >> 63 != 0) store<u8>(to++, 45);
  const magnitude = Math.abs(x);
  if (magnitude < 9007199254740992 && Math.floor(magnitude) == magnitude) {
    const begin = writeDigits(u64(magnitude), endOfDigits);
    copy(begin, to);
    return to + (endOfDigits - begin);
  }
  const fraction = bits & 0xfffffffffffff;
  const biased = i32((bits >> 52) & 0x7ff);
  if (biased == 0) shorten(fraction, -1074, false);
  else shorten(fraction | 0x10000000000000, biased - 1075, fraction == 0 && biased > 1);
  const begin = writeDigits(significand, endOfDigits);
  const point = i32(endOfDigits - begin) + exponent;
  let last = endOfDigits;
  while (load<u8>(last - 1) == 48) last--;
  return writeDecimal(begin, i32(last - begin), point, to);
}
