import type { Bound } from "./bound.js";

/** Every bound a run can be held against. */
export const bounds: readonly Bound[] = [];
