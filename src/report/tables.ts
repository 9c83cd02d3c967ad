import { printable } from "../base/text.js";
import type { Objective } from "../comparison/objective.js";
import { runColumns } from "../comparison/run-columns.js";
import type { BoundFinding } from "../expectations/bound-findings.js";
import type { Finding } from "../expectations/evaluate.js";
import type { Manifest } from "../results/manifest.js";
import { provenanceFacts } from "../results/provenance-facts.js";
import { numberCell, sortable } from "./cells.js";
import { formulaMarkup } from "./formula.js";
import { type Html, html } from "./html.js";

const statusClass: Readonly<Record<Manifest["status"], string>> = {
  completed: "good",
  diverged: "warn",
  stopped: "quiet",
  failed: "bad",
  interrupted: "warn",
  running: "quiet",
};

function verdictCell({ verdicts = {} }: Manifest): Html {
  const entries = Object.entries(verdicts);
  const violated = entries.filter(([, { outcome }]) => outcome === "violated");
  const held = entries.filter(([, { outcome }]) => outcome === "held");
  const title = entries.map(([name, { outcome }]) => `${name}: ${outcome}`).join("\n");
  if (violated.length > 0)
    return html`<td class="bad" title="${title}">violated: ${violated.map(([name]) => name).join(", ")}</td>`;
  if (held.length > 0)
    return html`<td class="nowrap" title="${title}"><span class="good">${held.length} held</span></td>`;
  return html`<td class="quiet" title="${title}">${entries.length > 0 ? "none applies" : "–"}</td>`;
}

/** Links to a run's files, which lie beside the report: they work from the disk too. */
function fileCell({ id, files = {} }: Manifest): Html {
  const directory = `runs/${encodeURIComponent(id)}`;
  const names = ["run.json", ...Object.keys(files).filter((name) => name.endsWith(".csv"))];
  return html`<td class="files nowrap">${names.map((name) => html`<a href="${directory}/${encodeURIComponent(name)}">${name.replace(/\.csv$/, "")}</a> `)}</td>`;
}

/** One row a run, in the order of the matrix. */
export function runsTable(manifests: readonly Manifest[], objective: Objective): Html {
  const shown = runColumns(objective, manifests);
  const rows = manifests.map((manifest) => {
    const { label, status, stopReason, outcome, wallSeconds } = manifest;
    const name = printable(label);
    return html`<tr data-label="${name.toLowerCase()}"><td title="${manifest.id}">${name}</td>
<td class="${statusClass[status]} nowrap" title="${printable(stopReason ?? "")}">${status}${status === "diverged" && html` at ${outcome?.steps}`}</td>
${numberCell(outcome?.steps)}${shown.map(({ value }) => numberCell(value(manifest)))}
${verdictCell(manifest)}${numberCell(wallSeconds === undefined ? undefined : Number(wallSeconds.toPrecision(3)))}${fileCell(manifest)}</tr>
`;
  });
  return html`<div class="table"><table id="runs"><thead><tr>${sortable("run")}${sortable("status")}${sortable("steps", "number")}${shown.map(({ title }) => sortable(title, "number"))}${sortable("bounds")}${sortable("time [s]", "number")}<th>files</th></tr></thead><tbody>
${rows}</tbody></table></div>`;
}

/** What was expected, and what came. */
export function expectationsTable(findings: readonly Finding[]): Html {
  const rows = findings.map(
    ({ claim, source, met, expected, measured, runs }) =>
      html`<tr><td class="${met ? "good" : "bad"} nowrap" style="min-width:0">${met ? "met" : "not met"}</td><td>${printable(claim)}<br><span class="quiet">${printable(source)}</span></td><td>${printable(expected)}</td><td>${printable(measured)}</td><td class="number">${runs}</td></tr>
`,
  );
  return html`<div class="table"><table><thead><tr><th></th><th>claim</th><th>expected</th><th>measured</th><th class="number">runs</th></tr></thead><tbody>
${rows}</tbody></table></div>`;
}

/** How the bounds ended over all runs; those that apply nowhere are folded away with their reasons. */
export function boundsTable(bounds: readonly BoundFinding[]): Html {
  const checked = bounds.filter(({ held, violated }) => held + violated > 0);
  const rows = checked.map(
    ({ bound, theorem, statement, held, violated, checks, smallestSlack, detail }) =>
      html`<tr><td class="nowrap" style="min-width:0">${theorem} ${bound}</td><td>${formulaMarkup(statement)}${violated > 0 && html`<br><span class="bad">${printable(detail)}</span>`}</td><td class="number good">${held}</td><td class="number ${violated > 0 ? "bad" : "quiet"}">${violated}</td><td class="number">${checks}</td>${numberCell(smallestSlack)}</tr>
`,
  );
  const idle = bounds
    .filter(({ held, violated }) => held + violated === 0)
    .map(({ theorem, bound, detail }) => html`<dt>${theorem} ${bound}</dt><dd>${printable(detail)}</dd>`);
  return html`${
    rows.length > 0 &&
    html`<div class="table"><table><thead><tr><th>bound</th><th>statement</th><th class="number">runs held</th><th class="number">violated</th><th class="number">checks</th><th class="number">smallest slack</th></tr></thead><tbody>
${rows}</tbody></table></div>`
  }${idle.length > 0 && html`<details><summary>${idle.length} not applicable to any run</summary><dl>${idle}</dl></details>`}`;
}

/** Provenance, once where all runs share it; facts that differ list every value with its number of runs. */
export function provenanceList(manifests: readonly Manifest[]): Html {
  const counts = new Map<string, Map<string, number>>();
  for (const manifest of manifests) {
    for (const [name, value] of provenanceFacts(manifest)) {
      if (name === "seconds" || name === "started") continue;
      const values = counts.get(name) ?? new Map<string, number>();
      values.set(value, (values.get(value) ?? 0) + 1);
      counts.set(name, values);
    }
  }
  const entries = [...counts].map(([name, values]) => {
    const several = [...values]
      .slice(0, 4)
      .map(
        ([value, count]) =>
          html`<div>${printable(value)}${values.size > 1 && html` <span class="quiet">(${count} runs)</span>`}</div>`,
      );
    return html`<dt>${name}</dt><dd>${several}${values.size > 4 && html`<div class="quiet">and ${values.size - 4} more</div>`}</dd>`;
  });
  return html`<dl>${entries}</dl>`;
}
