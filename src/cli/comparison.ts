import { plural } from "../base/text.js";
import { answerOf } from "../comparison/answer.js";
import type { Comparison, Standing } from "../comparison/compare.js";
import { isOpen } from "../comparison/edge.js";
import { axesOf, type Group, medianOf, tunings } from "../comparison/groups.js";
import { axisName, pairText, scoreText, valueText } from "../comparison/labels.js";
import { isBetter, type Objective, wordsOf } from "../comparison/objective.js";
import { toTargetText } from "../comparison/targets.js";
import { hasWon, type Spread, spreadOf, type TunedWinner } from "../comparison/tuned.js";
import { columnsOf } from "./output.js";
import { warning } from "./runs.js";
import { fittedTable, type TableColumn, wrapped } from "./table.js";
import { type Line, type Piece, toned } from "./tone.js";

/** What a screen shows. */
const mostLines = 40;

/** Optimizers under conditions; more of them are told by the best of each condition alone. */
const mostWinners = 20;

/** "0.00152 ± 4e-4": an error has no more digits than it is worth. */
function meanText({ mean, standardError }: Spread, objective: Objective): string {
  if (standardError === undefined) return "";
  return pairText(scoreText(objective, mean), "±", scoreText(objective, standardError, 2));
}

const rangeText = ({ min, max, seeds }: Spread, objective: Objective) =>
  seeds > 1 ? `[${pairText(scoreText(objective, min), "–", scoreText(objective, max))}]` : "";

/** Of n/N seeds nothing is said where all came to an end. */
function lostText({ diverged, unfinished, seeds }: Spread, status: "diverged" | "unfinished"): Piece {
  const lost = status === "diverged" ? diverged : unfinished;
  return lost > 0 ? toned("warning", `${lost}/${seeds}`) : "";
}

const spreadColumns: readonly TableColumn[] = [
  { title: "median" },
  { title: "[min – max]", dispensable: 3 },
  { title: "mean ± s.e.", dispensable: 4 },
  { title: "diverged" },
  { title: "unfinished" },
];

const spreadCells = (spread: Spread, objective: Objective): Piece[] => [
  hasWon(spread) ? scoreText(objective, spread.median) : "–",
  rangeText(spread, objective),
  meanText(spread, objective),
  lostText(spread, "diverged"),
  lostText(spread, "unfinished"),
];

/** A value at the end of an axis is marked as the warning on it is. */
function axisCell({ group, edges }: TunedWinner, path: string): string {
  const edge = edges.find((one) => one.path === path);
  return `${edge && isOpen(edge) ? "! " : ""}${valueText(group.axes[path] ?? "")}`;
}

const decadesText = ({ goodRange: range }: TunedWinner) =>
  range ? `${range.isOpen ? "≥ " : ""}${range.decades.toFixed(1)}` : "";

/** The axis that nearly every table has, in a word as narrow as its values. */
const axisTitle = (path: string) => axisName(path).replace(/^learningRate$/, "rate");

function tunedTable({ objective, groups }: Comparison, winners: readonly TunedWinner[], width: number): Line[] {
  const paths = axesOf(groups).tuned.map(([path]) => path);
  const columns: TableColumn[] = [
    { title: "" },
    { title: "optimizer" },
    ...paths.map((path) => ({ title: axisTitle(path) })),
    ...spreadColumns,
    { title: "steps to target", dispensable: 1 },
    { title: "decades", dispensable: 2 },
  ];
  const rows = winners.map((winner) => [
    winner.facet,
    winner.optimizer,
    ...paths.map((path) => (hasWon(winner) ? axisCell(winner, path) : "–")),
    ...spreadCells(winner, objective),
    toTargetText(winner.group),
    decadesText(winner),
  ]);
  return fittedTable(columns, rows, width);
}

