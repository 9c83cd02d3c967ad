// What a case is.

/** @typedef {import("./engines.js").Engine} Engine */
/** @typedef {{ loss: number, layers: number[][] }} FirstStep loss, and of each layer the norms of weights, gradient, update */
/**
 * One of those that a case compares.
 *
 * @typedef {object} Contender
 * @property {string} name
 * @property {boolean} isPeer
 * @property {() => Promise<number>} measure in seconds, or in the case's own unit
 * @property {() => Promise<FirstStep[]>} [firstSteps] what it computes, to be held against the others
 */
/**
 * @typedef {object} Context
 * @property {readonly Engine[]} engines
 * @property {string} directory for files
 * @property {number} effort 1, or less for a quick look: what steps and seconds are multiplied by
 */
/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} section of the page
 * @property {string} title what is computed, in words
 * @property {"s" | "ms" | "µs" | "GFLOP/s" | "MiB"} unit
 * @property {number} [rounds] where they are not the number that was asked for
 * @property {number} [tolerance] how far the first steps of two contenders may be apart, relative
 * @property {boolean} [gradientJumps] whether rounding can move a gradient by more than itself
 * @property {boolean} [onGpu] whether a GPU has a part in it
 * @property {(context: Context) => Promise<Contender[]>} contenders those that are there
 */

/** Steps or other counts at this effort, at least `least`. @param {number} count @param {Context} context */
export const scaled = (count, { effort }, least = 1) => Math.max(least, Math.round(count * effort));
