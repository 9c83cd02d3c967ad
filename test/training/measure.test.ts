import { describe, expect, test } from "vitest";
import type { Algebra } from "../../src/compute/algebra.js";
import { float64 } from "../../src/compute/float64.js";
import type { KnownConstants, Objective, PartialScore, Problem } from "../../src/problems/problem.js";
import { Evaluation, scalarsOf, scoresFrom } from "../../src/training/evaluation.js";
import { Measurer } from "../../src/training/measure.js";
import { captureState, captureVectors, restoreState } from "../../src/training/state.js";
import { optimizerOver } from "../optimizers/rules.js";
import { vector } from "../problems/support.js";

const nan = Number.NaN;
const layers = [
  { name: "one", shape: [2] },
  { name: "two", shape: [1, 3] },
];
const weights = [vector(3, -4), vector(0, 0, 0)];
const gradients = [vector(5, 12), vector(2, 3, 6)];
const updates = [vector(0.6, 0.8), vector(0, 1, 0)];
const optimum = [vector(0, 0), vector(12, 0, 0)];

const problemOf = (constants?: Partial<KnownConstants>, shapes = layers) =>
  ({ layers: shapes, ...(constants && { constants: { convex: true, ...constants } }) }) as unknown as Problem;

const measurerOf = (rule: string, problem: Problem, fullBatch = false) =>
  new Measurer(float64, optimizerOver(problem.layers, { name: rule, learningRate: 0.1 }, 9), problem, fullBatch);

const facts = { step: 3, epoch: 3, learningRate: 0.1, evaluated: true, traced: true, last: false };

/** The measured part of a record. */
function measured(
  measurer: ReturnType<typeof measurerOf>,
  ...read: Parameters<typeof measurer.record> extends [unknown, ...infer Rest] ? Rest : never
) {
  const { step: _, epoch, learningRate, evaluated, traced, last, ...measurement } = measurer.record(facts, ...read);
  expect({ step: _, epoch, learningRate, evaluated, traced, last }).toEqual(facts);
  return measurement;
}

const all: PartialScore<number>[] = [{ examples: 4, loss: 7 }];
const batch = { loss: 8, accuracy: 0.5, gradients };
const ofBatch = { batch: true, accuracy: true, scores: { all }, updates: true };

