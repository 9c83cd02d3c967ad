import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { readExperiment } from "../../src/report/experiment-results.js";
import type { Figure, FigureSource } from "../../src/report/figure.js";
import { sweep } from "../../src/report/figures/sweep-figure.js";
import { makeFigures } from "../../src/report/report.js";
import { readColumns } from "../../src/trace/csv-columns.js";
import { byAccuracy, byGap, overRates } from "../comparison/fixture.js";
import { execute, temporaryDirectory } from "./support.js";

type Row = Readonly<Record<string, unknown>>;

const rowsOf = ({ data: { fields, rows } }: Figure): Row[] =>
  rows.map((row) => Object.fromEntries(fields.map((field, i) => [field, row[i]])));

const distinct = (rows: readonly Row[], field: string) => [...new Set(rows.map((row) => row[field]))];

/** A node of a specification that has this key. */
function nodesWith(node: unknown, key: string): Row[] {
  if (typeof node !== "object" || node === null) return [];
  const inside = Object.values(node).flatMap((inner) => nodesWith(inner, key));
  return key in node ? [node as Row, ...inside] : inside;
}

async function figuresOf(config: Record<string, unknown>) {
  const { directory, manifests } = await execute(config, temporaryDirectory());
  const figures = makeFigures(readExperiment(directory, builtIn.bounds), builtIn);
  const figure = (id: string) => figures.find((one) => one.id === id)!;
  return { directory, manifests, figure };
}

describe("bounds are drawn against what they bound", () => {
  it("the best iterate's against the smallest gap so far, with the gap of each step behind it", async () => {
    const { directory, manifests, figure } = await figuresOf({
      ...{ name: "best", problem: { name: "quadratic", dimension: 4 }, steps: 60 },
      optimizer: { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.1 } },
    });
    const rows = rowsOf(figure("gap"));
    expect(distinct(rows, "kind")).toEqual(["measured", "smallest so far", "T3 best iterate bound"]);
    const columns = readColumns(join(directory, "runs", manifests[0]!.id, "trace.csv"));
    const gaps = columns.get("gap")!.map(Number);
    const of = (kind: string) => rows.filter((row) => row.kind === kind).map(({ value }) => value);
    expect(of("measured")).toEqual(gaps);
    expect(of("smallest so far")).toEqual(gaps.map((_, k) => Math.min(...gaps.slice(0, k + 1))));
    // Equal to the bound's own column, which is not drawn a second time.
    expect(of("smallest so far")).toEqual(columns.get("best_gap")!.map(Number));
    const [first] = nodesWith(figure("gap").spec, "strokeWidth").filter(
      ({ strokeWidth }) => typeof strokeWidth === "object",
    );
    expect(JSON.stringify(first!.opacity)).toContain("datum.kind === 'measured'");
    expect(figure("gap").formulas!.map(({ name }) => name)).toEqual(["gap", "T3 best iterate bound"]);
    // One figure further the envelope goes with the distance itself.
    expect(distinct(rowsOf(figure("distance")), "kind")).toContain("T4d envelope distance");
  });

  it("and where no bound is on it, the smallest gap is not drawn", async () => {
    const { figure } = await figuresOf({
      ...{ name: "none", problem: { name: "quadratic", dimension: 4 }, steps: 20 },
      optimizer: { name: "adam", learningRate: 0.1 },
    });
    expect(distinct(rowsOf(figure("gap")), "kind")).toEqual(["measured"]);
  });
});

