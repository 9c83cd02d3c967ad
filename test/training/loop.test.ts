import { describe, expect, test } from "vitest";
import type { Algebra } from "../../src/compute/algebra.js";
import { float64 } from "../../src/compute/float64.js";
import { batchSampler } from "../../src/data/batches.js";
import { averagingWeights } from "../../src/optimizers/average-weights.js";
import type { Objective, Problem } from "../../src/problems/problem.js";
import type { TrainingState } from "../../src/training/state.js";
import { follow, type Training, train } from "../../src/training/train.js";
import { optimizerOver } from "../optimizers/rules.js";
import { vector } from "../problems/support.js";
import { collect } from "./support.js";

const nan = Number.NaN;
const layers = [{ name: "w", shape: [1] }];
const problem = { layers, constants: { convex: true, optimum: [vector(0)], optimalValue: 0 } } as unknown as Problem;
const sgd = { name: "sgd", learningRate: 0.5 };

/** f(w) = ½w² from 8: with λ = 0.5 each step halves w; losses 32, 8, 2, 0.5, … */
const halving = (): Objective<Float64Array, number> => ({
  initialWeights: () => [vector(8)],
  lossAndGradients: ([w]) => ({ loss: w![0]! ** 2 / 2, gradients: [w!.slice()] }),
});

/** The algebra, with what was freed in it; each step is read at once. */
function watched() {
  const freed: unknown[] = [];
  const algebra: Algebra<Float64Array, number> = {
    ...float64,
    stepsPerRead: 1,
    dispose: (values) => freed.push(...values),
  };
  return { algebra, freed };
}

test("every record in full", async () => {
  const { records, end } = await collect(float64, problem, halving(), sgd, {
    ...{ steps: 3, stepsPerEpoch: 2, measureEveryStep: true },
    traced: (step) => step === 1,
    evaluated: (step) => step === 2,
  });
  const layer = (weight: number, update: number) => ({
    ...{ weightNorm: weight, weightNormInRule: weight, gradientNorm: weight, gradientNormInRule: weight },
    ...{ updateNorm: update, normRatio: update / weight, normRatioL2: update / weight },
  });
  const at = (step: number, weight: number, update: number) => {
    const loss = weight ** 2 / 2;
    return {
      ...{ step, epoch: step / 2, learningRate: 0.5, loss, train: { loss }, gap: loss, distance: weight, weight },
      ...{ layers: [layer(weight, update)], evaluated: false, traced: false, last: false },
    };
  };
  // The evaluation says no more than the step does, and so adds no row to the trace.
  expect(records).toStrictEqual([
    at(0, 8, 4),
    { ...at(1, 4, 2), traced: true },
    { ...at(2, 2, 1), evaluated: true },
    { ...at(3, 1, nan), evaluated: true, traced: true, last: true },
  ]);
  expect(end).toStrictEqual({ outcome: "completed", steps: 3 });
});

test("a step to stop after is the last that is recorded; going on from there makes the rest, and further back nothing", async () => {
  const saved: TrainingState[] = [];
  const checkpoints = { everySteps: 100, due: () => false, save: (state: TrainingState) => saved.push(state) };
  const made = (options: object) =>
    collect(float64, problem, halving(), sgd, { steps: 6, measureEveryStep: true, ...options });
  const whole = await made({});
  const begun = await made({ stopAfter: 2, checkpoints });
  expect(begun).toStrictEqual({ records: whole.records.slice(0, 3), end: { outcome: "stopped", steps: 3 } });
  // w_3 = 8/2³
  expect(saved).toMatchObject([{ step: 3, weights: [vector(1)] }]);
  const [resume] = saved;
  expect(await made({ stopAfter: 2, resume })).toStrictEqual({ records: [], end: { outcome: "stopped", steps: 3 } });
  expect(await made({ stopAfter: 3, resume })).toStrictEqual({
    records: [whole.records[3]],
    end: { outcome: "stopped", steps: 4 },
  });
  expect(await made({ resume })).toStrictEqual({ records: whole.records.slice(3), end: whole.end });
});

