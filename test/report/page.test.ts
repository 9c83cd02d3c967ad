import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printable } from "../../src/base/text.js";
import { builtIn } from "../../src/built-in/built-in.js";
import type { Summary } from "../../src/report/index-page.js";
import { writeIndex, writeReport } from "../../src/report/report.js";
import { readColumns } from "../../src/trace/csv-columns.js";
import { chromium, execute, temporaryDirectory } from "./support.js";

if (!chromium) console.log("skipped: the report in a browser (no Chromium found; name one in CHROMIUM)");

const launchOptions = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The parts of a view that the tests look at. */
interface TestedWindow {
  ready: boolean;
  attacked?: boolean;
  views: Record<
    string,
    {
      data(name: string): Record<string, unknown>[];
      scale(name: string): { type: string; domain(): number[] };
      getState(options: { data(name: string): boolean; signals(): boolean }): {
        data: Record<string, unknown>;
      };
    }
  >;
}

const out = temporaryDirectory();
let browser: Browser;

/** Opens a report; whatever it complains about or asks of the network is collected. */
async function open(directory: string, file = "report.html"): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
  });
  const started = performance.now();
  await page.goto(pathToFileURL(join(directory, file)).href);
  await page.waitForFunction(() => (window as unknown as TestedWindow).ready !== false);
  console.log(`${directory.split("/").at(-1)}: all figures drawn after ${Math.round(performance.now() - started)} ms`);
  return { page, complaints };
}

const quadratic = { problem: { name: "quadratic", dimension: 4 }, steps: 60 };

