import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { plural, printable } from "../base/text.js";
import { answerOf } from "../comparison/answer.js";
import type { Comparison } from "../comparison/compare.js";
import { toolVersion } from "../results/provenance.js";
import { documentOf, themeButton } from "./document.js";
import type { ExperimentResults } from "./experiment-results.js";
import type { Figure, NamedFormula } from "./figure.js";
import { formulaMarkup } from "./formula.js";
import { embeddedJson, type Html, html } from "./html.js";
import { expand, type PageData, startPage } from "./page-script.js";
import { startReading } from "./reader-script.js";
import { boundsTable, expectationsTable, provenanceList, runsTable } from "./tables.js";
import { themeConfig } from "./theme.js";
import { tunedTable } from "./tuned-table.js";

const libraries = ["vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js", "vega-embed/build/vega-embed.min.js"];

/** The minified file of a library, found next to its entry point. */
function librarySource(path: string): string {
  const [name] = path.split("/");
  const entry = createRequire(import.meta.url).resolve(name!);
  return readFileSync(entry.replace(/build[\\/][^\\/]*$/, path.slice(name!.length + 1)), "utf8");
}

const count = (results: ExperimentResults, status: string) =>
  results.manifests.filter((manifest) => manifest.status === status).length;

function facts(results: ExperimentResults): Html {
  const { manifests, findings, bounds, missing, damaged } = results;
  const seeds = new Set(manifests.map(({ seed }) => seed)).size;
  const held = bounds.reduce((sum, bound) => sum + bound.held, 0);
  const violated = bounds.reduce((sum, bound) => sum + bound.violated, 0);
  const met = findings.filter((finding) => finding.met).length;
  const fact = (value: string | number, name: string, tone = "") =>
    html`<div><b class="${tone}">${value}</b>${name}</div>`;
  const states = (["diverged", "stopped", "failed", "interrupted", "running"] as const).filter(
    (status) => count(results, status) > 0,
  );
  return html`<div class="facts">${[
    fact(manifests.length, manifests.length === 1 ? "run" : "runs"),
    fact(new Set(manifests.map(({ optimizer }) => optimizer)).size, "optimizers"),
    fact(seeds, seeds === 1 ? "seed" : "seeds"),
    fact(count(results, "completed"), "completed"),
    ...states.map((status) => fact(count(results, status), status, status === "failed" ? "bad" : "")),
    ...(damaged.length > 0 ? [fact(damaged.length, "with damaged files", "bad")] : []),
    ...(missing.length > 0 ? [fact(missing.length, "not run yet", "warn")] : []),
    ...(held + violated > 0 ? [fact(violated, "bounds violated", violated > 0 ? "bad" : "good")] : []),
    ...(findings.length > 0
      ? [fact(`${met} of ${findings.length}`, "expectations met", met < findings.length ? "bad" : "good")]
      : []),
  ]}</div>`;
}

/** Why a figure does not show what the reader filters for. */
const unfilteredNote = ({ spec }: Figure): string =>
  (spec.params as { name: string }[] | undefined)?.some(({ name }) => name === "filter")
    ? "None of the configurations drawn here bears these words. Curves are medians over seeds, which they do not name; where a sweep is large, only the best are drawn."
    : "This figure is not filtered.";

/** Text with what stands between backticks as code. */
const withCode = (text: string): Html[] =>
  text.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));

const formulaList = (formulas: readonly NamedFormula[]): Html | false =>
  formulas.length > 0 &&
  html`<dl class="formulas">${formulas.map(({ name, meaning, formula }) => html`<dt>${name}</dt><dd>${formulaMarkup(formula)} <span class="quiet">${withCode(meaning)}</span></dd>`)}</dl>`;

