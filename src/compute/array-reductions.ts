import type { Norm } from "./algebra.js";
import { generalNorm } from "./host-reductions.js";

/**
 * Sums in double precision, in which no product of two float32 numbers overflows or vanishes. Four sums of fixed order
 * need not wait for one another's additions.
 */
function dot(x: Float32Array, y: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += x[i]! * y[i]!;
    b += x[i + 1]! * y[i + 1]!;
    c += x[i + 2]! * y[i + 2]!;
    d += x[i + 3]! * y[i + 3]!;
  }
  for (let i = whole; i < x.length; i++) a += x[i]! * y[i]!;
  return a + b + (c + d);
}

function sum(x: Float32Array): number {
  let total = 0;
  for (let i = 0; i < x.length; i++) total += x[i]!;
  return total;
}

function sumOfMagnitudes(x: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += Math.abs(x[i]!);
    b += Math.abs(x[i + 1]!);
    c += Math.abs(x[i + 2]!);
    d += Math.abs(x[i + 3]!);
  }
  for (let i = whole; i < x.length; i++) a += Math.abs(x[i]!);
  return a + b + (c + d);
}

function largestMagnitude(x: Float32Array): number {
  let found = 0;
  for (let i = 0; i < x.length; i++) {
    const magnitude = Math.abs(x[i]!);
    if (magnitude > found) found = magnitude;
    else if (Number.isNaN(magnitude)) return magnitude;
  }
  return found;
}

function norm(x: Float32Array, p: Norm): number {
  if (p === 1) return sumOfMagnitudes(x);
  if (p === 2) return Math.sqrt(dot(x, x));
  const largest = largestMagnitude(x);
  return p === "infinity" ? largest : generalNorm(x, p, largest);
}

/** Reductions of numbers that the host has in an array. */
export const arrayReductions = { norm, dot, sum };