describe.skipIf(!chromium)("the report in a browser", () => {
  beforeAll(async () => {
    browser = await playwright.launch({ executablePath: chromium!, args: launchOptions });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(out, { recursive: true, force: true });
  });

  it("shows one run's numbers as they stand in its CSV files", async () => {
    const optimizer = { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.1 } };
    const { directory, manifests } = await execute({ ...quadratic, name: "one", optimizer }, out);
    await writeReport(directory, builtIn, { svg: false });
    const { page, complaints } = await open(directory);
    const run = join(directory, "runs", manifests[0]!.id);

    for (const [figure, file, column] of [
      ["loss", "trace.csv", "loss"],
      ["gap", "trace.csv", "gap"],
      ["distance", "trace.csv", "distance"],
      ["norm-ratio", "layers.csv", "norm_ratio"],
      ["gradient-norm", "layers.csv", "grad_norm"],
    ] as const) {
      const shown = await page.evaluate(
        (id) =>
          (window as unknown as TestedWindow).views[id]!.data("points")
            .filter(({ kind }) => kind === "measured")
            .map(({ step, value }) => [step, value]),
        figure,
      );
      const columns = readColumns(join(run, file));
      const written = columns
        .get(column)!
        .map((text, i) => [Number(columns.get("step")![i]), text])
        .filter(([, text]) => text !== "")
        .map(([step, text]) => [step, Number(text)]);
      expect(shown, figure).toEqual(written);
    }
    const cell = await page.locator("#runs td.number").nth(2).getAttribute("title");
    expect(cell).toBe(String(manifests[0]!.outcome!.final.trainLoss));
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("singles out by legend, zooms, switches axes and theme, and filters", async () => {
    const optimizers = ["sgd", "lars", "percent-delta", "percent-delta-elementwise"].map((name) => ({
      name,
      learningRate: 0.02,
    }));
    const { directory } = await execute({ ...quadratic, name: "seeds", optimizers, seeds: [0, 1, 2, 3, 4] }, out);
    await writeReport(directory, builtIn, { svg: false });
    const { page, complaints } = await open(directory);

    await page.locator("#loss .role-legend-symbol path").nth(1).click();
    const picked = () =>
      page.evaluate(() =>
        (window as unknown as TestedWindow).views.loss!.data("pick_store").map(({ values }) => values),
      );
    await expect.poll(picked).toEqual([["lars"]]);

    const domain = () => page.evaluate(() => (window as unknown as TestedWindow).views.loss!.scale("x").domain());
    expect(await domain()).toEqual([0, 60]);
    await page.locator("#loss svg.marks").hover({ position: { x: 400, y: 200 } });
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await expect.poll(async () => (await domain())[1]! - (await domain())[0]!).toBeLessThan(55);

    const scale = (axis: string) =>
      page.evaluate((name) => (window as unknown as TestedWindow).views.loss!.scale(name).type, axis);
    expect([await scale("x"), await scale("y")]).toEqual(["linear", "log"]);
    await page.locator('#loss button[data-axis="y"]').click();
    await expect.poll(() => scale("y")).toBe("linear");
    await page.locator('#loss button[data-axis="x"]').click();
    await expect.poll(() => scale("x")).toBe("log");

    await page.locator("#filter").fill("percent");
    expect(await page.locator("#runs tbody tr:visible").count()).toBe(10);
    /** The groups in what figures draw, each figure's. */
    const groups = () =>
      page.evaluate(() =>
        Object.values((window as unknown as TestedWindow).views).map((view) => {
          const { data } = view.getState({ data: (name) => name !== "points", signals: () => false });
          const rows = Object.keys(data).flatMap((name) => view.data(name));
          return [...new Set(rows.flatMap(({ group }) => (typeof group === "string" ? [group] : [])))];
        }),
      );
    const filtered = ["percent-delta", "percent-delta-elementwise"];
    await expect.poll(groups).toEqual((await groups()).map(() => filtered));
    expect(await page.locator(".empty:visible").count()).toBe(0);
    // Curves are medians over seeds: a seed is none of theirs, and every figure says why it is empty.
    await page.locator("#filter").fill("seed=3");
    expect(await page.locator("#runs tbody tr:visible").count()).toBe(4);
    expect(await page.locator(".empty:visible").count()).toBe(await page.locator("figure").count());
    await page.locator("#filter").fill("");
    await page.locator("#theme").click();
    await page.waitForFunction(() => (window as unknown as TestedWindow).ready);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await page.emulateMedia({ media: "print" });
    await page.waitForFunction(() => (window as unknown as TestedWindow).ready);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("answers first, then shows how it came about, then what was checked", async () => {
    const optimizers = ["sgd", "lars"].map((name) => ({ name, learningRate: 0.1 }));
    const sweep = { grid: { "optimizer.learningRate": [0.001, 0.01, 0.1] } };
    const { directory, manifests } = await execute(
      { ...quadratic, name: "answer", optimizers, seeds: [0, 1, 2], sweep },
      out,
    );
    await writeReport(directory, builtIn, { svg: false });
    const { page, complaints } = await open(directory);
    const order = await page.evaluate(() =>
      [".verdict", "#tuned", "#sweep", ".caveats", ".facts", "#loss", "#bounds", "#all-runs", "#provenance"].map(
        (name) => document.querySelector(name)!.getBoundingClientRect().top,
      ),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    const final = (optimizer: string, rate: number) =>
      manifests
        .filter((run) => run.optimizer === optimizer && run.axes["optimizer.learningRate"] === rate)
        .map(({ outcome }) => outcome!.final.gap!)
        .sort((a, b) => a - b)[1]!;
    const rates = [0.001, 0.01, 0.1];
    const medians = ["sgd", "lars"].map((name) => Math.min(...rates.map((rate) => final(name, rate))));
    const cells = page.locator("#tuned tbody tr td:nth-child(3)");
    const titles = async () => (await cells.all()).map((cell) => cell.getAttribute("title"));
    expect(await Promise.all(await titles())).toEqual(medians.map(String));
    // A best rate at the end of its axis is marked, and the caveats say how to go on.
    expect(await page.locator("#tuned .warn[title*='beyond']").count()).toBeGreaterThan(0);
    expect(await page.locator(".caveats").textContent()).toContain("--extend");

    const runs = () => page.locator("#runs tbody tr td:first-child").allTextContents();
    const labels = await runs();
    const head = page.locator("#runs th button", { hasText: "final gap" });
    await head.click();
    const sorted = manifests
      .toSorted((a, b) => a.outcome!.final.gap! - b.outcome!.final.gap!)
      .map(({ label }) => label);
    expect(await runs()).toEqual(sorted);
    await head.click();
    expect(await runs()).toEqual(sorted.toReversed());
    await page.locator("#runs th button", { hasText: "run" }).first().click();
    expect(new Set(await runs())).toEqual(new Set(labels));

    const links = await page
      .locator("#runs td.files a")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
    expect(links).toHaveLength(3 * manifests.length);
    for (const link of links) expect(statSync(fileURLToPath(link)).size).toBeGreaterThan(0);
    expect(await page.locator("#bounds math").count()).toBeGreaterThan(5);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("fits phones and wide screens: figures fill their width, and the page never goes sideways", async () => {
    const optimizers = ["sgd", "lars"].map((name) => ({ name, learningRate: 0.1 }));
    const grid = { "problem.conditionNumber": [2, 50], "optimizer.learningRate": [0.001, 0.01, 0.1, 1, 10] };
    const { directory } = await execute({ ...quadratic, name: "widths", optimizers, sweep: { grid } }, out);
    await writeReport(directory, builtIn, { svg: false });
    const { page, complaints } = await open(directory);
    for (const width of [360, 800, 1400, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      const measured = () =>
        page.evaluate(() => ({
          ready: (window as unknown as TestedWindow).ready,
          page: document.documentElement.scrollWidth,
          plots: [...document.querySelectorAll(".plot")].map((plot) => ({
            id: plot.parentElement!.id,
            room: plot.clientWidth,
            width: Number(plot.querySelector("svg.marks")?.getAttribute("width")),
          })),
        }));
      const misfits = async () => {
        const { ready, page: whole, plots } = await measured();
        const wrong = plots.filter((plot) => plot.width > plot.room || plot.width < 0.9 * plot.room);
        return ready && whole <= width ? wrong : { ready, whole };
      };
      await expect.poll(misfits, { timeout: 20_000 }).toEqual([]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("lists many experiments in an index", async () => {
    const directory = join(out, "several");
    mkdirSync(directory);
    const summaries: Summary[] = [];
    for (const name of ["second <b>", "first"]) {
      const { directory: own } = await execute(
        {
          ...quadratic,
          name: name.replace(/ .*/, ""),
          description: `a ${name}`,
          optimizer: { name: "lars", learningRate: 0.1 },
        },
        directory,
      );
      summaries.push((await writeReport(own, builtIn, { svg: false })).summary);
    }
    writeIndex(directory, summaries);
    const { page, complaints } = await open(directory, "index.html");
    const names = page.locator("#experiments tbody tr td:first-child b");
    expect(await names.allTextContents()).toEqual(["first", "second"]);
    expect(await page.locator("#experiments").textContent()).toContain("a second <b>");
    expect(await page.locator("#experiments svg.thumbnail polyline").count()).toBe(2);
    await page.locator("#experiments th button").first().click();
    await page.locator("#experiments th button").first().click();
    expect(await names.allTextContents()).toEqual(["second", "first"]);
    const links = await page
      .locator("#experiments a")
      .evaluateAll((all) => all.map((a) => (a as HTMLAnchorElement).href));
    for (const link of links) expect(existsSync(fileURLToPath(link)), link).toBe(true);
    await page.locator("#theme").click();
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(18, 22, 27)");
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("opens a sweep of 300 runs from less than 5 MB", async () => {
    const optimizers = ["sgd", "lars", "percent-delta"].map((name) => ({ name, learningRate: 0.1 }));
    const sweep = { grid: { "optimizer.learningRate": { logspace: [1e-4, 10, 20] } } };
    const seeds = [0, 1, 2, 3, 4];
    const { directory, manifests } = await execute(
      { ...quadratic, steps: 25, name: "sweep", optimizers, seeds, sweep },
      out,
    );
    expect(manifests).toHaveLength(300);
    expect(manifests.some(({ status }) => status === "diverged")).toBe(true);
    const { page: path, figures } = await writeReport(directory, builtIn, { svg: true });
    expect(statSync(path).size).toBeLessThan(5e6);
    expect(figures.map((file) => file.split("/").at(-1))).toContain("sweep.svg");
    for (const file of figures) expect(readFileSync(file, "utf8")).toMatch(/^<svg.*<path.*<\/svg>$/s);
    const { page, complaints } = await open(directory);
    expect(await page.locator("#sweep svg.marks").count()).toBe(1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("draws swept values down to the smallest there is", async () => {
    const { directory } = await execute(
      {
        ...{ ...quadratic, steps: 5, name: "tiny", optimizer: { name: "lars", learningRate: 0.1 } },
        sweep: { grid: { "optimizer.learningRate": [5e-324, 1e-310, 1e-5, 0.1] } },
      },
      out,
    );
    await writeReport(directory, builtIn, { svg: false });
    const { page, complaints } = await open(directory);
    const shown = await page.evaluate(() => (window as unknown as TestedWindow).views.sweep!.data("points"));
    expect(shown.map(({ x }) => x)).toEqual([5e-324, 1e-310, 1e-5, 0.1]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("takes hostile names as text", async () => {
    const attack = '"></script><img src=x onerror="window.attacked=true"><!--';
    const labels = [
      attack,
      "../../../etc/passwd",
      "学習率 🚀 \u2028 \u202e rtl",
      "W".repeat(200),
      "{{constructor.constructor('alert(1)')()}}",
    ];
    const optimizers = labels.map((label) => ({ name: "lars", label, learningRate: 0.05 }));
    const expectation = { claim: attack, source: attack, status: "completed" };
    const { directory, manifests } = await execute(
      { ...quadratic, name: "hostile", description: attack, optimizers, expect: [expectation] },
      out,
    );
    expect(manifests).toHaveLength(5);
    const { figures } = await writeReport(directory, builtIn, { svg: true });
    for (const file of figures) expect(readFileSync(file, "utf8")).not.toContain("<img");
    const { page, complaints } = await open(directory);
    expect(await page.evaluate(() => (window as unknown as TestedWindow).attacked)).toBeUndefined();
    expect(await page.locator("img").count()).toBe(0);
    const names = await page.locator("#runs tbody tr td:first-child").allTextContents();
    expect(names).toEqual(manifests.map(({ label }) => printable(label)));
    expect(await page.locator(".lead").textContent()).toBe(attack);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(1100);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
