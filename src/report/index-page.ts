import { plural, printable } from "../base/text.js";
import { toolVersion } from "../results/provenance.js";
import { sortable } from "./cells.js";
import { documentOf, themeButton } from "./document.js";
import { type Html, html } from "./html.js";
import { startReading } from "./reader-script.js";

/** What the index of several experiments says of one of them. */
export interface Summary {
  /** Of its directory, from the index. */
  readonly directory: string;
  readonly name: string;
  readonly description?: string;
  readonly runs: number;
  /** Those that diverged, and those that failed, or were not made to their end. */
  readonly diverged: number;
  readonly unfinished: number;
  /** What its runs come to, in words. */
  readonly answer: string;
  readonly expectations: { readonly met: number; readonly all: number };
  readonly violated: number;
  readonly thumbnail?: Html;
}

const quiet = html`<td class="number quiet">–</td>`;

function expectationsCell({ expectations: { met, all } }: Summary): Html {
  if (all === 0) return quiet;
  return html`<td class="number ${met < all ? "bad" : "good"}" data-value="${met - all}">${met} of ${all}</td>`;
}

const violatedCell = ({ violated }: Summary): Html =>
  html`<td class="number ${violated > 0 ? "bad" : "quiet"}" data-value="${violated}">${violated}</td>`;

function runsCell({ runs, diverged, unfinished }: Summary): Html {
  const lost = [diverged > 0 && `${diverged} diverged`, unfinished > 0 && `${unfinished} not finished`].filter(Boolean);
  return html`<td class="number" data-value="${runs}">${runs}${lost.length > 0 && html`<br><span class="warn">${lost.join(", ")}</span>`}</td>`;
}

function rowOf(summary: Summary): Html {
  const { directory, name, description, answer, thumbnail } = summary;
  const inside = (file: string) => `${encodeURIComponent(directory)}/${file}`;
  return html`<tr><td><a href="${inside("report.html")}"><b>${printable(name)}</b></a>${description !== undefined && html`<br><span class="quiet">${printable(description)}</span>`}</td><td>${thumbnail}</td><td>${printable(answer)}</td>${runsCell(summary)}${expectationsCell(summary)}${violatedCell(summary)}<td class="files nowrap"><a href="${inside("report.html")}">report</a> <a href="${inside("summary.csv")}">summary</a> <a href="${inside("runs/")}">runs</a></td></tr>
`;
}

/** One row an experiment, with links to their reports, which lie beside the index. */
export function indexPage(title: string, summaries: readonly Summary[]): string {
  const sorted = summaries.toSorted((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const body = html`<header><h1>${printable(title)}</h1><p class="lead">${plural(summaries.length, "experiment")}</p>${themeButton}</header>
<div class="table"><table id="experiments"><thead><tr>${sortable("experiment")}<th></th>${sortable("what its runs come to")}${sortable("runs", "number")}${sortable("expectations met", "number")}${sortable("bounds violated", "number")}<th>files</th></tr></thead><tbody>
${sorted.map(rowOf)}</tbody></table></div>
<footer>Made by run-experiment ${toolVersion}. Click the head of a column to sort by it.</footer>`;
  const scripts = [`${startReading}\nstartReading();`];
  return documentOf({ title: printable(title), body, scripts, evaluates: false });
}
