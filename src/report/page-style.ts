import { palettes } from "./theme.js";

/** Colours of the lines of small pictures. */
const lines = palettes.light.map((_, i) => `.line-${i} { stroke: var(--line-${i}); }`).join("\n");

const coloursOf = (theme: keyof typeof palettes) =>
  palettes[theme].map((colour, i) => `--line-${i}: ${colour};`).join(" ");

/** The page's style sheet: one column, quiet lines, figures first; dark on request, light on paper. */
export const pageStyle = `
:root {
  color-scheme: light;
  --text: #1f2328; --muted: #59636e; --rule: #d9dee3; --soft: #f6f8fa; --page: #ffffff;
  --good: #1a7f4b; --bad: #b42318; --warn: #8a5a00; --accent: #0072b2;
  ${coloursOf("light")}
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --text: #e6e8eb; --muted: #9aa4af; --rule: #333b44; --soft: #1b2129; --page: #12161b;
  --good: #4cc38a; --bad: #ff8a80; --warn: #e3b341; --accent: #4ea8de;
  ${coloursOf("dark")}
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme="light"]) {
    color-scheme: dark;
    --text: #e6e8eb; --muted: #9aa4af; --rule: #333b44; --soft: #1b2129; --page: #12161b;
    --good: #4cc38a; --bad: #ff8a80; --warn: #e3b341; --accent: #4ea8de;
  ${coloursOf("dark")}
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif;
}
main { max-width: 1240px; margin: 0 auto; padding: clamp(20px, 4vw, 40px) clamp(14px, 3vw, 28px) 80px; }
header { position: relative; padding-right: 60px; }
h1 { font-size: 28px; line-height: 1.2; margin: 0 0 8px; letter-spacing: -0.015em; }
h2 { font-size: 19px; margin: 52px 0 4px; letter-spacing: -0.01em; overflow-wrap: anywhere; }
p { margin: 0 0 12px; max-width: 74ch; overflow-wrap: anywhere; }
.lead { font-size: 16px; color: var(--muted); }
.verdict { margin: 22px 0 4px; font-size: 17px; } .verdict p { max-width: 90ch; margin: 0 0 4px; }
tr.first td { font-weight: 600; }
.caveats { margin: 16px 0 0; padding-left: 20px; color: var(--muted); font-size: 14px; max-width: 96ch; }
${lines}
.thumbnail polyline { fill: none; stroke-width: 1.3; }
.facts { display: flex; flex-wrap: wrap; gap: 6px 34px; margin: 24px 0 0; padding: 14px 0; border: solid var(--rule); border-width: 1px 0; }
.facts div { font-size: 13px; color: var(--muted); max-width: 100%; overflow-wrap: anywhere; }
.facts b { display: block; font-size: 19px; font-weight: 600; color: var(--text); font-variant-numeric: tabular-nums; }
nav { margin: 18px 0 0; font-size: 14px; display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: center; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
figure { margin: 44px 0 0; break-inside: avoid; }
figure h2 { margin: 0 0 2px; }
.bar { display: flex; justify-content: space-between; align-items: baseline; gap: 20px; }
.bar span { white-space: nowrap; }
figcaption { color: var(--muted); font-size: 13.5px; max-width: 96ch; margin-bottom: 8px; }
.plot { width: 100%; overflow-x: auto; overflow-y: hidden; min-height: 120px; }
.plot svg.marks { max-width: 100%; height: auto; }
.plot.unseen { height: 0; min-height: 0; visibility: hidden; }
.empty { color: var(--warn); font-size: 13.5px; }
.formulas { font-size: 13.5px; color: var(--muted); margin: 0 0 10px; }
.formulas dt { color: var(--text); }
.formulas dd { overflow-x: auto; overflow-y: hidden; overflow-wrap: normal; }
math { font-size: 15px; font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math; }
button, input {
  font: inherit; font-size: 12.5px; color: var(--muted); background: transparent;
  border: 1px solid var(--rule); border-radius: 6px; padding: 2px 9px;
}
button { cursor: pointer; }
button:hover { color: var(--text); border-color: var(--muted); }
button[aria-pressed="true"] { color: var(--text); background: var(--soft); }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
#theme { position: absolute; top: 4px; right: 0; }
#filter { width: 220px; padding: 4px 10px; color: var(--text); }
.table { overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--muted); border-bottom: 1px solid var(--rule); vertical-align: bottom; overflow-wrap: normal; }
th button { all: unset; cursor: pointer; } th button:hover { color: var(--text); } th button:focus-visible { outline: 2px solid var(--accent); }
th[aria-sort="ascending"] button::after { content: " ↑"; } th[aria-sort="descending"] button::after { content: " ↓"; }
th, td { padding: 5px 16px 5px 0; } td { vertical-align: top; }
td { border-bottom: 1px solid var(--rule); overflow-wrap: break-word; }
td:first-child { max-width: 340px; min-width: 150px; overflow-wrap: anywhere; }
td.name { min-width: 0; max-width: 26em; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
#experiments td:first-child { min-width: 240px; } #experiments td:nth-child(3) { min-width: 260px; }
.under { color: var(--muted); font-size: 13px; margin-top: 8px; max-width: 96ch; }
th.number, td.number { text-align: right; overflow-wrap: normal; } td.number { white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .quiet { color: var(--muted); }
.nowrap { white-space: nowrap; }
details { margin-top: 12px; } summary { cursor: pointer; color: var(--muted); font-size: 14px; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 22px; font-size: 13px; margin: 12px 0 0; }
dt { color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
.vega-embed { padding-right: 0 !important; display: block !important; }
.vega-embed details { opacity: 0; transition: opacity 0.15s; margin: 0; }
.vega-embed:hover details, .vega-embed details:focus-within { opacity: 1; }
footer { margin-top: 60px; padding-top: 14px; border-top: 1px solid var(--rule); color: var(--muted); font-size: 13px; }
@media (max-width: 640px) {
  dl { grid-template-columns: minmax(0, 1fr); gap: 0; } dd { margin-bottom: 6px; }
}
@media print {
  :root, :root[data-theme="dark"], :root:not([data-theme="light"]) {
    color-scheme: light;
    --text: #000; --muted: #444; --rule: #ccc; --soft: #fff; --page: #fff; --good: #1a7f4b; --bad: #b42318; --accent: #000;
  }
  body { font-size: 11pt; } main { max-width: none; padding: 0; }
  .bar button, #theme, nav, .vega-embed details { display: none !important; }
  .table { overflow: visible; } table { font-size: 8.5pt; } table math { font-size: 9.5pt; }
  tr { break-inside: avoid; }
}
`;
