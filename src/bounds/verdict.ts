import { ExperimentError } from "../base/errors.js";
import { fromPlain, toPlain } from "../base/plain-data.js";
import type { StepRecord } from "../training/record.js";
import {
  type Bound,
  type BoundColumn,
  type BoundContext,
  type BoundMonitor,
  type Check,
  tolerance,
  type Verdict,
} from "./bound.js";

/** What the checks of one bound amount to so far. */
interface Tally {
  checks: number;
  smallestSlack: number;
  sumOfSlacks: number;
  violation?: { firstStep: number; layer?: string; measured: number; bound: number };
}

/** A bound that applies, at work. */
interface Watched {
  readonly bound: Bound;
  readonly monitor: BoundMonitor;
  readonly tally: Tally;
  readonly check: Check;
}

/** The reader that holds a run's stream of records against the theory. */
export interface BoundWatch {
  /** Those of the bounds that apply, in their order. */
  readonly columns: readonly BoundColumn[];
  /** False if none applies, so that steps that are not traced need not be measured. */
  readonly needsEveryStep: boolean;
  /** True if one that applies looks at the invariants of the rule. */
  readonly needsInvariants: boolean;
  /**
   * Sees every record of the run, traced or not, in order.
   *
   * @returns for a traced record a new array of one value a column (NaN: none at this step); otherwise an empty one
   */
  observe(record: StepRecord): readonly number[];
  /** One verdict a bound, by name; asked at the end of the run. */
  verdicts(): Record<string, Verdict>;
  /** Plain data that survives JSON; `watchBounds(bounds, context, state)` continues from it. */
  state(): unknown;
}

const nothing: readonly number[] = [];

/** @param lost the rounding level of both numbers: a bound up to there has no size to measure by */
function slackOf(measured: number, bound: number, holds: boolean, relativeTolerance: number, lost: number): number {
  const size = Math.abs(bound);
  if (size <= lost) return holds ? 0 : -1;
  const slack = (bound - measured) / size;
  if (holds) return slack < -relativeTolerance ? -relativeTolerance : slack;
  return Number.isNaN(slack) ? Number.NEGATIVE_INFINITY : slack;
}

/**
 * The check of a bound, which fills its tally. It is so short that V8 makes it a part of the bounds that call it: numbers
 * need not become objects to be handed over.
 *
 * @param now the step of the record being observed
 */
function checkInto(tally: Tally, relativeTolerance: number, now: { readonly step: number }): Check {
  function violated(measured: number, bound: number, layer: string | undefined): void {
    tally.violation ??= { firstStep: now.step, ...(layer !== undefined && { layer }), measured, bound };
  }
  return (measured, limit, absoluteTolerance = 0, layer) => {
    if (limit === Number.POSITIVE_INFINITY) return;
    const holds = measured <= limit + relativeTolerance * Math.abs(limit) + absoluteTolerance;
    const slack = slackOf(measured, limit, holds, relativeTolerance, absoluteTolerance);
    tally.checks++;
    tally.sumOfSlacks += slack;
    if (slack < tally.smallestSlack) tally.smallestSlack = slack;
    if (!holds) violated(measured, limit, layer);
  };
}

/** @throws ExperimentError for a bound that returns more or fewer numbers than it declares columns */
function assertFills({ name, columns }: Bound, found: readonly number[]): void {
  if (found.length === columns.length) return;
  const names = columns.map((column) => column.name).join(", ") || "none";
  throw new ExperimentError(
    `bound ${name}: observe returned ${found.length} numbers; expected one for each of its columns (${names}), NaN where it has none`,
  );
}

/** A loss, weights or gradients that have overflowed: the arithmetic has ended there, and with it what theorems say. */
function isBeyondArithmetic({ loss, layers, last }: StepRecord): boolean {
  // With mini-batches the last record has neither loss nor gradients.
  if (!Number.isFinite(loss) && !(last && Number.isNaN(loss))) return true;
  for (let i = 0; i < layers.length; i++) {
    const { weightNormInRule, weightNorm, gradientNorm, gradientNormInRule } = layers[i]!;
    if (!(Number.isFinite(weightNorm) && Number.isFinite(weightNormInRule))) return true;
    if (!last && !(Number.isFinite(gradientNorm) && Number.isFinite(gradientNormInRule))) return true;
  }
  return false;
}

