import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { printable } from "../base/text.js";
import { toolVersion } from "../results/provenance.js";
import type { ExperimentResults } from "./experiment-results.js";
import { type Figure, plural } from "./figure.js";
import { embeddedJson, embeddedScript, type Html, html } from "./html.js";
import { expand, type PageData, startPage } from "./page-script.js";
import { pageStyle } from "./page-style.js";
import { boundsTable, expectationsTable, provenanceList, runsTable } from "./tables.js";
import { themeConfig } from "./theme.js";

const libraries = ["vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js", "vega-embed/build/vega-embed.min.js"];

/** The minified file of a library, found next to its entry point. */
function librarySource(path: string): string {
  const [name] = path.split("/");
  const entry = createRequire(import.meta.url).resolve(name!);
  return readFileSync(entry.replace(/build[\\/][^\\/]*$/, path.slice(name!.length + 1)), "utf8");
}

/** Text of a script element and the hash by which the page's policy lets it, and nothing else, run. */
function script(source: string): { element: Html; policy: string } {
  const content = embeddedScript(source);
  const hash = createHash("sha256").update(content.markup).digest("base64");
  return { element: html`<script>${content}</script>\n`, policy: `'sha256-${hash}'` };
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

function figureBlock({ id, title, caption, switchable, spec }: Figure): Html {
  const logarithmic = (axis: string) =>
    (spec.params as { name: string; value: unknown }[]).some(
      ({ name, value }) => name === `log${axis.toUpperCase()}` && value === true,
    );
  const buttons = switchable.map(
    (axis) =>
      html`<button type="button" data-figure="${id}" data-axis="${axis}" aria-pressed="${String(logarithmic(axis))}" title="switch the ${axis} axis between linear and logarithmic">log ${axis}</button> `,
  );
  return html`<figure id="${id}"><div class="bar"><h2>${printable(title)}</h2><span>${buttons}</span></div><figcaption>${printable(caption)}</figcaption><div class="plot" role="img" aria-label="${printable(title)}"></div></figure>
`;
}

const folded = 40;

/** The whole report as one self-contained page: no request leaves it, and no text of a config can become markup. */
export function reportPage(results: ExperimentResults, figures: readonly Figure[]): string {
  const { manifests, findings, bounds, name, description, damaged } = results;
  const data: PageData = {
    figures: figures.map(({ id, spec, data, switchable }) => ({ id, spec, data, switchable })),
    configs: { light: themeConfig("light"), dark: themeConfig("dark") },
  };
  const scripts = [...libraries.map(librarySource), `${expand}\n${startPage}\nstartPage();`].map(script);
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(({ policy: hash }) => hash).join(" ")} 'unsafe-eval'`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
  ].join("; ");
  const table = runsTable(manifests, results.objective);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${printable(name)}</title>
<style>${embeddedScript(pageStyle)}</style>
</head>
<body>
<main>
<header><h1>${printable(name)}</h1>${description !== undefined && html`<p class="lead">${printable(description)}</p>`}<button id="theme" type="button" title="switch between light and dark">◐</button></header>
${facts(results)}
${damaged.length > 0 && html`<section><p class="bad">Files of finished runs are not what they were; figures and expectations lack them or are wrong. Run the experiment again.</p><ul>${damaged.map((line) => html`<li>${printable(line)}</li>`)}</ul></section>`}
<nav>${findings.length > 0 && html`<a href="#expectations">Expectations</a>`}${bounds.length > 0 && html`<a href="#bounds">Bounds</a>`}<a href="#all-runs">Runs</a><a href="#provenance">Provenance</a>${manifests.length > 1 && html`<input id="filter" type="search" placeholder="filter runs, e.g. ${printable(manifests[0]!.optimizer).slice(0, 30)}" aria-label="filter runs">`}</nav>
<noscript><p>Figures need JavaScript; the tables do not. The same figures are in the directory figures, as SVG.</p></noscript>
${figures.map(figureBlock)}
${findings.length > 0 && html`<section id="expectations"><h2>Expectations</h2>${expectationsTable(findings)}</section>`}
${bounds.length > 0 && html`<section id="bounds"><h2>Bounds</h2>${boundsTable(bounds)}</section>`}
<section id="all-runs"><h2>Runs</h2>${manifests.length > folded ? html`<details><summary>${plural(manifests.length, "run")}</summary>${table}</details>` : table}</section>
<section id="provenance"><h2>Provenance</h2>${provenanceList(manifests)}</section>
<footer>Made by run-experiment ${toolVersion} from the files in runs/. Drag to pan, Ctrl and wheel to zoom, double click to reset; click a legend entry to single it out, with Shift to add another.</footer>
</main>
<script type="application/json" id="report-data">${embeddedJson(data)}</script>
${scripts.map(({ element }) => element)}</body>
</html>
`;
  return page.markup;
}