test("losses that nobody asked for are read back 256 at a time, each once", async () => {
  const counts: number[] = [];
  const algebra: Algebra<Float64Array, number> = {
    ...float64,
    read: (scalars) => {
      counts.push(scalars.length);
      return float64.read(scalars);
    },
  };
  await collect(algebra, problem, halving(), sgd, { steps: 600, traced: () => false });
  // 600 losses, and of the last record the loss, w, ‖w‖, ‖g‖ and the distance
  expect(counts).toEqual([256, 256, 88 + 5]);
});

describe("where a device is read several steps at a time", () => {
  /** Three steps a reading, and what was read and freed. */
  function device() {
    const { algebra, freed } = watched();
    const counts: number[] = [];
    const read = async (scalars: readonly number[]) => {
      counts.push(scalars.length);
      return [...scalars];
    };
    return { algebra: { ...algebra, stepsPerRead: 3, read }, counts, freed };
  }
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const measured = { measureEveryStep: true, traced: (step: number) => step % 2 === 0 };
  const growing = { name: "sgd", learningRate: 3 }; // w doubles and changes sign: 8, −16, 32, …

  test("the records are those of reading each step", async () => {
    const { algebra, counts } = device();
    const options = { steps: 7, ...measured };
    const together = await collect(algebra, problem, halving(), sgd, options);
    expect(together).toStrictEqual(await collect(float64, problem, halving(), sgd, options));
    // Loss, w, ‖w‖, ‖g‖, ‖Δw‖, its proportion, distance; the last record has no update.
    expect(total(counts)).toBe(7 * 7 + 5);
    // Three steps at a time, unless the loop paused between them.
    expect(Math.max(...counts)).toBeLessThanOrEqual(3 * 7);
    expect(counts.length).toBeLessThan(8);
  });

  test("losses that nobody asked for are read with them, in their order", async () => {
    const { algebra, counts } = device();
    const options = { steps: 7, traced: (step: number) => step % 2 === 1 };
    const together = await collect(algebra, problem, halving(), sgd, options);
    expect(together).toStrictEqual(await collect(float64, problem, halving(), sgd, options));
    expect(total(counts)).toBe(3 * 8 + 1 + 5);
    expect(counts.length).toBeLessThan(4);
  });

  test.each([measured, { traced: () => false }, { traced: (step: number) => step === 2 }])(
    "a run diverges at the same step, with nothing after it",
    async (options) => {
      for (const lossLimit of [20, 100, 400, 1000]) {
        const run = { steps: 9, keepWeights: true, lossLimit, ...options };
        const { algebra } = device();
        const together = await collect(algebra, problem, halving(), growing, run);
        expect(together).toStrictEqual(await collect(float64, problem, halving(), growing, run));
        expect(together.end.outcome).toBe("diverged");
      }
    },
  );

  test("what is saved beside the weights is of the step at which the run diverged", async () => {
    let moves = 0;
    const counting = { ...halving(), nonTrainable: () => [vector(moves)], advance: () => void moves++ };
    const counted = { ...problem, nonTrainable: [{ name: "moves", shape: [1] }] };
    // w = 8, −16, 32, whose loss 512 is too large; its average 8, −4, 14.
    const optimizer = averagingWeights(optimizerOver(layers, growing, 9), { decay: 0.5, fromStep: 0 }, layers);
    const run = { steps: 9, keepWeights: true, lossLimit: 400, ...measured, optimizer };
    const { end } = await collect(device().algebra, counted, counting, growing, run);
    expect(end).toMatchObject({ outcome: "diverged", steps: 2 });
    expect(end.weights).toEqual([vector(32), vector(2)]);
    expect(end.averagedWeights).toEqual([vector(14)]);
  });

  test("everything up to a checkpoint, or a stop, is handed out before it", async () => {
    const events: string[] = [];
    const controller = new AbortController();
    const checkpoints = {
      everySteps: 2,
      due: () => false,
      save: ({ step }: TrainingState) => events.push(`saved ${step}`),
    };
    const traced = (step: number) => {
      if (step === 4) controller.abort();
      return true;
    };
    const options = {
      optimizer: optimizerOver(layers, sgd, 9),
      steps: 9,
      traced,
      checkpoints,
      signal: controller.signal,
    };
    const end = await follow({ ...training(halving(), device().algebra), ...options }, ({ step }) =>
      events.push(`record ${step}`),
    );
    expect(events).toEqual([
      ...["record 0", "record 1", "saved 2", "record 2", "record 3", "saved 4"],
      ...["record 4", "saved 5"],
    ]);
    expect(end).toStrictEqual({ outcome: "interrupted", steps: 5 });
  });

  test("a loop that takes long hands out what it has before it lets others run", async () => {
    const seen: number[] = [];
    const options = { optimizer: optimizerOver(layers, sgd, 2), steps: 2 };
    const running = follow({ ...training(slowly(halving()), device().algebra), ...options }, ({ step }) =>
      seen.push(step),
    );
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(seen.length).toBeLessThan(3);
    await running;
    expect(seen).toEqual([0, 1, 2]);
  });

  test.each([1, 2, 9])(
    "weights that were kept for it are freed, each once, by a reader of %i records",
    async (taken) => {
      const { algebra, freed } = device();
      const options = { optimizer: optimizerOver(layers, sgd, 5), steps: 5, keepWeights: true };
      const made: unknown[] = [vector(0), vector(8)];
      const add: typeof algebra.add = (...given) => {
        made.push(algebra.add(...given));
        return made.at(-1) as Float64Array;
      };
      const records = train({ ...training(halving(), { ...algebra, add }), ...options });
      for (let i = 0; i < taken; i++) await records.next();
      await records.return({ outcome: "interrupted", steps: 0 });
      expect(new Set(freed).size).toBe(freed.length);
      expect(new Set(freed.map(String))).toEqual(new Set(made.map(String)));
      expect(freed).toHaveLength(made.length);
    },
  );

  test("what nobody will read is freed where a step cannot be made", async () => {
    const { algebra, freed } = device();
    let made = 0;
    const lossAndGradients: Objective<Float64Array, number>["lossAndGradients"] = (...given) => {
      if (++made === 3) throw new Error("no memory");
      return halving().lossAndGradients(...given);
    };
    const options = { optimizer: optimizerOver(layers, sgd, 5), steps: 5, keepWeights: true };
    const failing = { ...training({ ...halving(), lossAndGradients }, algebra), ...options };
    await expect(follow(failing, () => {})).rejects.toThrow("no memory");
    // Seven scalars of each of two steps, w_0, w_1, w_2 and w*
    expect(freed.filter((one) => typeof one === "number")).toHaveLength(14);
    expect(freed.filter((one) => typeof one !== "number")).toEqual([vector(2), vector(8), vector(4), vector(0)]);
  });
});

