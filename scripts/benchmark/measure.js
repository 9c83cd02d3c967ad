// Takes the figures of a case: checks that its contenders compute the same, then lets them take turns.
import { setTimeout as pause } from "node:timers/promises";
import { ExperimentError } from "../../dist/base/errors.js";

/** @typedef {import("./case.js").Case} Case */
/** @typedef {import("./case.js").Context} Context */
/** @typedef {import("./case.js").FirstStep} FirstStep */
/** @typedef {import("./rows.js").Row} Row */

const perSecond = { s: 1, ms: 1e3, µs: 1e6, "GFLOP/s": 1, MiB: 1 };

/** Threads of the one before may spin for a moment after its answer. */
const millisecondsBetween = 50;

/**
 * The largest relative difference of loss and norms, step by step; infinite where there are not as many. Where gradients
 * jump (rectifiers), those after the first step are left out: rounding puts one example on the other side of a jump, which
 * the norm of a batch's gradient shows and the loss does not. A gradient that is wrong shows in the loss after it.
 *
 * @param {readonly FirstStep[]} steps
 * @param {readonly FirstStep[]} others
 * @param {boolean} gradientJumps
 */
export function deviation(steps, others, gradientJumps) {
  const numbers = (/** @type {readonly FirstStep[]} */ list) =>
    list.flatMap(({ loss, layers }, step) => [
      loss,
      ...layers.flatMap(([weights, gradient, update]) =>
        gradientJumps && step > 0 ? [weights, update] : [weights, gradient, update],
      ),
    ]);
  const [a, b] = [numbers(steps), numbers(others)];
  if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
  const apart = a.map((x = Number.NaN, i) => Math.abs(x - (b[i] ?? Number.NaN)) / Math.abs(x));
  return apart.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...apart);
}

/**
 * The deviation of each contender from the first one that tells its steps.
 *
 * @param {Case} measured
 * @param {readonly import("./case.js").Contender[]} contenders
 */
async function deviations({ name, tolerance = 0, gradientJumps = false }, contenders) {
  /** @type {FirstStep[] | undefined} */
  let reference;
  /** @type {(number | undefined)[]} */
  const found = [];
  for (const contender of contenders) {
    const steps = await contender.firstSteps?.();
    reference ??= steps;
    const apart = steps && reference && steps !== reference ? deviation(reference, steps, gradientJumps) : undefined;
    if (apart !== undefined && !(apart <= tolerance)) {
      throw new ExperimentError(
        `${name}: ${contender.name} does not compute what ${contenders[0]?.name} does: its first steps are apart by ${apart}, relative; at most ${tolerance} is allowed`,
      );
    }
    found.push(apart);
  }
  return found;
}

/**
 * @param {Case} measured
 * @param {Context} context
 * @param {number} rounds
 * @returns {Promise<Row[]>} one a contender; none where nothing can be compared
 */
export async function measure(measured, context, rounds) {
  const { name, section, title, unit } = measured;
  const contenders = await measured.contenders(context);
  const apart = await deviations(measured, contenders);
  const rows = contenders.map(({ name: engine, isPeer }, i) => ({
    section,
    case: name,
    title,
    engine,
    isPeer,
    unit,
    figures: /** @type {number[]} */ ([]),
    ...(apart[i] !== undefined && { deviation: apart[i] }),
  }));
  for (let round = 0; round < Math.min(rounds, measured.rounds ?? rounds); round++) {
    const turns = contenders.map((contender, i) => ({ contender, row: rows[i] }));
    for (const { contender, row } of round % 2 ? turns.reverse() : turns) {
      await pause(millisecondsBetween);
      row?.figures.push((await contender.measure()) * perSecond[unit]);
    }
  }
  return rows;
}