describe("what is measured of a step, by hand", () => {
  test("under a rule of the Euclidean norm nothing is measured twice", () => {
    const measurer = measurerOf("lars", problemOf({ optimum, optimalValue: 2 }));
    const scalars = measurer.scalars({ weights, batch, scores: { all }, updates });
    // Loss, accuracy, f over all examples; then ‖w‖, ‖g‖, ‖Δw‖, ‖Δw‖/‖w‖ and the distance, layer by layer: 1/5, 1/0.
    expect(scalars).toEqual([8, 0.5, 7, 5, 13, 1, 0.2, 5, 0, 7, 1, expect.any(Number), 12]);
    expect(measured(measurer, [nan, ...scalars], ofBatch, 1)).toStrictEqual({
      loss: 8,
      accuracy: 0.5,
      gap: 5,
      // √(5² + 12²)
      distance: 13,
      layers: [
        {
          ...{ weightNorm: 5, weightNormInRule: 5, gradientNorm: 13, gradientNormInRule: 13 },
          ...{ updateNorm: 1, normRatio: 0.2, normRatioL2: 0.2 },
        },
        {
          ...{ weightNorm: 0, weightNormInRule: 0, gradientNorm: 7, gradientNormInRule: 7 },
          ...{ updateNorm: 1, normRatio: nan, normRatioL2: nan },
        },
      ],
    });
  });

  test("under a rule of another norm both are", () => {
    const measurer = measurerOf("proportional-infinity", problemOf());
    const scalars = measurer.scalars({ weights, batch, scores: {}, updates });
    expect(scalars).toEqual([8, 0.5, 5, 4, 13, 12, 1, 0.2, 0, 0, 7, 6, 1, expect.any(Number)]);
    const { layers } = measured(measurer, scalars, { ...ofBatch, scores: {} });
    expect(layers).toMatchObject([
      { weightNorm: 5, weightNormInRule: 4, gradientNorm: 13, gradientNormInRule: 12, updateNorm: 1, normRatio: 0.2 },
      { weightNorm: 0, weightNormInRule: 0, gradientNorm: 7, gradientNormInRule: 6, updateNorm: 1, normRatio: nan },
    ]);
  });

  test.each<[rule: string, scalars: number[], inRule: number[]]>([
    ["lars", [5, 0], [5, 0]],
    ["proportional-infinity", [5, 4, 0, 0], [4, 0]],
  ])("the last record under %s has neither batch nor update", (rule, expected, inRule) => {
    const measurer = measurerOf(rule, problemOf());
    const scalars = measurer.scalars({ weights, scores: {} });
    expect(scalars).toEqual(expected);
    const present = { batch: false, accuracy: false, scores: {}, updates: false };
    const found = measured(measurer, scalars, present);
    const nothing = { gradientNorm: nan, gradientNormInRule: nan, updateNorm: nan, normRatio: nan, normRatioL2: nan };
    expect(found).toStrictEqual({
      loss: nan,
      layers: [5, 0].map((weightNorm, i) => ({ weightNorm, weightNormInRule: inRule[i], ...nothing })),
    });
  });

  test("with full batches the batch is the training set", () => {
    const measurer = measurerOf("lars", problemOf({ optimalValue: 2 }), true);
    const scalars = measurer.scalars({ weights, batch, scores: {}, updates });
    const { layers: _, ...found } = measured(measurer, scalars, { ...ofBatch, scores: {} });
    expect(found).toStrictEqual({ loss: 8, accuracy: 0.5, train: { loss: 8, accuracy: 0.5 }, gap: 6 });
    const { accuracy: __, ...plain } = batch;
    const without = measurer.scalars({ weights, batch: plain, scores: {}, updates });
    const { layers: ___, ...loss } = measured(measurer, without, { ...ofBatch, accuracy: false, scores: {} });
    expect(loss).toStrictEqual({ loss: 8, train: { loss: 8 }, gap: 6 });
  });

  test("a gap needs a known minimum, and a value over all examples", () => {
    const present = { ...ofBatch, batch: false, accuracy: false, updates: false };
    expect(measured(measurerOf("lars", problemOf({})), [7, 5, 0], present)).not.toHaveProperty("gap");
    expect(measured(measurerOf("lars", problemOf()), [7, 5, 0], present)).not.toHaveProperty("gap");
    const known = measurerOf("lars", problemOf({ optimalValue: 0 }));
    expect(measured(known, [7, 5, 0], present)).toMatchObject({ gap: 7 });
    expect(measured(known, [5, 0], { ...present, scores: {} })).not.toHaveProperty("gap");
  });

  test.each<[weights: [shape: number[], values: number[]][], few: number[]]>([
    [[[[1], [-3]]], [-3]],
    [[[[1, 1], [-3]]], [-3]],
    [[[[2], [-3, 4]]], [-3, 4]],
    [
      [
        [
          [1, 2],
          [-3, 4],
        ],
      ],
      [-3, 4],
    ],
    [
      [
        [[1], [-3]],
        [[1], [4]],
      ],
      [-3, 4],
    ],
    [[[[3], [-3, 4, 5]]], []],
    [
      [
        [[2], [-3, 4]],
        [[1], [5]],
      ],
      [],
    ],
  ])("of layers %j the weights themselves, where they are few: %j", (weights, few) => {
    const some = weights.map(([shape], i) => ({ name: String(i), shape }));
    const measurer = measurerOf("lars", problemOf(undefined, some));
    const scalars = measurer.scalars({ weights: weights.map(([, values]) => vector(...values)), scores: {} });
    expect(scalars).toHaveLength(weights.length + few.length);
    const present = { batch: false, accuracy: false, scores: {}, updates: false };
    const { weight, secondWeight } = measured(measurer, scalars, present);
    expect([weight, secondWeight]).toEqual([few[0], few[1]]);
  });

  test("the optimum is made in the shapes of the layers, and freed", () => {
    const [made, freed]: [unknown[], unknown[]] = [[], []];
    const algebra: Algebra<Float64Array, number> = {
      ...float64,
      vector: (values, shape) => {
        made.push(shape);
        return float64.vector(values);
      },
      dispose: (vectors) => freed.push(...vectors),
    };
    const optimizer = optimizerOver(layers, { name: "lars", learningRate: 0.1 }, 9);
    new Measurer(algebra, optimizer, problemOf({ optimum }), false).dispose();
    expect(made).toEqual([[2], [1, 3]]);
    expect(freed).toEqual(optimum);
    new Measurer(algebra, optimizer, problemOf(), false).dispose();
    expect(freed).toHaveLength(2);
  });
});

describe("scores in parts", () => {
  const withAccuracy = [
    { examples: 1, loss: 2, accuracy: 0 },
    { examples: 3, loss: 6, accuracy: 1 },
  ];
  const testSet = [{ examples: 5, loss: 0.1 }];
  const readBack = (scores: Parameters<typeof scalarsOf<number>>[0]) => {
    const scalars = scalarsOf(scores);
    const { count, ...read } = scoresFrom(scores, [99, ...scalars], 1);
    expect(count).toBe(scalars.length);
    return { scalars, read };
  };

  test("are means weighted by their sizes, read in the order in which they were put", () => {
    const { scalars, read } = readBack({ train: withAccuracy, all, test: testSet });
    expect(scalars).toEqual([7, 0.1, 2, 0, 6, 1]);
    // (2 + 3·6)/4 and 3/4
    expect(read).toEqual({ all: { loss: 7 }, test: { loss: 0.1 }, train: { loss: 5, accuracy: 0.75 } });
  });

  test("are read once where they are the same", () => {
    const { scalars, read } = readBack({ train: withAccuracy, all: withAccuracy, test: testSet });
    expect(scalars).toEqual([2, 0, 6, 1, 0.1]);
    expect(read).toEqual({
      all: { loss: 5, accuracy: 0.75 },
      test: { loss: 0.1 },
      train: { loss: 5, accuracy: 0.75 },
    });
  });

  test("of one part are that part's to the bit", () => {
    // 0.1·3/3 is 0.10000000000000002.
    const { read } = readBack({ test: [{ examples: 3, loss: 0.1, accuracy: 0.1 }] });
    expect(read.test).toEqual({ loss: 0.1, accuracy: 0.1 });
  });

  test("of a set that is not classified have no accuracy, in however many parts", () => {
    const parts = [all[0]!, { examples: 4, loss: 9 }];
    const { read } = readBack({ train: parts, test: all });
    expect(read).toStrictEqual({ all: undefined, validation: undefined, test: { loss: 7 }, train: { loss: 8 } });
  });

  test("that are none are none", () => {
    expect(readBack({})).toEqual({ scalars: [], read: {} });
  });
});