/** Every gradient takes longer than the loop goes on without a pause. */
function slowly(objective: Objective<Float64Array, number>): Objective<Float64Array, number> {
  const lossAndGradients: typeof objective.lossAndGradients = (...given) => {
    const end = performance.now() + 35;
    while (performance.now() < end);
    return objective.lossAndGradients(...given);
  };
  return { ...objective, lossAndGradients };
}

test("a loop that takes long lets others run", async () => {
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  const options = { steps: 5, traced: () => false, signal: controller.signal };
  const { end } = await collect(float64, problem, slowly(halving()), sgd, options);
  expect(end).toEqual({ outcome: "interrupted", steps: 1 });
});

describe("weights at the end", () => {
  const growing = { name: "sgd", learningRate: 3 }; // w doubles and changes sign: 8, −16, 32, …
  const keep = { steps: 3, keepWeights: true };

  test("are handed over where they are asked for", async () => {
    const { end } = await collect(float64, problem, halving(), sgd, keep);
    expect(end).toStrictEqual({ outcome: "completed", steps: 3, weights: [vector(1)] });
  });

  test("are those at which a run was seen to diverge", async () => {
    const { records, end } = await collect(float64, problem, halving(), growing, { ...keep, lossLimit: 100 });
    const detail = "the loss 128 is above the limit 100";
    expect(end).toStrictEqual({ outcome: "diverged", steps: 1, detail, weights: [vector(-16)] });
    expect(records.map(({ step, traced }) => [step, traced])).toEqual([
      [0, true],
      [1, true],
    ]);
  });

  test("are that step's own, where the state holds weights of steps before and steps are read together", async () => {
    const own = optimizerOver(layers, growing, 9);
    const optimizer = {
      ...own,
      updates: (...[algebra, step, weights, gradients]: Parameters<typeof own.updates<Float64Array, number>>) => ({
        ...own.updates(algebra, step, weights, gradients, [{}]),
        state: [{ before: weights[0]! }],
      }),
    } as unknown as typeof own;
    const { end } = await collect(float64, problem, halving(), growing, {
      ...keep,
      steps: 9,
      lossLimit: 5000,
      optimizer,
    });
    // w_4 = 8·2⁴, whose loss is 8192
    expect(end).toMatchObject({ outcome: "diverged", steps: 4, weights: [vector(128)] });
  });

  test("a record at which a run diverges is traced, though it was not to be", async () => {
    const options = { steps: 3, lossLimit: 100, measureEveryStep: true, traced: () => false };
    const { records } = await collect(float64, problem, halving(), growing, options);
    expect(records.map(({ traced }) => traced)).toEqual([false, true]);
  });

  test("are gone where a divergence was found out later", async () => {
    const options = { ...keep, lossLimit: 100, traced: () => false, stepsPerEpoch: 2 };
    const { records, end } = await collect(float64, problem, halving(), growing, options);
    expect(end).toStrictEqual({ outcome: "diverged", steps: 1, detail: "the loss 128 is above the limit 100" });
    expect(records).toStrictEqual([
      {
        ...{ step: 1, epoch: 0.5, learningRate: 3, loss: 128, train: { loss: 128 }, layers: [] },
        ...{ evaluated: false, traced: true, last: false },
      },
    ]);
  });

  test("of mini-batches there is no training loss then", async () => {
    const sampler = batchSampler(2, { seed: 0, name: "data order" });
    const options = { steps: 3, lossLimit: 100, traced: () => false, sampler, batchSize: 1 };
    const { records } = await collect(float64, problem, halving(), growing, options);
    expect(records).toMatchObject([{ step: 1, loss: 128 }]);
    expect(records[0]).not.toHaveProperty("train");
  });

  test("are not handed over by a run that was stopped", async () => {
    const { end } = await collect(float64, problem, halving(), sgd, { ...keep, signal: AbortSignal.abort() });
    expect(end).toStrictEqual({ outcome: "interrupted", steps: 1 });
  });
});

