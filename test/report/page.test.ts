import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type Page, chromium as playwright } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { printable } from "../../src/base/text.js";
import { builtIn } from "../../src/built-in/built-in.js";
import { writeReport } from "../../src/report/report.js";
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
    }
  >;
}

const out = temporaryDirectory();
let browser: Browser;

/** Opens a report; whatever it complains about or asks of the network is collected. */
async function open(directory: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    if (!/^(file|data):/.test(request.url())) complaints.push(`request: ${request.url()}`);
  });
  const started = performance.now();
  await page.goto(pathToFileURL(join(directory, "report.html")).href);
  await page.waitForFunction(() => (window as unknown as TestedWindow).ready);
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
    await page.locator("#theme").click();
    await page.waitForFunction(() => (window as unknown as TestedWindow).ready);
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
    await page.emulateMedia({ media: "print" });
    await page.waitForFunction(() => (window as unknown as TestedWindow).ready);
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
