/** A number as an unevaluated sum: rounded, and what the rounding took. */
interface Sum {
  readonly high: number;
  readonly low: number;
}

/** Parts the digits of a number into two halves. */
const splitter = 2 ** 27 + 1;

/** What the rounding took from a product, by the halves of its factors (Dekker 1971). */
function lostOfProduct(a: number, b: number, product: number): number {
  const [c, d] = [splitter * a, splitter * b];
  const [aHigh, bHigh] = [c - (c - a), d - (d - b)];
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow;
}

/** What the rounding took from a + b, whichever is larger (Knuth). */
function lostOfSum(a: number, b: number, sum: number): number {
  const c = sum - a;
  return a - (sum - c) + (b - c);
}

const bits = new DataView(new ArrayBuffer(8));

/** x = m·2^k with m from √½ to √2; x positive and finite. */
function split(x: number): { readonly m: number; readonly k: number } {
  const isSubnormal = x < 2 ** -1022;
  bits.setFloat64(0, isSubnormal ? x * 2 ** 54 : x);
  const high = bits.getUint32(0);
  bits.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  const [m, k] = [bits.getFloat64(0), (high >>> 20) - 1023 - (isSubnormal ? 54 : 0)];
  return m > Math.SQRT2 ? { m: m / 2, k: k + 1 } : { m, k };
}

/** log 2: so few digits that their products with exponents are exact, and the rest. */
const log2: Sum = { high: 0.6931471803691238, low: 1.9082149292705877e-10 };
const third: Sum = { high: 1 / 3, low: 1.850371707708594e-17 };

/** 1/5, 1/7, …: from the third coefficient on those of the series of the logarithm. */
const coefficients = Array.from({ length: 11 }, (_, i) => 1 / (2 * i + 5));

/**
 * log x = k·log 2 + 2s(1 + z/3 + z²/5 + …) with s = (m − 1)/(m + 1) and z = s², to some 65 binary digits: all terms up to
 * z/3 as sums of two numbers.
 */
function logarithm(x: number): Sum {
  const { m, k } = split(x);
  const numerator = m - 1;
  const denominator = m + 1;
  const s = numerator / denominator;
  const product = s * denominator;
  const rest = numerator - product - lostOfProduct(s, denominator, product) - s * lostOfSum(m, 1, denominator);
  const sLow = rest / denominator;

  const z = s * s;
  const zLow = lostOfProduct(s, s, z) + 2 * s * sLow;
  let tail = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) tail = tail * z + coefficients[i]!;
  tail *= z * z;
  const zThird = z * third.high;
  const zThirdLow = lostOfProduct(z, third.high, zThird) + z * third.low + zLow * third.high;
  const terms = zThird + tail;
  const series = 1 + terms;
  const seriesLow = 1 - series + terms + (zThird - terms + tail + zThirdLow);

  const logM = 2 * s * series;
  const logMLow = 2 * (lostOfProduct(s, series, s * series) + s * seriesLow + sLow * series);
  const exponent = k * log2.high;
  const sum = exponent + logM;
  const low = lostOfSum(exponent, logM, sum) + (logMLow + k * log2.low);
  const high = sum + low;
  return { high, low: sum - high + low };
}

/**
 * x^y, almost always the number nearest to it, and the same on every engine and processor: the digits of Math.pow are
 * the engine's affair, and V8 has changed them. exp(y·log x) is put right by its own logarithm. What it rests on, exp and
 * sums and products, is the same wherever V8 is.
 */
export function power(x: number, y: number): number {
  if (y === 1) return x;
  if (y === 2) return x * x;
  if (x < 0 && Number.isInteger(y)) return y % 2 === 0 ? power(-x, y) : -power(-x, y);
  // Zeros, infinities, NaN: the language says what comes of them.
  if (!(x > 0 && x < Number.POSITIVE_INFINITY && Number.isFinite(y))) return x ** y;
  const { high, low } = logarithm(x);
  const exponent = y * high;
  const approximation = Math.exp(exponent);
  if (approximation === 0 || approximation === Number.POSITIVE_INFINITY) return approximation;
  const exponentLow = lostOfProduct(y, high, exponent) + y * low;
  const reached = logarithm(approximation);
  return approximation + approximation * (exponent - reached.high + (exponentLow - reached.low));
}