describe("what is evaluated", () => {
  const some = Int32Array.of(0);
  const part = (loss: number): PartialScore<number>[] => [{ examples: 1, loss }];
  const over = { full: part(1), some: part(2), test: part(3) };
  const complete = {
    onTraining: (examples: unknown) => () => (examples === "full" ? over.full : over.some),
    onTest: () => () => over.test,
  } as unknown as Objective<Float64Array, number>;
  const minimum = problemOf({ optimalValue: 0 });
  const { full, some: ofSome, test: ofTest } = over;

  test.each<
    [what: string, problem: Problem, fullBatch: boolean, examples: Int32Array | "full", now: object, otherwise: object]
  >([
    ["a subset, and all for the gap", minimum, false, some, { all: full, train: ofSome, test: ofTest }, { all: full }],
    ["all, once", minimum, false, "full", { all: full, train: full, test: ofTest }, { all: full }],
    ["a subset, where there is no gap", problemOf(), false, some, { train: ofSome, test: ofTest }, {}],
    ["all, where there is no gap", problemOf(), false, "full", { train: full, test: ofTest }, {}],
    ["all, where f* is not known", problemOf({}), false, "full", { train: full, test: ofTest }, {}],
    ["the test set alone, of full batches", minimum, true, some, { test: ofTest }, {}],
  ])("%s", (_, problem, fullBatch, examples, now, otherwise) => {
    const evaluation = new Evaluation(complete, problem, { fullBatch, examples });
    expect(evaluation.at([], true)).toEqual(now);
    expect(evaluation.at([], false)).toEqual(otherwise);
    expect(evaluation.isSeparate).toBe(true);
  });

  test("nothing, where there are no examples", () => {
    const bare = {} as Objective<Float64Array, number>;
    for (const fullBatch of [true, false]) {
      const evaluation = new Evaluation(bare, minimum, { fullBatch, examples: "full" });
      expect(evaluation.at([], true)).toEqual({});
      expect(evaluation.isSeparate).toBe(false);
    }
    const { onTest: _, ...untested } = complete;
    const sets = { fullBatch: false, examples: some };
    expect(new Evaluation(untested, minimum, sets).isSeparate).toBe(true);
    const { onTraining: __, ...onlyTest } = complete;
    expect(new Evaluation(onlyTest as typeof complete, minimum, sets).at([], true)).toEqual({ test: ofTest });
  });
});

describe("a position", () => {
  const optimizer = optimizerOver(layers, { name: "sgd", learningRate: 0.1, momentum: 0.5 }, 9);
  const position = { step: 4, weights, state: [{ velocity: vector(1, 2) }, { velocity: vector(3, 4, 5) }] };

  test("is copied, in the precision of the run, and made again from the copy", async () => {
    const saved = await captureState(float64, position);
    expect(saved).toEqual({ step: 4, weights, optimizer: position.state });
    expect(saved.weights[0]).not.toBe(weights[0]);
    expect(saved.optimizer[0]!.velocity).not.toBe(position.state[0]!.velocity);
    expect(restoreState(float64, optimizer, layers, saved)).toEqual(position);
    const single = { ...float64, precision: "float32" as const };
    expect(await captureVectors(single, [vector(0.1), 0.2])).toEqual([Float32Array.of(0.1), Float32Array.of(0.2)]);
    expect(await captureVectors(float64, [vector(0.1), 0.2])).toEqual([vector(0.1), vector(0.2)]);
  });

  test("is made again in the shapes of the layers, scalars as scalars", () => {
    const shapes: unknown[] = [];
    const algebra: Algebra<Float64Array, number> = {
      ...float64,
      vector: (values, shape) => {
        shapes.push(shape);
        return float64.vector(values);
      },
    };
    const counting = { ...optimizer, initialState: () => [{ count: 0, velocity: vector(0, 0) }] };
    const saved = { step: 2, weights, optimizer: [{ count: Float64Array.of(7), velocity: vector(8, 9) }] };
    expect(restoreState(algebra, counting as typeof optimizer, layers, saved)).toEqual({
      ...{ step: 2, weights },
      state: [{ count: 7, velocity: vector(8, 9) }],
    });
    expect(shapes.slice(0, 2)).toEqual([[2], [1, 3]]);
  });
});
