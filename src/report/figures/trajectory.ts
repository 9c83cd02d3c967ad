import { plural } from "../../base/text.js";
import type { Group } from "../../comparison/groups.js";
import { quantile } from "../../comparison/quantile.js";
import type { Landscape } from "../../problems/problem.js";
import type { Manifest } from "../../results/manifest.js";
import { contourLines, type Place } from "../contours.js";
import { seriesOf } from "../curves.js";
import { bestOf, type Cell, type Figure, type FigureMaker, type FigureSource } from "../figure.js";
import { trajectorySpec } from "./trajectory-spec.js";

/** The way of one run. */
interface Way {
  readonly group: Group;
  readonly steps: readonly number[];
  readonly places: readonly Place[];
}

/** What one panel shows. */
interface Scene {
  readonly landscape: Landscape;
  readonly ways: readonly Way[];
}

interface Box {
  readonly x: Place;
  readonly y: Place;
}

const mostWays = 24;
const mostPlaces = 300;

/** As many of the steps as a picture can show: the first ones one by one, then evenly spread, and the last. */
function thinned(count: number): number[] {
  if (count <= mostPlaces) return Array.from({ length: count }, (_, i) => i);
  const half = mostPlaces / 2;
  const stride = (count - half) / half;
  return Array.from({ length: mostPlaces }, (_, i) => (i < half ? i : Math.round(half + (i + 1 - half) * stride) - 1));
}

function wayOf(source: FigureSource, group: Group, run: Manifest): Way | undefined {
  const [x, y] = [seriesOf(source, run, "weight"), seriesOf(source, run, "second_weight")];
  if (!x || !y || x.steps.length !== y.steps.length) return undefined;
  const chosen = thinned(x.steps.length);
  const place = (i: number): Place => [x.values[i]!, y.values[i]!];
  return { group, steps: chosen.map((i) => x.steps[i]!), places: chosen.map(place) };
}

/** The ways of the first seed of each group, by the function that they lead over. */
function scenesOf(source: FigureSource): Scene[] {
  const scenes = new Map<string, { landscape: Landscape; ways: Way[] }>();
  for (const group of source.shown.slice(0, mostWays)) {
    const run = group.runs[0]!;
    const landscape = source.landscapeOf(run);
    const way = landscape && wayOf(source, group, run);
    if (!way) continue;
    const scene = scenes.get(landscape.title);
    if (scene) scene.ways.push(way);
    else scenes.set(landscape.title, { landscape, ways: [way] });
  }
  return [...scenes.values()];
}

const rangeOf = (values: readonly number[]): Place => [
  values.reduce((a, b) => Math.min(a, b)),
  values.reduce((a, b) => Math.max(a, b)),
];

/**
 * What is worth seeing: where runs begin, the minimisers, and what of the ways is not twice as far from these as they are
 * apart.
 */
function boxAround({ landscape, ways }: Scene): Box {
  const landmarks = [...landscape.minimisers, ...ways.map(({ places }) => places[0]!)];
  const ranges = ([0, 1] as const).map((axis) => rangeOf(landmarks.map((place) => place[axis])));
  const span = Math.max(...ranges.map(([low, high]) => high - low)) || 1;
  const around = ([low, high]: Place, axis: 0 | 1): Place => {
    const near = ways
      .flatMap(({ places }) => places.map((place) => place[axis]))
      .filter((value) => value >= low - 2 * span && value <= high + 2 * span);
    const [least, most] = rangeOf([low, high, ...near]);
    const margin = 0.12 * (most - least || span);
    return [least - margin, most + margin];
  };
  return { x: around(ranges[0]!, 0), y: around(ranges[1]!, 1) };
}

const gridLines = 72;
const levels = 14;

const spaced = ([low, high]: Place, count: number) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

/** Contour lines of log(f − f*), on which valleys and walls both show. */
function contourRows({ landscape }: Scene, box: Box): Cell[][] {
  const { title, minimum } = landscape;
  const [x, y] = [spaced(box.x, gridLines), spaced(box.y, gridLines)];
  const values = landscape.values(
    Float64Array.from({ length: gridLines ** 2 }, (_, i) => x[i % gridLines]!),
    Float64Array.from({ length: gridLines ** 2 }, (_, i) => y[Math.floor(i / gridLines)]!),
  );
  const heights = Array.from(values, (value) => Math.log(Math.max(value - minimum, Number.MIN_VALUE)));
  const drawn = spaced([quantile(heights, 0.005), quantile(heights, 0.98)], levels);
  const lines = drawn.flatMap((level) =>
    contourLines({ x, y, values: heights }, level).map((places) => ({ level, places })),
  );
  return lines.flatMap(({ level, places }, line) =>
    places.map(([x, y], i): Cell[] => ["contour", title, "", "", line, i, x, y, minimum + Math.exp(level)]),
  );
}

function wayRows(scene: Scene, box: Box, colourOf: (group: Group) => string): Cell[][] {
  const { title, values } = scene.landscape;
  const isInside = ([x, y]: Place) => x >= box.x[0] && x <= box.x[1] && y >= box.y[0] && y <= box.y[1];
  return scene.ways.flatMap(({ group, steps, places }) => {
    const losses = values(
      Float64Array.from(places, ([x]) => x),
      Float64Array.from(places, ([, y]) => y),
    );
    return places.map((place, i): Cell[] => {
      const kind = i === 0 ? "start" : i === places.length - 1 ? "end" : "way";
      const [x, y] = isInside(place) ? place : [];
      return [kind, title, group.label, colourOf(group), undefined, steps[i], x, y, losses[i]];
    });
  });
}

const minimumRows = ({ landscape: { title, minimisers, minimum } }: Scene): Cell[][] =>
  minimisers.map(([x, y]) => ["minimum", title, "", "", undefined, undefined, x, y, minimum]);

const fields = ["kind", "panel", "group", "colour", "line", "step", "x", "y", "loss"];

/** What a colour stands for: the optimizer, where each has one way over each function; else the group. */
function colouring(scenes: readonly Scene[]): (group: Group) => string {
  const isOneEach = scenes.every(({ ways }) => new Set(ways.map(({ group }) => group.optimizer)).size === ways.length);
  return ({ optimizer, label }) => (isOneEach ? optimizer : label);
}

/** The ways of runs over the contour lines of a function of two variables. */
export const trajectory: FigureMaker = (source): Figure | undefined => {
  const scenes = scenesOf(source);
  if (scenes.length === 0) return undefined;
  const colourOf = colouring(scenes);
  const seeds = Math.max(...source.shown.map(({ runs }) => runs.length));
  const caption = [
    "Ring: where a run starts; disc: where it ends; ×: minima. Contour lines are evenly spaced in log(f − f*).",
    source.shown.length < source.groups.length ? bestOf(source) : "",
    seeds > 1 ? `The first of ${plural(seeds, "seed")}.` : "",
    "What leads far away is cut off.",
  ];
  return {
    id: "trajectory",
    title: "Trajectories",
    caption: caption.filter(Boolean).join(" "),
    spec: trajectorySpec(
      scenes.map(({ landscape }) => landscape.title),
      [...new Set(scenes.flatMap(({ ways }) => ways.map(({ group }) => colourOf(group))))],
    ),
    data: {
      fields,
      rows: scenes.flatMap((scene) => {
        const box = boxAround(scene);
        return [...contourRows(scene, box), ...wayRows(scene, box, colourOf), ...minimumRows(scene)];
      }),
    },
    switchable: [],
  };
};
