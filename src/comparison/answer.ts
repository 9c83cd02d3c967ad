import { capitalized, plural } from "../base/text.js";
import type { Comparison, Standing } from "./compare.js";
import { type Edge, edgeText, isOpen } from "./edge.js";
import type { GoodRange } from "./good-range.js";
import { axesOf } from "./groups.js";
import { axesText, axisName, differenceText, pairText, scoreText, shortNumber } from "./labels.js";
import { type Objective, wordsOf } from "./objective.js";
import { confidence, type PairedDifference } from "./pairs.js";
import type { TunedWinner } from "./tuned.js";

/** A comparison in words. */
export interface Answer {
  /** Which optimizer is best, with which values, how far these may be off, and whether the others are told apart. */
  readonly sentences: readonly string[];
  /** What is to be kept in mind. */
  readonly caveats: readonly string[];
}

/** The swept values that a winner was chosen for, e.g. "learningRate=0.3162, momentum=0.9"; empty where none was. */
export function tunedText({ group }: TunedWinner, { groups }: Pick<Comparison, "groups">): string {
  const paths = axesOf(groups).tuned.map(([path]) => path);
  return axesText(Object.fromEntries(Object.entries(group.axes).filter(([path]) => paths.includes(path))));
}

/** "at most twice the best: learningRate from 0.01 to 0.1 (1.0 decades)" */
export function goodRangeText({ path, from, to, decades, isOpen: isCut, tolerance }: GoodRange): string {
  const name = axisName(path);
  if (from === to) return `no other ${name} that was tried is ${tolerance}`;
  const cut = isCut ? ", as far as was tried" : "";
  return `${tolerance}: ${name} from ${shortNumber(from)} to ${shortNumber(to)} (${decades.toFixed(1)} decades${cut})`;
}

type Differences = Standing["differences"];

/** "sgd (mean difference -1e-5, 95 % interval -2e-5 to 1e-6)" */
function inNumbers({ other, difference }: Differences[number], objective: Objective): string {
  const { mean, interval, lost } = difference;
  const number = (value: number) => differenceText(objective, value);
  const range = interval
    ? `, ${100 * confidence} % interval ${pairText(number(interval.low), "to", number(interval.high))}`
    : ", the same with every seed";
  const left = lost > 0 ? `, without ${plural(lost, "seed")} that came to nothing` : "";
  return `${other.optimizer} (mean difference ${number(mean)}${range}${left})`;
}

const nameOf = ({ other }: Differences[number]) => other.optimizer;

/** Which of the others the first is better than, worse than, or not told apart from. */
function differencesText({ first, differences }: Standing, show: (one: Differences[number]) => string): string[] {
  if (!first || differences.length === 0) return [];
  if (first.seeds === 1) return ["not told apart from the others by one seed"];
  const seeds = plural(first.seeds, "seed");
  const said = (verdict: PairedDifference["verdict"], words: string, shown: typeof show) => {
    const told = differences.filter(({ difference }) => difference.verdict === verdict);
    return told.length > 0 ? [`${words} ${told.map(shown).join(", ")}`] : [];
  };
  return [
    ...said("better", `told apart by ${seeds}, better than`, nameOf),
    ...said("worse", "by its mean worse than", show),
    ...said("not told apart", `not told apart by ${seeds} from`, show),
  ];
}

function placeOf(first: TunedWinner, comparison: Comparison): string {
  const tuned = tunedText(first, comparison);
  return tuned === "" ? "" : ` at ${tuned}`;
}

/** One problem in full. */
function sentencesOf(standing: Standing, comparison: Comparison): string[] {
  const { first } = standing;
  const { objective } = comparison;
  if (!first) return ["nothing that was tried came to a number"];
  const reached = `median ${wordsOf(objective)} ${scoreText(objective, first.median)}`;
  return [
    `best: ${first.optimizer}${placeOf(first, comparison)}, ${reached}, of ${plural(first.configurations, "configuration")} and ${plural(first.seeds, "seed")}`,
    ...(first.goodRange ? [goodRangeText(first.goodRange)] : []),
    ...differencesText(standing, (one) => inNumbers(one, objective)),
  ];
}

/** One of several problems on one line. */
function lineOf(standing: Standing, comparison: Comparison): string {
  const { facet, first } = standing;
  if (!first) return `${facet}: nothing that was tried came to a number`;
  const reached = `${first.optimizer} with ${scoreText(comparison.objective, first.median)}${placeOf(first, comparison)}`;
  return [`${facet}: ${reached}`, ...differencesText(standing, nameOf)].join("; ");
}

