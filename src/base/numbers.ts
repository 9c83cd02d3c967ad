/** For messages and labels: a number to so many significant digits, without zeros at its end. */
export const toDigits = (value: number, digits: number): string => String(Number(value.toPrecision(digits)));

/** For tables: the same, and a power of ten where the number is very small or large; NaN and Infinity spelled out. */
export function forTable(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  const isExtreme = Number.isFinite(value) && magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5);
  return isExtreme ? value.toExponential(digits - 2) : toDigits(value, digits);
}
