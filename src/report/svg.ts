import type { TopLevelSpec } from "vega-lite";
import type { Figure } from "./figure.js";
import { expand } from "./page-script.js";
import { themeConfig } from "./theme.js";

/** A figure as an SVG document on white, without a browser. */
export async function renderSvg({ spec, data }: Figure): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const complete = {
    ...spec,
    datasets: { points: expand(data) },
    config: { ...themeConfig("light"), background: "white" },
  };
  const compiled = compile(complete as unknown as TopLevelSpec, { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(compiled.spec), { renderer: "none", logLevel: vega.Error });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