interface Found {
  readonly edge: Edge;
  readonly names: string[];
}

const sentence = (text: string) => `${capitalized(text)}.`;

/** Where the best lies at the end of an axis, in words, with what goes on; the same end of an axis is told once. */
export function edgeWarnings({ standings }: Pick<Comparison, "standings">): string[] {
  const found = new Map<string, Found>();
  for (const { winners, facet } of standings) {
    for (const { optimizer, edges } of winners) {
      const name = facet === "" ? optimizer : `${optimizer} (${facet})`;
      for (const edge of edges) {
        const text = edgeText(edge);
        const known = found.get(text);
        if (known) known.names.push(name);
        else found.set(text, { edge, names: [name] });
      }
    }
  }
  return [...found].map(([text, { edge, names }]) =>
    sentence(
      `the best of ${fewOf(names)} has ${text}${isOpen(edge) ? `, and a better one may lie beyond: ${mendOf(edge)}` : ""}`,
    ),
  );
}

const mostNamed = 5;

const fewOf = (names: readonly string[]) =>
  names.length > mostNamed
    ? `${names.slice(0, mostNamed).join(", ")} and ${names.length - mostNamed} more`
    : names.join(", ");

function mendOf({ path, further, option }: Edge): string {
  if (option === undefined) return `widen ${path} in the space of the search`;
  return `the same command with --extend goes on with ${further.map(shortNumber).join(", ")} (or with ${option})`;
}

function budgetCaveat(winners: readonly TunedWinner[]): string[] {
  const tried = new Map<string, number>();
  for (const { optimizer, configurations } of winners) tried.set(optimizer, configurations);
  if (new Set(tried.values()).size < 2) return [];
  const counts = [...tried].map(([optimizer, count]) => `${optimizer} ${count}`);
  return [`budgets differ: configurations tried are ${counts.join(", ")}`];
}

/** What the objective is measured on, where there are examples to generalise to. */
function choiceCaveat({ objective: { column }, groups }: Comparison): string[] {
  if (groups.every(({ runs }) => runs[0]!.config.data === undefined)) return [];
  const mend = "data.validation sets some apart to choose by";
  if (column.includes("train_")) return [`chosen by training examples; others may rank otherwise (${mend})`];
  if (column.includes("test_")) return [`chosen by the test set, which flatters what was chosen (${mend})`];
  return [];
}

function caveatsOf(comparison: Comparison): string[] {
  const { groups, standings } = comparison;
  const winners = standings.flatMap((standing) => standing.winners);
  const runs = groups.flatMap((group) => group.runs);
  const count = (...statuses: string[]) => runs.filter(({ status }) => statuses.includes(status)).length;
  const [diverged, stopped] = [count("diverged"), count("stopped")];
  const unfinished = count("failed", "interrupted", "running");
  const isChosen = winners.some(({ configurations }) => configurations > 1);
  const isTold = standings.some(({ differences }) => differences.some((one) => one.difference.verdict === "better"));
  return [
    ...budgetCaveat(winners),
    ...(isChosen ? choiceCaveat(comparison) : []),
    ...(isChosen && isTold ? ["the best were chosen by the seeds that they are compared by"] : []),
    ...(winners.every(({ seeds }) => seeds === 1) ? ["one seed each: another one may rank them otherwise"] : []),
    ...(diverged > 0 ? [`${diverged} of ${plural(runs.length, "run")} diverged and count as the worst`] : []),
    ...(stopped > 0
      ? [
          `${stopped} of ${plural(runs.length, "run")} were stopped at a rung and count as worse than what was made in full`,
        ]
      : []),
    ...(unfinished > 0 ? [`${plural(unfinished, "run")} did not come to an end and count as the worst`] : []),
  ];
}

/** Says what the runs of an experiment come to, and with which reservations. */
export function answerOf(comparison: Comparison): Answer {
  const { standings } = comparison;
  const [only, ...others] = standings;
  const sentences =
    only && others.length === 0
      ? sentencesOf(only, comparison).map(capitalized)
      : standings.map((standing) => lineOf(standing, comparison));
  return {
    sentences: sentences.map((text) => `${text}.`),
    caveats: [...edgeWarnings(comparison), ...caveatsOf(comparison).map(sentence)],
  };
}
