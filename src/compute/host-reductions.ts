import type { TensorInfo } from "@tensorflow/tfjs-core";
import { power } from "../base/power.js";
import type { Norm } from "./algebra.js";

/**
 * Sums over whole tensors that the host has at once, on backends that wait for nothing to give a number: their tensors
 * lie in this process's memory. Scalars are numbers there, and computing with them costs no kernels.
 */
export interface HostReductions {
  /** ‖x‖_p, which neither overflows nor vanishes where it is a float32 number */
  norm(x: TensorInfo, p: Norm): number;
  /** Σ x_i·y_i */
  dot(x: TensorInfo, y: TensorInfo): number;
  /** Σ x_i */
  sum(x: TensorInfo): number;
}

/**
 * (Σ|x_i|^p)^{1/p} for any p, given the largest magnitude: what is raised to the power is divided by it, for powers leave
 * even double precision.
 */
export function generalNorm(x: Float32Array, p: number, largest: number): number {
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < x.length; i++) total += power(Math.abs(x[i]!) / largest, p);
  return largest * power(total, 1 / p);
}

/** Whether float32 has lost nothing to its limits in a sum of squares. */
export const isSafe = (squares: number): boolean => squares > 1e-20 && squares < Number.POSITIVE_INFINITY;

const reductionsByBackend = new Map<string, HostReductions>();

/** Gives the TensorFlow.js backend of this name its reductions. */
export function provideHostReductions(backend: string, reductions: HostReductions): void {
  reductionsByBackend.set(backend, reductions);
}

/** Those of the backend; undefined where scalars stay on the device. */
export const hostReductionsOf = (backend: string): HostReductions | undefined => reductionsByBackend.get(backend);
