import { printable } from "../base/text.js";
import { goodRangeText } from "../comparison/answer.js";
import type { Comparison, Standing } from "../comparison/compare.js";
import { edgeText, isOpen } from "../comparison/edge.js";
import { axesOf } from "../comparison/groups.js";
import { axisName, scoreText, valueText } from "../comparison/labels.js";
import { type Objective, wordsOf } from "../comparison/objective.js";
import { hasWon, type TunedWinner } from "../comparison/tuned.js";
import { sortable } from "./cells.js";
import { type Html, html } from "./html.js";

/** A score as people read it, with all digits in its title. */
const scoreCell = (objective: Objective, score: number): Html =>
  html`<td class="number" title="${String(score)}" data-value="${String(score)}">${scoreText(objective, score)}</td>`;

/** A tuned value; one at the end of what was tried is marked. */
function axisCell(winner: TunedWinner, path: string): Html {
  if (!hasWon(winner)) return html`<td class="number quiet">–</td>`;
  const value = winner.group.axes[path];
  const edge = winner.edges.find((one) => one.path === path);
  const mark =
    edge && isOpen(edge) && html`<span class="warn" title="${edgeText(edge)}: a better value may lie beyond">⚠ </span>`;
  return html`<td class="number" data-value="${typeof value === "number" ? String(value) : "NaN"}">${mark}${printable(valueText(value ?? ""))}</td>`;
}

function goodRangeCell({ goodRange }: TunedWinner): Html {
  if (!goodRange) return html`<td class="number quiet">–</td>`;
  const { from, to, decades, isOpen: isCut } = goodRange;
  const range = from === to ? valueText(from) : `${valueText(from)} – ${valueText(to)}`;
  return html`<td class="number" data-value="${String(decades)}" title="${goodRangeText(goodRange)}">${range} <span class="quiet">(${isCut && "≥ "}${decades.toFixed(1)})</span></td>`;
}

/** Of the runs that an optimizer was tuned by, those that diverged. */
function divergedCell({ groups }: Comparison, { optimizer, facet }: TunedWinner): Html {
  const runs = groups
    .filter((group) => group.optimizer === optimizer && group.facet === facet)
    .flatMap((group) => group.runs);
  const diverged = runs.filter(({ status }) => status === "diverged").length;
  return html`<td class="number ${diverged > 0 ? "warn" : "quiet"}" data-value="${diverged}">${diverged} of ${runs.length}</td>`;
}

function rowOf(comparison: Comparison, { facet, first }: Standing, winner: TunedWinner, columns: Columns): Html {
  const { objective } = comparison;
  const { optimizer, configurations, seeds, median, min, max } = winner;
  const range = seeds > 1 ? `[${scoreText(objective, min)} – ${scoreText(objective, max)}]` : "";
  return html`<tr class="${winner === first ? "first" : ""}">${columns.isFaceted && html`<td class="name" title="${facet}">${facet}</td>`}<td class="name" title="${optimizer}">${optimizer}</td>${columns.paths.map((path) => axisCell(winner, path))}${scoreCell(objective, median)}<td class="number quiet">${range}</td><td class="number" data-value="${seeds}">${seeds}</td><td class="number" data-value="${configurations}">${configurations}</td>${divergedCell(comparison, winner)}${columns.isRanged && goodRangeCell(winner)}</tr>
`;
}

interface Columns {
  readonly isFaceted: boolean;
  readonly isRanged: boolean;
  /** Of the tuned axes. */
  readonly paths: readonly string[];
}

/** What each optimizer comes to at its best on each problem, and what it took to find that. */
export function tunedTable(comparison: Comparison): Html {
  const { objective, groups, standings } = comparison;
  const winners = standings.flatMap((standing) => standing.winners.map((winner) => ({ standing, winner })));
  const goodRange = winners.find(({ winner }) => winner.goodRange)?.winner.goodRange;
  const columns: Columns = {
    isFaceted: standings.length > 1,
    isRanged: goodRange !== undefined,
    paths: axesOf(groups).tuned.map(([path]) => path),
  };
  const ranged = goodRange && sortable("good range (decades)", "number");
  const explained =
    goodRange && ` Good range: the ${axisName(goodRange.path)} that comes to a median ${goodRange.tolerance}.`;
  return html`<div class="table"><table id="tuned"><thead><tr>${columns.isFaceted && sortable("problem")}${sortable("optimizer")}${columns.paths.map((path) => sortable(axisName(path), "number"))}${sortable(`median ${wordsOf(objective)}`, "number")}<th class="number">[min – max]</th>${sortable("seeds", "number")}${sortable("tried", "number")}${sortable("diverged", "number")}${ranged}</tr></thead><tbody>
${winners.map(({ standing, winner }) => rowOf(comparison, standing, winner, columns))}</tbody></table></div>
<p class="under">The best configuration of each optimizer${columns.isFaceted && " on each problem"}, of those that were tried; diverged: of all their runs.${explained}</p>`;
}