describe("checkpoints", () => {
  const saving = (saved: number[], everySteps: number, due: () => boolean) => ({
    checkpoints: { everySteps, due, save: ({ step }: TrainingState) => saved.push(step) },
  });

  test("are made every n steps, and where a signal ends the run", async () => {
    const saved: number[] = [];
    await collect(float64, problem, halving(), sgd, { steps: 7, ...saving(saved, 3, () => false) });
    expect(saved).toEqual([3, 6]);
    const controller = new AbortController();
    const stopping = { ...saving(saved, Number.POSITIVE_INFINITY, () => false), signal: controller.signal };
    const running = {
      traced: (step: number) => {
        if (step === 4) controller.abort();
        return true;
      },
    };
    const { end } = await collect(float64, problem, halving(), sgd, { steps: 7, ...stopping, ...running });
    expect(saved).toEqual([3, 6, 5]);
    expect(end).toStrictEqual({ outcome: "interrupted", steps: 5 });
  });

  test("are made when they are due, which is asked where the loop lets others run", async () => {
    const saved: number[] = [];
    const answers = [false, true, false];
    const due = () => answers.shift()!;
    await collect(float64, problem, slowly(halving()), sgd, {
      steps: 3,
      ...saving(saved, Number.POSITIVE_INFINITY, due),
    });
    expect([saved, answers]).toEqual([[2], []]);
  });
});