describe("the norm ratio's reference", () => {
  it("is drawn where the rule promises one: what it promises, and for no other", async () => {
    const { figure } = await figuresOf({
      ...{ name: "ratios", problem: { name: "quadratic", dimension: 4 }, steps: 20 },
      optimizers: [
        { name: "lars", learningRate: 0.1, trustCoefficient: 0.5 },
        { name: "lars", label: "guarded", learningRate: 0.1, epsilon: 0.1 },
        { name: "lars", label: "momentum", learningRate: 0.1, momentum: 0.9 },
        { name: "adam", learningRate: 0.1 },
        { name: "sgd", learningRate: 0.1 },
      ],
    });
    const { caption, ...drawn } = figure("norm-ratio");
    const references = rowsOf({ ...drawn, caption }).filter(({ kind }) => kind !== "measured");
    expect(distinct(references, "colour")).toEqual(["lars", "guarded"]);
    const of = (colour: string, field: string) =>
      distinct(
        references.filter((row) => row.colour === colour),
        field,
      );
    expect([of("lars", "kind"), of("lars", "value")]).toEqual([["promised 0.5·λ_k"], [0.05]]);
    expect(of("guarded", "kind")).toEqual(["promised at most λ_k"]);
    expect(caption).toContain("(lars, guarded; the others promise nothing of it)");
    expect(caption).not.toContain("quation (1)");
  });

  it("is not drawn for a rule that sees all layers as one, nor for layers that are kept out of it", async () => {
    const network = {
      ...{ problem: { name: "deep-linear" }, steps: 5 },
    };
    const { figure } = await figuresOf({
      ...{ name: "parts", ...network },
      optimizers: [
        { name: "lars", learningRate: 0.01 },
        { name: "lars", label: "global", scope: "global", learningRate: 0.01 },
        { name: "lars", label: "without", exclude: ["*"], learningRate: 0.01 },
      ],
    });
    const references = rowsOf(figure("norm-ratio")).filter(({ kind }) => kind !== "measured");
    expect(distinct(references, "colour")).toEqual(["lars"]);
  });
});

describe("several problems", () => {
  let figure: (id: string) => Figure;

  beforeAll(async () => {
    ({ figure } = await figuresOf({
      ...{ name: "problems", problem: { name: "quadratic", dimension: 4 }, steps: 30 },
      optimizers: [
        { name: "sgd", learningRate: 0.1 },
        { name: "lars", learningRate: 0.1 },
        { name: "lars", label: "twin", learningRate: 0.1 },
      ],
      sweep: { grid: { "problem.conditionNumber": [2, 50], "optimizer.learningRate": [0.001, 0.01, 0.1] } },
    }));
  });

  it("have a panel each, with axes of their own, in figures of the best and of all", () => {
    for (const id of ["sweep", "gap", "distance", "norm-ratio"]) {
      expect(distinct(rowsOf(figure(id)), "panel"), id).toEqual(["conditionNumber=2", "conditionNumber=50"]);
      expect(figure(id).spec.resolve, id).toMatchObject({ scale: { y: "independent" } });
    }
    expect(distinct(rowsOf(figure("loss")), "panel")).toEqual(
      ["conditionNumber=2", "conditionNumber=50"].flatMap((problem) =>
        ["sgd", "lars", "twin"].map((optimizer) => `${problem}, ${optimizer}`),
      ),
    );
  });

  it("tell optimizers apart by the same colours, whatever each is tuned to", () => {
    expect(distinct(rowsOf(figure("gap")), "colour")).toEqual(["sgd", "lars", "twin"]);
    expect(distinct(rowsOf(figure("sweep")), "colour")).toEqual(["sgd", "lars", "twin"]);
  });

  it("have lines that coincide told of: the twin is the same rule", () => {
    expect(figure("sweep").caption).toContain("twin coincides with lars: they take turns in dashes.");
    expect(JSON.stringify(figure("sweep").spec)).toContain("twin (coincides with lars)");
    expect(distinct(rowsOf(figure("sweep")), "stroke")).toEqual(["measured", "measured, 1 of 2", "measured, 2 of 2"]);
  });
});

