import type { Figure, FigureData, Spec } from "./figure.js";
import type { Theme } from "./theme.js";

/** What the page is given as JSON. */
export interface PageData {
  readonly figures: readonly Pick<Figure, "id" | "spec" | "data" | "switchable">[];
  readonly configs: Readonly<Record<Theme, unknown>>;
}

/** Rows as objects. Part of the page: it must use nothing from outside itself. */
export function expand({ fields, rows }: FigureData): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(fields.map((field, i) => [field, row[i] ?? null])));
}

/** A view of Vega, as far as the page uses it. */
interface View {
  signal(name: string): number;
  signal(name: string, value: unknown): View;
  getState(options: { signals(): boolean; data(): boolean }): { readonly signals: Readonly<Record<string, unknown>> };
  resize(): View;
  runAsync(): Promise<View>;
  finalize(): void;
}

type Embed = (element: Element, spec: unknown, options: Record<string, unknown>) => Promise<{ readonly view: View }>;

/**
 * The page's own program: draws every figure, and again when the theme or an axis is switched; filters figures and
 * tables. It runs in the reader's browser, as text, next to `expand`; it must use nothing else from outside itself.
 */
export function startPage(): void {
  const page = window as unknown as { vegaEmbed: Embed; views: Record<string, View>; ready: boolean };
  const data = JSON.parse(document.getElementById("report-data")!.textContent!) as PageData;
  const filter = document.getElementById("filter") as HTMLInputElement | null;
  const printing = window.matchMedia("print");
  const choices: Record<string, Record<string, string>> = {};
  /** For which each figure was drawn. */
  const widths = new Map<string, number>();
  /** Panels narrower than this stand below each other. */
  const narrowest = 250;
  /** What an axis takes beside a panel, until it is seen. */
  const axisRoom = 60;
  page.views = {};
  page.ready = false;

  const theme = (): Theme => {
    if (printing.matches) return "light";
    return getComputedStyle(document.documentElement).colorScheme === "dark" ? "dark" : "light";
  };

  /** The specification with the reader's axes: the scale's type, and the parameter that hides what it cannot show. */
  function withAxes(node: unknown, types: Record<string, string>): unknown {
    if (Array.isArray(node)) return node.map((inner) => withAxes(inner, types));
    if (typeof node !== "object" || node === null) return node;
    const result: Record<string, unknown> = {};
    for (const [key, inner] of Object.entries(node)) {
      const type = types[key];
      const channel = inner as { scale?: { type?: string } };
      result[key] = withAxes(
        type !== undefined && channel?.scale?.type
          ? { ...channel, scale: { ...channel.scale, type, zero: type === "log" ? undefined : false } }
          : inner,
        types,
      );
    }
    const param = node as { name?: string; value?: unknown };
    for (const [axis, type] of Object.entries(types)) {
      if (param.name === `log${axis.toUpperCase()}`) result.value = type === "log";
    }
    return result;
  }

  /** The specification with as many panels side by side as the width has room for; one of another layout as it is. */
  function inWidth(spec: Spec, available: number): Spec {
    const told = (spec.params as { name: string }[] | undefined)?.map((param) =>
      param.name === "available" ? { ...param, value: available } : param,
    );
    const { columns, spec: unit, width } = spec as { columns?: number; spec?: { width?: number }; width?: unknown };
    const shared = { ...spec, ...(told && { params: told }) };
    if (typeof width === "number") return { ...shared, width: available - axisRoom };
    if (columns === undefined || unit?.width === undefined) return shared;
    const most = Math.max(1, Math.min(columns, Math.floor(available / narrowest)));
    return { ...shared, columns: most, spec: { ...unit, width: Math.floor(available / most) - axisRoom } };
  }

  const knows = (view: View, signal: string) =>
    signal in view.getState({ signals: () => true, data: () => false }).signals;

  /** Widens or narrows the panels until figure and axes fill the width that there is. */
  async function fillWidth(view: View, element: Element, { columns = 1, width }: Spec): Promise<void> {
    const name = width === undefined ? "child_width" : "width";
    if (!knows(view, name)) return;
    for (let attempt = 0; attempt < 3; attempt++) {
      const drawn = Number(element.querySelector("svg.marks")!.getAttribute("width"));
      const missing = Math.floor((element.clientWidth - drawn) / Number(columns));
      if (missing === 0) return;
      await view
        .signal(name, Math.max(80, view.signal(name) + missing))
        .resize()
        .runAsync();
    }
  }

  /**
   * Filters a figure. One that has nothing of what is wanted says why, and is left as it is, out of sight; one that cannot be
   * filtered says so.
   */
  async function search({ id, data: { fields, rows } }: PageData["figures"][number], wanted: string): Promise<void> {
    const view = page.views[id];
    if (!view) return;
    const column = fields.indexOf("group");
    const isFiltered = knows(view, "filter");
    const isFound = rows.some((row) => String(row[column]).toLowerCase().includes(wanted));
    document.querySelector<HTMLElement>(`#${id} .empty`)!.hidden = wanted === "" || (isFiltered && isFound);
    document.querySelector(`#${id} .plot`)!.classList.toggle("unseen", isFiltered && !isFound);
    if (isFiltered && isFound) await view.signal("filter", wanted).runAsync();
  }

  async function draw(figure: PageData["figures"][number]): Promise<void> {
    const element = document.querySelector(`#${figure.id} .plot`)!;
    page.views[figure.id]?.finalize();
    widths.set(figure.id, element.clientWidth);
    const spec = inWidth(withAxes(figure.spec, choices[figure.id] ?? {}) as Spec, element.clientWidth);
    const { view } = await page.vegaEmbed(
      element,
      { ...spec, datasets: { points: expand(figure.data) }, config: data.configs[theme()] },
      {
        mode: "vega-lite",
        renderer: "svg",
        actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
        downloadFileName: figure.id,
        tooltip: { theme: theme() },
      },
    );
    page.views[figure.id] = view;
    if (filter?.value) await search(figure, filter.value.toLowerCase());
    await fillWidth(view, element, spec);
  }

  let drawing = Promise.resolve();

  /** One after the other, with the page free in between; what is asked for meanwhile comes after. */
  function drawAll(isWanted: (figure: PageData["figures"][number]) => boolean = () => true): void {
    page.ready = false;
    drawing = drawing.then(async () => {
      for (const figure of data.figures) {
        if (!isWanted(figure)) continue;
        await draw(figure);
        await new Promise((resolve) => setTimeout(resolve));
      }
      page.ready = true;
    });
  }

  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-axis]")) {
    button.addEventListener("click", () => {
      const figure = data.figures.find(({ id }) => id === button.dataset.figure)!;
      const type = button.getAttribute("aria-pressed") === "true" ? "linear" : "log";
      button.setAttribute("aria-pressed", String(type === "log"));
      choices[figure.id] = { ...choices[figure.id], [button.dataset.axis!]: type };
      drawAll((one) => one === figure);
    });
  }

  document.addEventListener("theme", () => drawAll());
  printing.addEventListener("change", () => drawAll());

  filter?.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of document.querySelectorAll<HTMLElement>("#runs tbody tr")) {
      row.hidden = !row.dataset.label!.includes(wanted);
    }
    for (const figure of data.figures) void search(figure, wanted);
  });

  let resized: ReturnType<typeof setTimeout> | undefined;
  window.addEventListener("resize", () => {
    clearTimeout(resized);
    resized = setTimeout(() => {
      drawAll(({ id }) => document.querySelector(`#${id} .plot`)!.clientWidth !== widths.get(id));
    }, 150);
  });

  drawAll();
}
