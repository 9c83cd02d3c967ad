import { expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import { float64 } from "../../src/compute/float64.js";
import { twoDimensionalFunctions } from "../../src/problems/two-dimensional-functions.js";
import { contourLines } from "../../src/report/contours.js";
import { readExperiment } from "../../src/report/experiment-results.js";
import { makeFigures } from "../../src/report/report.js";
import { renderSvg } from "../../src/report/svg.js";
import { execute, temporaryDirectory } from "./support.js";

const axis = [-2, -1, 0, 1, 2];
const gridOf = (f: (x: number, y: number) => number) => ({
  x: axis,
  y: axis,
  values: axis.flatMap((y) => axis.map((x) => f(x, y))),
});

test("contour lines by hand", () => {
  // x + 2y = 0.5 crosses the vertical grid lines at y = (0.5 − x)/2 and the horizontal ones at x = 0.5 − 2y.
  const [line, ...none] = contourLines(
    gridOf((x, y) => x + 2 * y),
    0.5,
  );
  expect(none).toEqual([]);
  const places = line!.map((place) => place.join()).sort();
  const expected = [
    [-2, 1.25],
    [-1.5, 1],
    [-1, 0.75],
    [0, 0.25],
    [0.5, 0],
    [1, -0.25],
    [2, -0.75],
  ];
  expect(places).toEqual(expected.map((place) => place.join()).sort());
  // |x| + |y| = 0.5, around one corner: closed.
  const [diamond, ...others] = contourLines(
    gridOf((x, y) => Math.abs(x) + Math.abs(y)),
    0.5,
  );
  expect(others).toEqual([]);
  expect(diamond).toHaveLength(5);
  expect(diamond![0]).toEqual(diamond![4]);
  expect(new Set(diamond!.map((place) => place.join()))).toEqual(new Set(["0.5,0", "0,0.5", "-0.5,0", "0,-0.5"]));
});

test("a saddle is cut as its middle says", () => {
  const saddle = { x: [0, 1], y: [0, 1] };
  // Corners 1 and 0 by turns. At level 0.25 the middle, ½, is above: the low corners are cut off, each by itself.
  const low = contourLines({ ...saddle, values: [1, 0, 0, 1] }, 0.25);
  expect(low.map((line) => line.map((place) => place.join()).sort())).toEqual([
    ["0.75,0", "1,0.25"],
    ["0,0.75", "0.25,1"],
  ]);
  const high = contourLines({ ...saddle, values: [1, 0, 0, 1] }, 0.75);
  expect(high.map((line) => line.map((place) => place.join()).sort())).toEqual([
    ["0,0.25", "0.25,0"],
    ["0.75,1", "1,0.75"],
  ]);
});

test("cells with values that are not finite have no lines", () => {
  const lines = contourLines(
    gridOf((x, y) => (x > 0 ? Number.NaN : y)),
    0.5,
  );
  expect(lines.flat().every(([x]) => x <= 0)).toBe(true);
  expect(lines.flat()).not.toEqual([]);
});

test("the report draws the way of each run over the contour lines of its function", async () => {
  const { directory } = await execute(
    {
      name: "ways",
      problem: { name: "test-function" },
      optimizers: [
        { name: "sgd", learningRate: 1e-3 },
        { name: "lars", learningRate: 0.02 },
      ],
      steps: 700,
      sweep: { grid: { "problem.function": ["rosenbrock", "beale"] } },
    },
    temporaryDirectory(),
  );
  const figure = makeFigures(readExperiment(directory, builtIn.bounds), builtIn).find(({ id }) => id === "trajectory")!;
  const rows = figure.data.rows.map((row) => Object.fromEntries(figure.data.fields.map((field, i) => [field, row[i]])));
  const of = (kind: string, panel: string) => rows.filter((row) => row.kind === kind && row.panel === panel);
  const { rosenbrock } = twoDimensionalFunctions;
  expect(of("start", "rosenbrock").map(({ x, y, colour, step }) => [x, y, colour, step])).toEqual([
    [-0.5, 1.5, "sgd", 0],
    [-0.5, 1.5, "lars", 0],
  ]);
  expect(of("minimum", "beale")).toMatchObject([{ x: 3, y: 0.5, loss: 0 }]);
  expect(of("end", "rosenbrock").map(({ step }) => step)).toEqual([700, 700]);
  // 300 of 701 places, the first 150 one by one.
  const steps = [...of("start", "rosenbrock"), ...of("way", "rosenbrock"), ...of("end", "rosenbrock")]
    .filter(({ colour }) => colour === "lars")
    .map(({ step }) => Number(step))
    .sort((a, b) => a - b);
  expect(steps).toHaveLength(300);
  expect(steps.slice(0, 150)).toEqual(Array.from({ length: 150 }, (_, i) => i));
  expect(new Set(steps).size).toBe(300);
  // On a line the loss is the level, as far as straight pieces are.
  const valueAt = (x: unknown, y: unknown) =>
    rosenbrock.at(float64, Float64Array.of(Number(x)), Float64Array.of(Number(y))).value[0]!;
  const errors = of("contour", "rosenbrock").map(({ x, y, loss }) => Math.abs(Math.log(valueAt(x, y) / Number(loss))));
  expect(errors.length).toBeGreaterThan(500);
  expect(errors.toSorted((a, b) => a - b)[Math.floor(0.9 * errors.length)]).toBeLessThan(0.2);
  // SGD leaves Beale's start for good: what is far away is not drawn.
  expect(of("end", "beale").find(({ colour }) => colour === "sgd")).toMatchObject({ x: undefined, y: undefined });
  const svg = await renderSvg(figure);
  expect(svg).toMatch(/rosenbrock/);
  expect(Buffer.byteLength(svg)).toBeLessThan(400_000);
});

test("problems of more weights, or of unknown functions, have no trajectories", async () => {
  const { directory } = await execute(
    {
      name: "none",
      problem: { name: "quadratic", dimension: 2 },
      optimizer: { name: "lars", learningRate: 0.1 },
      steps: 3,
    },
    temporaryDirectory(),
  );
  const ids = makeFigures(readExperiment(directory, builtIn.bounds), builtIn).map(({ id }) => id);
  expect(ids).toContain("distance");
  expect(ids).not.toContain("trajectory");
});
