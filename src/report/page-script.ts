import type { Figure, FigureData } from "./figure.js";
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
  signal(name: string, value: unknown): View;
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
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const printing = window.matchMedia("print");
  const choices: Record<string, Record<string, string>> = {};
  page.views = {};
  page.ready = false;

  const theme = (): Theme => {
    const chosen = document.documentElement.dataset.theme;
    if (printing.matches) return "light";
    return chosen === "dark" || (chosen !== "light" && dark.matches) ? "dark" : "light";
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

  async function draw(figure: PageData["figures"][number]): Promise<void> {
    const element = document.querySelector(`#${figure.id} .plot`)!;
    page.views[figure.id]?.finalize();
    const { view } = await page.vegaEmbed(
      element,
      {
        ...(withAxes(figure.spec, choices[figure.id] ?? {}) as object),
        datasets: { points: expand(figure.data) },
        config: data.configs[theme()],
      },
      {
        mode: "vega-lite",
        renderer: "svg",
        actions: { export: { svg: true, png: true }, source: false, compiled: false, editor: false },
        downloadFileName: figure.id,
        tooltip: { theme: theme() },
      },
    );
    page.views[figure.id] = view;
    if (filter?.value) await view.signal("filter", filter.value).runAsync();
  }

  /** One after the other, with the page free in between. */
  async function drawAll(): Promise<void> {
    page.ready = false;
    for (const figure of data.figures) {
      await draw(figure);
      await new Promise((resolve) => setTimeout(resolve));
    }
    page.ready = true;
  }

  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-axis]")) {
    button.addEventListener("click", () => {
      const figure = data.figures.find(({ id }) => id === button.dataset.figure)!;
      const type = button.getAttribute("aria-pressed") === "true" ? "linear" : "log";
      button.setAttribute("aria-pressed", String(type === "log"));
      choices[figure.id] = { ...choices[figure.id], [button.dataset.axis!]: type };
      void draw(figure);
    });
  }

  document.getElementById("theme")?.addEventListener("click", () => {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    void drawAll();
  });
  dark.addEventListener("change", () => void drawAll());
  printing.addEventListener("change", () => void drawAll());

  filter?.addEventListener("input", () => {
    const wanted = filter.value.toLowerCase();
    for (const row of document.querySelectorAll<HTMLElement>("#runs tbody tr")) {
      row.hidden = !row.dataset.label!.includes(wanted);
    }
    for (const view of Object.values(page.views)) void view.signal("filter", filter.value).runAsync();
  });

  void drawAll();
}
