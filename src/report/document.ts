import { createHash } from "node:crypto";
import { embeddedScript, type Html, html } from "./html.js";
import { pageStyle } from "./page-style.js";

/** Text of a script element and the hash by which the page's policy lets it, and nothing else, run. */
function script(source: string): { element: Html; policy: string } {
  const content = embeddedScript(source);
  const hash = createHash("sha256").update(content.markup).digest("base64");
  return { element: html`<script>${content}</script>\n`, policy: `'sha256-${hash}'` };
}

export const themeButton = html`<button id="theme" type="button" title="switch between light and dark">◐</button>`;

interface DocumentOptions {
  readonly title: string;
  readonly body: Html;
  /** Data that scripts read, and nothing runs. */
  readonly data?: Html;
  readonly scripts: readonly string[];
  /** Whether scripts make functions from text, as Vega does. */
  readonly evaluates: boolean;
}

/** A self-contained page: no request leaves it, and no text of a config can become markup or a program. */
export function documentOf({ title, body, data, scripts, evaluates }: DocumentOptions): string {
  const elements = scripts.map(script);
  const policy = [
    "default-src 'none'",
    `script-src ${elements.map(({ policy: hash }) => hash).join(" ")}${evaluates ? " 'unsafe-eval'" : ""}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
  ].join("; ");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${embeddedScript(pageStyle)}</style>
</head>
<body>
<main>
${body}
</main>
${data && html`<script type="application/json" id="report-data">${data}</script>\n`}${elements.map(({ element }) => element)}</body>
</html>
`.markup;
}