test("on the host several measured steps are handed out together", async () => {
  let reads = 0;
  const read: typeof float64.read = (scalars) => {
    reads++;
    return float64.read(scalars);
  };
  const { records } = await collect({ ...float64, read }, problem, halving(), sgd, { steps: 20 });
  expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 21 }, (_, step) => step));
  // A pause of the loop may come between.
  expect(reads).toBeLessThan(5);
});

describe("what is freed", () => {
  const momentum = { ...sgd, momentum: 0.5 };

  test("are the weights and velocities of every step, each once, the optimum and the objective", async () => {
    const { algebra, freed } = watched();
    let isDisposed = 0;
    const objective = { ...halving(), dispose: () => isDisposed++ };
    await collect(algebra, problem, objective, momentum, { steps: 3 });
    expect(isDisposed).toBe(1);
    // Four weights, four velocities, w*
    expect(freed).toHaveLength(9);
    expect(new Set(freed).size).toBe(9);
  });

  test("is no state where there is none", async () => {
    const { algebra, freed } = watched();
    await collect(algebra, problem, halving(), sgd, { steps: 1 });
    expect(freed).toEqual([vector(8), vector(4), vector(0)]);
  });

  test("is a state only where its successor does not hold it", async () => {
    const { algebra, freed } = watched();
    const [kept, changing] = [vector(7), [vector(0), vector(1), vector(2)]];
    const own = optimizerOver(layers, sgd, 2);
    const same = { same: vector(9) };
    const optimizer = {
      ...own,
      initialState: () => [same, { kept, changing: changing[0]! }],
      updates: (...[algebra, step, weights, gradients]: Parameters<typeof own.updates<Float64Array, number>>) => ({
        ...own.updates(algebra, step, weights, gradients, [{}]),
        state: [same, { kept, changing: changing[step + 1]! }],
      }),
    };
    const records = train({ ...training(halving(), algebra), optimizer: optimizer as unknown as typeof own, steps: 2 });
    const order: unknown[][] = [];
    for await (const _ of records) order.push(freed.splice(0));
    expect(order).toEqual([[], [vector(8), vector(0)], [vector(4), vector(1)]]);
    expect(freed.filter((one) => one === kept)).toHaveLength(1);
    expect(freed).toEqual([vector(2), same.same, kept, vector(2), vector(0)]);
  });

  test("are weights only once no state holds them", async () => {
    const { algebra, freed } = watched();
    const own = optimizerOver(layers, sgd, 2);
    const optimizer = {
      ...own,
      updates: (...[algebra, step, weights, gradients]: Parameters<typeof own.updates<Float64Array, number>>) => ({
        ...own.updates(algebra, step, weights, gradients, [{}]),
        state: [{ before: weights[0]! }],
      }),
    };
    await collect(algebra, problem, halving(), sgd, { steps: 2, optimizer: optimizer as unknown as typeof own });
    // w_0 goes with the state of step 0, w_1 with that of step 1.
    expect(freed.map((weight) => (weight as Float64Array)[0])).toEqual([8, 2, 4, 0]);
    expect(new Set(freed).size).toBe(4);
  });

  test("is what comes next too, where the reader ends while a step is measured", async () => {
    const { algebra, freed } = watched();
    const records = train({ ...training(halving(), algebra), optimizer: optimizerOver(layers, momentum, 3), steps: 3 });
    await records.next();
    await records.return({ outcome: "interrupted", steps: 0 });
    // w_0 and w_1, both velocities, w*
    expect(freed).toHaveLength(5);
    expect(new Set(freed).size).toBe(5);
  });

  test("is what had been made where the start cannot be", async () => {
    for (const at of ["initialWeights", "onTest"]) {
      const { algebra, freed } = watched();
      let isDisposed = 0;
      const failing = () => {
        throw new Error("no memory");
      };
      const objective = { ...halving(), [at]: failing, dispose: () => isDisposed++ };
      await expect(train(training(objective, algebra)).next()).rejects.toThrow("no memory");
      expect([isDisposed, freed]).toEqual([1, [vector(0)]]);
      const { dispose: _, ...lasting } = objective;
      await expect(train(training(lasting, algebra)).next()).rejects.toThrow("no memory");
    }
  });
});