function verdictOf({ monitor, tally: { checks, smallestSlack, sumOfSlacks, violation } }: Watched): Verdict {
  const slack = { checks, smallestSlack, meanSlack: sumOfSlacks / checks };
  if (violation) return { outcome: "violated", ...slack, ...violation };
  if (checks > 0) return { outcome: "held", ...slack };
  return { outcome: "not applicable", reason: monitor.unchecked?.() ?? "the run was too short: nothing was checked" };
}

/**
 * The bounds of these that a config selects.
 *
 * @param selected their names, or "auto" for all of them
 * @throws Error for a name that is not among them: the config schema has checked it
 */
export function selectedBounds(bounds: readonly Bound[], selected: "auto" | readonly string[]): readonly Bound[] {
  if (selected === "auto") return bounds;
  const unknown = selected.filter((name) => !bounds.some((bound) => bound.name === name));
  if (unknown.length > 0) throw new Error(`no bound is called ${unknown.join(", ")}`);
  return bounds.filter(({ name }) => selected.includes(name));
}

/**
 * Watches a run with the bounds that apply to it.
 *
 * @param bounds that the run is held against; one that does not apply to it ends as "not applicable"
 * @param state from an earlier watch of the same run, cut off after some record
 */
export function watchBounds(bounds: readonly Bound[], context: BoundContext, state?: unknown): BoundWatch {
  const saved = (fromPlain(state) ?? {}) as Record<string, { tally: Tally; monitor: unknown }>;
  const relativeTolerance = tolerance[context.precision];
  const now = { step: 0 };

  function watch(bound: Bound): Watched {
    const earlier = saved[bound.name];
    const tally: Tally = earlier?.tally ?? {
      checks: 0,
      smallestSlack: Number.POSITIVE_INFINITY,
      sumOfSlacks: 0,
    };
    const check = checkInto(tally, relativeTolerance, now);
    return { bound, monitor: bound.start(context, earlier?.monitor), tally, check };
  }

  const chosen = bounds.map((bound) => ({ bound, reason: bound.reasonNotApplicable(context) }));
  const watched = chosen.filter(({ reason }) => reason === undefined).map(({ bound }) => watch(bound));

  // A method that is called is not looked up at every step.
  const observers = watched.map(({ monitor }) => monitor.observe);
  return {
    columns: watched.flatMap(({ bound }) => bound.columns),
    needsEveryStep: watched.length > 0,
    needsInvariants: watched.some(({ bound }) => bound.needsInvariants),

    observe(record) {
      now.step = record.step;
      const ended = isBeyondArithmetic(record);
      if (!record.traced) {
        for (let i = 0; !ended && i < watched.length; i++) {
          const { monitor, check } = watched[i]!;
          observers[i]!.call(monitor, record, check);
        }
        return nothing;
      }
      const values: number[] = [];
      for (let i = 0; i < watched.length; i++) {
        const { bound, monitor, check } = watched[i]!;
        const found = ended ? undefined : observers[i]!.call(monitor, record, check);
        if (found) assertFills(bound, found);
        for (let column = 0; column < bound.columns.length; column++) values.push(found?.[column] ?? Number.NaN);
      }
      return values;
    },

    verdicts: () =>
      Object.fromEntries(
        chosen.map(({ bound, reason }) => [
          bound.name,
          reason === undefined
            ? verdictOf(watched.find((one) => one.bound === bound)!)
            : { outcome: "not applicable", reason },
        ]),
      ),

    state: () =>
      toPlain(
        Object.fromEntries(
          watched.map(({ bound, monitor, tally }) => [bound.name, { tally, monitor: monitor.state() }]),
        ),
      ),
  };
}
