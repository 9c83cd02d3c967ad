/** Colours that stay apart for colour-blind readers, on white and on near-black (after Okabe and Ito, 2008). */
export const palettes = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9", "#5b3a8c", "#4d4d4d"],
  dark: ["#4ea8de", "#f0863a", "#2fc69b", "#e39ac4", "#e6b422", "#8fd0f5", "#a58bd6", "#c8c8c8"],
} as const;

export type Theme = keyof typeof palettes;

const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", Arial, sans-serif';

const inks = {
  light: { text: "#1f2328", muted: "#59636e", rule: "#d9dee3", grid: "#eceff2", heat: [0, 0.88] },
  dark: { text: "#e6e8eb", muted: "#9aa4af", rule: "#3a424b", grid: "#262d35", heat: [0.3, 1] },
} as const;

/** Vega-Lite's config for a theme: thin lines, quiet axes, nothing that is not data. */
export function themeConfig(theme: Theme): Record<string, unknown> {
  const { text, muted, rule, grid, heat } = inks[theme];
  /** Neither end of the colours may be lost on the page. */
  const colours = { scheme: "viridis", extent: heat };
  const label = { labelColor: muted, titleColor: text, labelFontSize: 11, titleFontSize: 12, titleFontWeight: 500 };
  return {
    background: null,
    font,
    padding: 4,
    view: { stroke: null, continuousWidth: 420, continuousHeight: 280 },
    axis: {
      ...label,
      grid: true,
      gridColor: grid,
      domainColor: rule,
      tickColor: rule,
      tickSize: 4,
      labelPadding: 4,
      titlePadding: 10,
      labelLimit: 180,
      labelSeparation: 8,
    },
    axisX: { grid: false, labelFlush: true, labelOverlap: "greedy" },
    axisY: { domain: false, ticks: false, labelOverlap: "greedy" },
    legend: {
      ...label,
      labelLimit: 260,
      symbolStrokeWidth: 2.5,
      orient: "top",
      title: null,
      columnPadding: 18,
      symbolOpacity: 1,
      symbolType: "stroke",
      rowPadding: 4,
      layout: { top: { direction: "vertical", anchor: "start", margin: 6 } },
    },
    header: { labelColor: text, labelFontSize: 12, labelFontWeight: 600, titleColor: text, labelLimit: 300 },
    title: { color: text, fontSize: 13, anchor: "start" },
    range: { category: [...palettes[theme]], heatmap: colours, ramp: colours },
    line: { strokeWidth: 1.6, strokeCap: "round" },
    mark: { invalid: "break-paths-filter-domains" },
    text: { color: muted },
    rule: { color: muted },
  };
}