describe("the direction of the objective", () => {
  const source = (groups: FigureSource["groups"], objective: typeof byGap) =>
    ({ groups, results: { objective } }) as unknown as FigureSource;
  const strip = (figure: Figure) => ({
    range: nodesWith(figure.spec, "range").map(({ range }) => range)[0],
    pixel: nodesWith(figure.spec, "calculate").find(({ as }) => as === "pixel")!.calculate,
  });
  const best = (figure: Figure) =>
    rowsOf(figure)
      .filter((row) => row.best === 1)
      .map(({ x }) => x);

  it("puts diverged values above small numbers that are better", () => {
    const figure = sweep(
      source(
        overRates(byGap, "sgd", [
          [0.1, 3],
          [1, 2],
          [10, "diverged"],
        ]),
        byGap,
      ),
    )!;
    expect(best(figure)).toEqual([1]);
    // 340 pixels high, counted from the top; a strip of 12 + 13 for one optimizer.
    expect(strip(figure)).toEqual({ range: [340, 25], pixel: "6 + 13 * datum.row" });
    expect(figure.caption).toContain("× along the top");
    expect(nodesWith(figure.spec, "scale").some(({ scale }) => (scale as Row | null)?.type === "log")).toBe(true);
  });

  it("puts them below accuracies, which are in percent, on a linear axis", () => {
    const groups = overRates(byAccuracy, "sgd", [
      [1, 0.7],
      [2, 0.9],
      [3, "diverged"],
    ]);
    const figure = sweep(source(groups, byAccuracy))!;
    expect(best(figure)).toEqual([2]);
    expect(strip(figure)).toEqual({ range: [315, 0], pixel: "334 - 13 * datum.row" });
    expect(figure.caption).toContain("× along the bottom");
    expect(nodesWith(figure.spec, "scale").some(({ scale }) => (scale as Row | null)?.type === "log")).toBe(false);
    expect(nodesWith(figure.spec, "axis").map(({ axis }) => (axis as Row | null)?.format)).toContain(".1%");
  });
});

describe("the best found against the number of trials", () => {
  const config = {
    ...{ name: "tried", problem: { name: "quadratic", dimension: 4 }, steps: 40, evaluate: 5, bounds: [] },
    optimizers: [
      { name: "lars", learningRate: 1 },
      { name: "sgd", learningRate: 1 },
    ],
    sweep: { grid: { "problem.conditionNumber": [1, 10] } },
  };
  const search = { trials: 5, space: { "optimizer.learningRate": { log: [1e-3, 1] } } };

  it("is that of search.csv, an optimizer a colour and a cell of the sweep a panel", async () => {
    const { directory, figure } = await figuresOf({ ...config, search });
    const rows = rowsOf(figure("search"));
    const table = readColumns(join(directory, "search.csv"));
    for (const optimizer of ["lars", "sgd"]) {
      for (const cell of ["1", "10"]) {
        const places = table.get("optimizer")!.flatMap((name, i) => {
          return name === optimizer && table.get("problem.conditionNumber")![i] === cell ? [i] : [];
        });
        const column = (name: string) => places.map((i) => Number(table.get(name)![i]));
        const drawn = (kind: string) =>
          rows
            .filter((row) => row.group === optimizer && row.panel === `conditionNumber=${cell}` && row.kind === kind)
            .map(({ value }) => value);
        expect(drawn("in random order")).toEqual(column("median_best"));
        expect(drawn("as found")).toEqual(column("best_so_far"));
        expect(column("best_so_far").at(-1)).toBe(Math.min(...column("final_gap")));
      }
    }
    expect(figure("search").caption).not.toContain("stopped");
  });

  it("counts what was stopped at a rung as the worst, and says so; without a search there is none", async () => {
    const halved = { ...search, successiveHalving: { rungs: 2, factor: 2 } };
    const { figure } = await figuresOf({ ...config, sweep: undefined, search: halved });
    // Of five trials three go on, and two are stopped or had diverged.
    expect(figure("search").caption).toMatch(
      /^The best final gap .* Of 10 trials .*stopped at a rung.* count as the worst/,
    );
    const found = rowsOf(figure("search")).filter(({ kind, step }) => kind === "in random order" && step === 5);
    expect(found.every(({ value }) => Number.isFinite(value))).toBe(true);
    const swept = await figuresOf({ ...config, name: "swept" });
    expect(swept.figure("search")).toBeUndefined();
  });
});
