import { ExperimentError } from "../base/errors.js";
import { toDigits } from "../base/numbers.js";
import type { Objective } from "../comparison/objective.js";
import type { Expectation, Measure, Selection } from "../config/expectation-schema.js";
import type { Manifest } from "../results/manifest.js";
import { Traces } from "../results/traces.js";
import { largestRelativeDifference, slopeOf, statisticOf } from "./statistics.js";
import { tunedDifference, tunedValue } from "./tuned-value.js";

/** What became of an expectation. One that could not be evaluated is not met. */
export interface Finding {
  readonly claim: string;
  readonly source: string;
  readonly met: boolean;
  /** How many runs it was evaluated on. */
  readonly runs: number;
  /** What was expected, e.g. "slope of … near 1 ± 0.05". */
  readonly expected: string;
  /** What was measured, or why nothing could be. */
  readonly measured: string;
}

/** A measured number with whether the relation holds for it. */
interface Judged {
  readonly text: string;
  readonly met: boolean;
}

function matches(manifest: Manifest, selection: Selection): boolean {
  return Object.entries(selection).every(([key, wanted]) => {
    const actual = key === "optimizer" ? manifest.optimizer : key === "seed" ? manifest.seed : manifest.axes[key];
    if (actual === undefined) {
      const axes = ["optimizer", "seed", ...Object.keys(manifest.axes)];
      throw new ExperimentError(`expect: runs cannot be selected by "${key}"; expected one of ${axes.join(", ")}`);
    }
    return actual === wanted;
  });
}

const digits = (value: number) => toDigits(value, 6);

/** Evaluates the expectations of one experiment on its finished runs. */
export class ExpectationReader {
  private readonly traces: Traces;

  /** @param objective by which the best configuration is chosen */
  constructor(
    private readonly manifests: readonly Manifest[],
    experimentDirectory: string,
    private readonly objective: Objective,
  ) {
    this.traces = new Traces(experimentDirectory);
  }

  evaluate(expectation: Expectation): Finding {
    const { claim, source, runs } = expectation;
    const expected = expectedText(expectation);
    try {
      const selected = this.select(runs);
      const judged = this.judge(expectation, selected);
      return {
        claim,
        source,
        expected,
        runs: selected.length,
        met: judged.length > 0 && judged.every(({ met }) => met),
        measured: summary(judged),
      };
    } catch (error) {
      if (!(error instanceof ExperimentError)) throw error;
      return { claim, source, expected, runs: 0, met: false, measured: `not evaluated: ${error.message}` };
    }
  }

  private select(selection: Selection, among = this.manifests): Manifest[] {
    const selected = among.filter((manifest) => matches(manifest, selection));
    if (selected.length === 0) throw new ExperimentError(`no run is selected by ${JSON.stringify(selection)}`);
    return selected;
  }

  private one(selection: Selection): Manifest {
    const selected = this.select(selection);
    if (selected.length > 1)
      throw new ExperimentError(`${JSON.stringify(selection)} selects ${selected.length} runs; expected one`);
    return selected[0]!;
  }

  private measure(manifest: Manifest, { column, statistic, tail, layer }: Measure): number {
    return statisticOf(this.traces.series(manifest, column, layer).values, statistic, tail);
  }

  /** One judgement a run, or a single one for a slope over several runs. */
  private judge(expectation: Expectation, selected: readonly Manifest[]): Judged[] {
    const { value, verdict, status, slope, ratio, difference, tuned } = expectation;
    if (value) return selected.map((run) => this.relate(expectation, this.measure(run, value), run));
    if (verdict) return judgeVerdicts(selected, verdict);
    if (status) return selected.map((run) => ({ text: run.status, met: run.status === status }));
    if (ratio) {
      const divisor = this.measure(this.one(ratio.over), ratio.of);
      return selected.map((run) => this.relate(expectation, this.measure(run, ratio.of) / divisor, run));
    }
    if (difference) {
      const other = this.traces.series(this.one(difference.from), difference.column).values;
      return selected.map((run) => {
        const own = this.traces.series(run, difference.column).values;
        return this.relate(expectation, largestRelativeDifference(own, other), run);
      });
    }
    if (tuned) return [this.judgeTuned(expectation, selected, tuned)];
    return this.judgeSlope(expectation, selected, slope!);
  }

  private judgeTuned(
    expectation: Expectation,
    selected: readonly Manifest[],
    { column, statistic, of, minus }: NonNullable<Expectation["tuned"]>,
  ): Judged {
    const measure = { column, statistic };
    const one = tunedValue(this.select(of, selected), measure, this.objective);
    const measured = minus
      ? tunedDifference(one, tunedValue(this.select(minus, selected), measure, this.objective))
      : one;
    const { text, met } = this.relate(expectation, measured.value, one.group.runs[0]!);
    return { text: `${text} (${measured.detail})`, met };
  }

