import type { TopLevelSpec } from "vega-lite";
import type { Figure, Spec } from "./figure.js";
import { expand } from "./page-script.js";
import { themeConfig } from "./theme.js";

/** Without the invisible points, which only answer to a pointer. */
function visible(spec: Spec): Spec {
  const { layer, spec: inner } = spec as { layer?: Spec[]; spec?: Spec };
  const isShown = ({ encoding }: Spec) => (encoding as { opacity?: { value?: number } })?.opacity?.value !== 0;
  return {
    ...spec,
    ...(layer && { layer: layer.filter(isShown) }),
    ...(inner && { spec: visible(inner) }),
  };
}

/** A figure as an SVG document on white, without a browser. */
export async function renderSvg({ spec, data }: Figure): Promise<string> {
  const [vega, { compile }] = await Promise.all([import("vega"), import("vega-lite")]);
  const complete = {
    ...visible(spec),
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