function figureBlock(figure: Figure): Html {
  const { id, title, caption, formulas = [], switchable, spec } = figure;
  const logarithmic = (axis: string) =>
    (spec.params as { name: string; value: unknown }[] | undefined)?.some(
      ({ name, value }) => name === `log${axis.toUpperCase()}` && value === true,
    );
  const buttons = switchable.map(
    (axis) =>
      html`<button type="button" data-figure="${id}" data-axis="${axis}" aria-pressed="${String(logarithmic(axis))}" title="switch the ${axis} axis between linear and logarithmic">log ${axis}</button> `,
  );
  return html`<figure id="${id}"><div class="bar"><h2>${printable(title)}</h2><span>${buttons}</span></div><figcaption>${printable(caption)}</figcaption>${formulaList(formulas)}<p class="empty" hidden>${unfilteredNote(figure)}</p><div class="plot" role="img" aria-label="${printable(title)}"></div></figure>
`;
}

const folded = 40;

/** What the runs come to, before anything else: in words, as a table, and against what was tuned. */
function answer(comparison: Comparison, figures: readonly Figure[]): Html {
  const { sentences, caveats } = answerOf(comparison);
  const isCompared = comparison.groups.length > 1;
  return html`<section id="answer">
${isCompared && html`<div class="verdict">${sentences.map((sentence) => html`<p>${printable(sentence)}</p>`)}</div>`}
${tunedTable(comparison)}
${figures.map(figureBlock)}
${caveats.length > 0 && html`<ul class="caveats">${caveats.map((caveat) => html`<li>${printable(caveat)}</li>`)}</ul>`}
</section>`;
}

/** The whole report as one self-contained page. */
export function reportPage(results: ExperimentResults, comparison: Comparison, figures: readonly Figure[]): string {
  const { manifests, findings, bounds, name, description, damaged } = results;
  const data: PageData = {
    figures: figures.map(({ id, spec, data, switchable }) => ({ id, spec, data, switchable })),
    configs: { light: themeConfig("light"), dark: themeConfig("dark") },
  };
  const table = runsTable(manifests, results.objective);
  const body = html`<header><h1>${printable(name)}</h1>${description !== undefined && html`<p class="lead">${printable(description)}</p>`}${themeButton}</header>
${damaged.length > 0 && html`<section><p class="bad">Files of finished runs are not what they were; figures and expectations lack them or are wrong. Run the experiment again.</p><ul>${damaged.map((line) => html`<li>${printable(line)}</li>`)}</ul></section>`}
<noscript><p>Figures need JavaScript; the tables do not. The same figures are in the directory figures, as SVG.</p></noscript>
${answer(
  comparison,
  figures.filter(({ isAnswer }) => isAnswer),
)}
${facts(results)}
<nav>${findings.length > 0 && html`<a href="#expectations">Expectations</a>`}${bounds.length > 0 && html`<a href="#bounds">Bounds</a>`}<a href="#all-runs">Runs</a><a href="#provenance">Provenance</a>${manifests.length > 1 && html`<input id="filter" type="search" placeholder="filter figures and runs, e.g. ${printable(manifests[0]!.optimizer).slice(0, 30)}" aria-label="filter figures and runs">`}</nav>
${figures.filter(({ isAnswer }) => !isAnswer).map(figureBlock)}
${findings.length > 0 && html`<section id="expectations"><h2>Expectations</h2>${expectationsTable(findings)}</section>`}
${bounds.length > 0 && html`<section id="bounds"><h2>Bounds</h2>${boundsTable(bounds)}</section>`}
<section id="all-runs"><h2>Runs</h2>${manifests.length > folded ? html`<details><summary>${plural(manifests.length, "run")}</summary>${table}</details>` : table}</section>
<section id="provenance"><h2>Provenance</h2>${provenanceList(manifests)}</section>
<footer>Made by run-experiment ${toolVersion} from the files in runs/. Drag to pan, Ctrl and wheel to zoom, double click to reset; click a legend entry to single it out, with Shift to add another; click the head of a column to sort by it.</footer>`;
  return documentOf({
    title: printable(name),
    body,
    data: embeddedJson(data),
    scripts: [
      ...libraries.map(librarySource),
      `${startReading}\nstartReading();`,
      `${expand}\n${startPage}\nstartPage();`,
    ],
    evaluates: true,
  });
}