/** The best few configurations of each optimizer, as many as there are lines for. */
function leadersTable({ objective, groups }: Comparison, lines: number, width: number): Line[] {
  const ranked = tunings(groups).map((own) => own.toSorted((a, b) => order(objective, a, b)));
  const most = Math.max(...ranked.map((own) => own.length));
  const count = Math.min(most, 3, Math.floor((lines - 1) / ranked.length));
  if (count < 2) return [];
  const rows = ranked.flatMap((own) =>
    own.slice(0, count).map((group) => [group.label, ...spreadCells(spreadOf(group, objective), objective)]),
  );
  return fittedTable([{ title: `best ${count} of each` }, ...spreadColumns], rows, width);
}

function order(objective: Objective, one: Group, other: Group): number {
  const [a, b] = [medianOf(one, objective), medianOf(other, objective)];
  return isBetter(objective, a, b) ? -1 : isBetter(objective, b, a) ? 1 : 0;
}

function shownWinners(standings: readonly Standing[]): { winners: readonly TunedWinner[]; omitted: string } {
  const all = standings.flatMap(({ winners }) => winners);
  if (all.length <= mostWinners) return { winners: all, omitted: "" };
  const firsts = standings.flatMap(({ first }) => first ?? []);
  const omitted = firsts.length - mostWinners;
  const more = omitted > 0 ? `; ${omitted} more are in the report` : "";
  return { winners: firsts.slice(0, mostWinners), omitted: `, the best optimizer under each condition${more}` };
}

/** What many runs come to, on one screen: the tuned table, the best few of each optimizer, and an answer in words. */
export function comparisonLines(comparison: Comparison, width = columnsOf()): Line[] {
  const { objective, groups, standings } = comparison;
  const { sentences, caveats } = answerOf(comparison);
  const { winners, omitted } = shownWinners(standings);
  const runs = groups.reduce((sum, group) => sum + group.runs.length, 0);
  const ranged = winners.find(({ goodRange }) => goodRange)?.goodRange;
  const decades = ranged ? `; decades: ${axisName(ranged.path)} ${ranged.tolerance}` : "";
  const title = `${plural(runs, "run")} of ${plural(groups.length, "configuration")} by ${wordsOf(objective)}, the best of each optimizer${omitted}${decades}`;
  const tuned = [
    ...wrapped(title, width).map((line): Line => [toned("strong", line)]),
    ...tunedTable(comparison, winners, width),
  ];
  const words: Line[] = [
    ...(omitted === "" ? sentences : []).flatMap((sentence) => wrapped(sentence, width)),
    ...caveats.flatMap((caveat) => warning(caveat, width)),
    "every run: --all",
  ];
  const left = mostLines - tuned.length - words.length - 6;
  const leaders = omitted === "" ? leadersTable(comparison, left, width) : [];
  return [...tuned, ...(leaders.length > 0 ? ["", ...leaders] : []), "", ...words];
}

/** A number that JSON has no word for, spelled out. */
const number = (value: number | undefined) =>
  value === undefined ? undefined : Number.isFinite(value) ? value : String(value);

function winnerJson({ group, goodRange, edges, optimizer, ...facts }: TunedWinner) {
  const { configurations, seeds, median, min, max, mean, standardError, diverged, unfinished } = facts;
  return {
    ...{ optimizer, axes: group.axes, runs: group.runs.map(({ id }) => id), configurations, seeds },
    ...{ median: number(median), min: number(min), max: number(max), mean: number(mean), standardError },
    ...{ diverged, unfinished, goodRange, edges },
  };
}

/** The comparison for machines, every digit of it. */
export const comparisonJson = ({ standings }: Comparison) =>
  standings.map(({ winners, first, differences }) => ({
    conditions: winners[0]!.group.conditions,
    best: first?.optimizer,
    winners: winners.map(winnerJson),
    differences: differences.map(({ other, difference }) => ({
      ...{ of: first!.optimizer, minus: other.optimizer, ...difference, mean: number(difference.mean) },
    })),
  }));