/** A training of one step. */
const training = (
  objective: Objective<Float64Array, number>,
  algebra: Algebra<Float64Array, number>,
): Training<Float64Array, number> => ({
  ...{ algebra, problem, objective, optimizer: optimizerOver(layers, sgd, 1), steps: 1, batchSize: "full" },
  ...{ stepsPerEpoch: 1, measureEveryStep: false, lossLimit: 1e30 },
  traced: () => true,
  evaluated: () => false,
});

describe("the gradient of each example", () => {
  const batches: unknown[] = [];
  const objective = {
    ...halving(),
    lossAndGradients: ([w]: readonly Float64Array[], batch: Int32Array | "full") => {
      batches.push(batch);
      return { loss: 1, gradients: [vector(batch === "full" ? -1 : w![0]! + batch[0]!)] };
    },
  };
  const given: unknown[] = [];
  const own = optimizerOver(layers, sgd, 1);
  const optimizer = (needs: object | undefined) =>
    ({
      ...own,
      rule: { ...own.rule, needs },
      updates: (...[algebra, step, weights, gradients, state, ofExamples]: Parameters<typeof own.updates>) => {
        given.push(ofExamples);
        return own.updates(algebra, step, weights, gradients, state);
      },
    }) as typeof own;
  const run = async (needs: object | undefined, batch: Partial<Training<Float64Array, number>>) => {
    batches.length = 0;
    given.length = 0;
    const records = train({
      ...training(objective, float64),
      ...{ problem: { ...problem, examples: 3 }, optimizer: optimizer(needs), ...batch },
    });
    for await (const _ of records);
    return { batches, given };
  };

  test("is given to a rule that needs it, of full batches and smaller ones", async () => {
    const full = await run({ exampleGradients: true }, {});
    expect(full.given).toEqual([[[vector(8)], [vector(9)], [vector(10)]]]);
    const one = Int32Array.of(0);
    expect(full.batches).toEqual(["full", one, Int32Array.of(1), Int32Array.of(2), "full"]);
    const asked: number[] = [];
    const next = (count: number) => {
      asked.push(count);
      return Int32Array.of(2, 0);
    };
    const sampler = { ...batchSampler(3, { seed: 0, name: "data order" }), next };
    const some = await run({ exampleGradients: true }, { sampler, batchSize: 2 });
    expect(some.given).toEqual([[[vector(10)], [vector(8)]]]);
    // After the last update there is no batch.
    expect([asked, some.batches]).toEqual([[2], [Int32Array.of(2, 0), Int32Array.of(2), one]]);
  });

  test("is not computed for others", async () => {
    for (const needs of [undefined, {}]) {
      expect(await run(needs, {})).toEqual({ batches: ["full", "full"], given: [undefined] });
    }
  });
});