  private judgeSlope(
    expectation: Expectation,
    selected: readonly Manifest[],
    { of, column, against, scale, from = 0, to = Number.POSITIVE_INFINITY }: NonNullable<Expectation["slope"]>,
  ): Judged[] {
    const fittedSlope = (x: readonly number[], y: readonly number[]) => {
      const inside = x.map((_, i) => i).filter((i) => x[i]! >= from && x[i]! <= to);
      const abscissae = inside.map((i) => (scale === "log-log" ? Math.log(x[i]!) : x[i]!));
      return slopeOf(
        abscissae,
        inside.map((i) => Math.log(y[i]!)),
      );
    };
    if (column !== undefined) {
      return selected.map((run) => {
        const { steps, values } = this.traces.series(run, column);
        return this.relate(expectation, fittedSlope(steps, values), run);
      });
    }
    const x = selected.map((run) => Number(run.axes[against] ?? Number.NaN));
    const y = selected.map((run) => this.measure(run, of!));
    return [this.relate(expectation, fittedSlope(x, y), selected[0]!)];
  }

  /** NaN is below, above and near nothing. */
  private relate({ below, above, near }: Expectation, measured: number, run: Manifest): Judged {
    const number = (value: number | { reference: string }) => resolved(value, run);
    const met =
      (below === undefined || measured < number(below)) &&
      (above === undefined || measured > number(above)) &&
      (near === undefined ||
        Math.abs(measured - number(near.value)) <= near.absolute + near.relative * Math.abs(number(near.value)));
    return { text: digits(measured), met };
  }
}

function resolved(value: number | { reference: string }, run: Manifest): number {
  if (typeof value === "number") return value;
  const reference = run.reference?.[value.reference];
  if (reference === undefined) {
    const known = Object.keys(run.reference ?? {}).join(", ") || "none";
    throw new ExperimentError(`the problem has no reference number "${value.reference}"; it has ${known}`);
  }
  return reference;
}

/** All runs together where the bound held; else one judgement a run. */
function judgeVerdicts(runs: readonly Manifest[], { bound, outcome }: NonNullable<Expectation["verdict"]>): Judged[] {
  const verdicts = runs.map(({ label, verdicts }) => {
    const verdict = verdicts?.[bound];
    if (!verdict) throw new ExperimentError(`the run ${label} has no verdict on the bound "${bound}"`);
    return verdict;
  });
  const held = verdicts.flatMap((verdict) => (verdict.outcome === "held" ? [verdict] : []));
  if (held.length === verdicts.length) {
    const checks = held.reduce((sum, verdict) => sum + verdict.checks, 0);
    const slack = Math.min(...held.map(({ smallestSlack }) => Number(smallestSlack)));
    return [{ text: `held in ${checks} checks, smallest slack ${toDigits(slack, 3)}`, met: outcome === "held" }];
  }
  return verdicts.map((verdict) => ({
    text:
      verdict.outcome === "not applicable"
        ? `not applicable: ${verdict.reason}`
        : verdict.outcome === "held"
          ? "held"
          : `violated at step ${verdict.firstStep}`,
    met: verdict.outcome === outcome,
  }));
}

function expectedText(expectation: Expectation): string {
  const { value, verdict, status, slope, ratio, difference, tuned, below, above, near } = expectation;
  const measure = (m: Measure) => `${m.statistic} ${m.column}${m.layer ? ` of ${m.layer}` : ""}`;
  const text = (v: number | { reference: string }) => (typeof v === "number" ? String(v) : v.reference);
  const relation = [
    below === undefined ? "" : ` < ${text(below)}`,
    above === undefined ? "" : ` > ${text(above)}`,
    near === undefined ? "" : ` = ${text(near.value)} ± ${near.absolute || `${100 * near.relative} %`}`,
  ].join("");
  if (value) return `${measure(value)}${relation}`;
  if (verdict) return `${verdict.bound} ${verdict.outcome}`;
  if (status) return `run ${status}`;
  if (ratio) return `ratio of ${measure(ratio.of)}${relation}`;
  if (difference) return `relative difference of ${difference.column}${relation}`;
  if (tuned) return `tuned ${tuned.statistic} ${tuned.column}${tuned.minus ? ", difference" : ""}${relation}`;
  const of = slope!.of ? measure(slope!.of) : slope!.column;
  return `${slope!.scale} slope of ${of} against ${slope!.against}${relation}`;
}

/** A single judgement in full; several as their number and the extremes, or the first that is not met. */
function summary(judged: readonly Judged[]): string {
  const failed = judged.find(({ met }) => !met);
  if (failed) return failed.text;
  const texts = [...new Set(judged.map(({ text }) => text))];
  if (texts.length <= 2) return texts.join(" and ");
  const numbers = texts.map(Number);
  if (numbers.every((number) => !Number.isNaN(number)))
    return `${digits(Math.min(...numbers))} … ${digits(Math.max(...numbers))}`;
  return `${texts[0]}, and so on for ${judged.length} runs`;
}
