import { randomStream } from "../base/random.js";
import { float64 } from "../compute/float64.js";
import { createOptimizer, optimizerSchema, type Rules } from "../optimizers/optimizer.js";
import { schedules } from "../optimizers/schedules/registry.js";
import type { Invariant, OptimizerDefinition, UpdateRule } from "../optimizers/update-rule.js";
import { captureState, restoreState } from "../training/state.js";
import { formClaims, formDrives } from "./form-checks.js";
import { type Drive, Driver, trajectory } from "./trajectory.js";

/** One thing that is checked of a rule. */
export interface RuleCheck {
  /** A sentence that goes on "lars {"momentum":0.9} …". */
  readonly name: string;
  /** @throws Error saying what was found in place of what was promised */
  run(): void | Promise<void>;
}

const draws = 100;

function demand(holds: boolean, message: () => string): void {
  if (!holds) throw new Error(message());
}

const near = (a: number, b: number, relative: number, absolute = 0) =>
  Math.abs(a - b) <= relative * Math.abs(b) + absolute;

const demandEqual = (found: readonly number[], wanted: readonly number[], what: string, tolerance = 0) =>
  demand(
    found.length === wanted.length && found.every((value, i) => near(value, wanted[i]!, tolerance)),
    () => `${what}: ${JSON.stringify(found)} in place of ${JSON.stringify(wanted)}`,
  );

interface Draw {
  readonly weights: number[];
  readonly gradient: number[];
  readonly learningRate: number;
}

/** Weights and gradients of 1 to 8 entries, none of them nearer to 0 than 1/1000. */
function* randomDraws(): Generator<Draw> {
  const stream = randomStream({ seed: 1801, name: "rule checks" });
  const entry = () => (stream.uniform() < 0.5 ? -1 : 1) * 10 ** (4 * stream.uniform() - 3);
  for (let i = 0; i < draws; i++) {
    const entries = () => Array.from({ length: 1 + (i % 8) }, entry);
    yield { weights: entries(), gradient: entries(), learningRate: 10 ** (-6 * stream.uniform()) / 2 };
  }
}

/**
 * Gradients one after the other that put what a rule remembers to the test: at random, growing or shrinking from step to
 * step and, where a rule may rest, after many that are 0.
 */
function* histories(mayRest: boolean): Generator<Drive> {
  const stream = randomStream({ seed: 1412, name: "histories" });
  const entry = () => 2 * stream.uniform() - 1;
  for (const silence of mayRest ? [0, 300] : [0]) {
    for (const growth of [0.5, 1, 1.02, 1.11, 2]) {
      const random = Array.from({ length: 40 }, (_, k) => [1, entry(), entry()].map((x) => x * growth ** k));
      const silent = Array.from({ length: silence }, () => [0, 0, 0]);
      yield { start: [[-1, 0.5, 2]], gradients: [...silent, ...random].map((gradient) => [gradient]) };
    }
  }
}

/** Three gradients for two layers of two weights and one. */
const gradients = [
  [[0.3, -0.2], [0.7]],
  [[-0.1, 0.4], [-0.5]],
  [[0.2, 0.2], [0.1]],
];
const start = [[1, -2], [3]];
const joined = (layers: readonly (readonly number[])[]) => [layers.flat()];

/** A layer of three axes beside one of a single axis, over steps of changing size. */
const kernels: Drive = {
  start: [
    [1, -2, 3, 0.5, -1, 2, 0.3, -0.7, 1.5, -0.2, 0.8, -1.1],
    [0.5, -0.25, 2],
  ],
  shapes: [[2, 2, 3], [3]],
  gradients: [1, -30, 0.001, 2, 0.5].map((size, k) => [
    Array.from({ length: 12 }, (_, i) => size * Math.sin(1 + i * (k + 1))),
    Array.from({ length: 3 }, (_, i) => size * Math.cos(1 + i * (k + 1))),
  ]),
};

/** Holds every step of a drive against an invariant. */
function demandWithin(invariant: Invariant, rules: Rules, config: object, drive: Drive): void {
  const driver = new Driver(rules, config, drive);
  let position = driver.start();
  for (let k = 0; k < drive.gradients.length; k++) {
    const { weights } = position;
    const { updates, position: next } = driver.go(position, k + 1);
    const [lowest, highest] = invariant.range(driver.optimizer.learningRate(k));
    driver.layers.forEach(({ shape }, i) => {
      const made = { weights: weights[i]!, update: Float64Array.from(updates[0]![i]!), next: next.weights[i]!, shape };
      const measured = invariant.measure(float64, made);
      demand(
        measured >= lowest - 1e-12 && measured <= highest + 1e-12 * Math.max(1, highest),
        () => `at step ${k} of layer ${i + 1} it is ${measured}; promised is between ${lowest} and ${highest}`,
      );
    });
    position = next;
  }
}

/** The checks of a rule with these options. */
function checksOf(rules: Rules, config: { name: string }): RuleCheck[] {
  const rule: UpdateRule = createOptimizer(
    rules,
    optimizerSchema(rules).parse({ learningRate: 0.1, ...config }),
    [{ name: "layer", shape: [1] }],
    1,
  ).rule;
  const { equationOne, promises } = rule;
  const step = ({ weights, gradient, learningRate }: Draw) =>
    trajectory(rules, { ...config, learningRate }, { start: [weights], gradients: [[gradient]] })[0]![0]!;
  const drive = (more: object) => trajectory(rules, { ...config, ...more }, { start, gradients });

  const checks: RuleCheck[] = [
    {
      name: equationOne.holds ? "is equation (1) at every step" : "says why it is not equation (1)",
      run() {
        if (!equationOne.holds) return demand(equationOne.reason.length > 0, () => "equationOne.reason is empty");
        const { norm, coefficient } = equationOne;
        demand(rule.norm === norm, () => `norm is ${rule.norm}, that of equation (1) ${norm}`);
        for (const draw of randomDraws()) {
          const [w, g] = [Float64Array.from(draw.weights), Float64Array.from(draw.gradient)];
          const factor = (-draw.learningRate * coefficient * float64.norm(w, norm)) / float64.norm(g, norm);
          demandEqual(step(draw), [...float64.scale(factor, g)], "Δw", 1e-12);
        }
      },
    },
    {
      name: promises.scaleInvariant
        ? "is blind to the scale of the loss (T7)"
        : "is not blind to the scale of the loss",
      run() {
        const withScale = (scale: number) => {
          const scaled = gradients.map((layers) => layers.map((g) => g.map((x) => scale * x)));
          return trajectory(rules, config, { start, gradients: scaled }).flat(2);
        };
        const once = withScale(1);
        const [larger, smaller] = [withScale(2 ** 20), withScale(2 ** -20)];
        if (promises.scaleInvariant) {
          demandEqual(larger, once, "Δw with gradients 2²⁰ times as large", 1e-9);
          demandEqual(smaller, once, "Δw with gradients 2²⁰ times as small", 1e-9);
        } else
          demand(
            [larger, smaller].some((steps) => steps.some((x, i) => !near(x, once[i]!, 1e-6))),
            () => "it takes the same steps: promise scaleInvariant",
          );
      },
    },
    {
      name: "shows a gradient that is not finite in place of hiding it",
      run() {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const update = step({ weights: [1, 2], gradient: [bad, 1], learningRate: 0.1 });
          demand(!update.every(Number.isFinite), () => `Δw is ${JSON.stringify(update)} with the gradient [${bad}, 1]`);
        }
      },
    },
    {
      name: "with scope global acts on the concatenation as on one layer",
      run() {
        const whole = trajectory(rules, config, { start: joined(start), gradients: gradients.map(joined) });
        demandEqual(drive({ scope: "global" }).flat(2), whole.flat(2), "Δw");
      },
    },
    {
      name: "with scope neuron acts on each column of a kernel as on one layer",
      run() {
        const kernel = [1, -2, 3, 0.5, -1, 2];
        const steps = [1, -1, 2].map((sign) => kernel.map((_, i) => sign * (0.3 + 0.1 * i)));
        const column = (entries: readonly number[], j: number) => entries.filter((_, i) => i % 2 === j);
        const whole = trajectory(
          rules,
          { ...config, scope: "neuron" },
          { start: [kernel], gradients: steps.map((g) => [g]), shapes: [[3, 2]] },
        );
        for (const j of [0, 1]) {
          const alone = trajectory(rules, config, {
            start: [column(kernel, j)],
            gradients: steps.map((g) => [column(g, j)]),
          });
          demandEqual(
            whole.flatMap(([update]) => column(update!, j)),
            alone.flat(2),
            `Δw of neuron ${j}`,
            1e-14,
          );
        }
      },
    },
    {
      name: "goes on from a copy of its state as if it had not been cut off",
      async run() {
        const driver = new Driver(rules, config, { start, gradients });
        const cut = driver.go(driver.start(), 2);
        const saved = structuredClone(await captureState(float64, cut.position));
        const rest = driver.go(restoreState(float64, driver.optimizer, driver.layers, saved));
        demandEqual([...cut.updates, ...rest.updates].flat(2), drive({}).flat(2), "Δw");
      },
    },
    {
      name: "leaves excluded layers to plain gradient steps",
      run() {
        const apart = drive({ exclude: ["*_2"] });
        const together = drive({});
        demandEqual(
          apart.flatMap(([first]) => first!),
          together.flatMap(([first]) => first!),
          "Δw of what is not",
        );
        const plain = gradients.map(([, second]) => -0.1 * second![0]!);
        demandEqual(
          apart.map(([, second]) => second![0]!),
          plain,
          "Δw of what is excluded",
          1e-15,
        );
      },
    },
  ];
  if (promises.againstGradient) {
    checks.push({
      name: "moves against the gradient at the first step",
      run() {
        for (const draw of randomDraws()) {
          const update = step(draw);
          const [length, size] = [Math.hypot(...update), Math.hypot(...draw.gradient)];
          demandEqual(
            update.map((x) => x / length),
            draw.gradient.map((g) => -g / size),
            "Δw/‖Δw‖",
            1e-9,
          );
        }
      },
    });
  }
  if (promises.keepsSigns) {
    checks.push({
      name: "changes no sign",
      run() {
        for (const draw of randomDraws()) {
          const update = step(draw);
          const changed = update.findIndex((x, i) => Math.sign(draw.weights[i]! + x) !== Math.sign(draw.weights[i]!));
          demand(changed < 0, () => `${draw.weights[changed]} becomes ${draw.weights[changed]! + update[changed]!}`);
        }
      },
    });
  }
  for (const invariant of promises.invariants ?? []) {
    checks.push({
      name: `keeps ${invariant.statement}`,
      run() {
        for (const { weights, gradient, learningRate } of randomDraws()) {
          demandWithin(invariant, rules, { ...config, learningRate }, { start: [weights], gradients: [[gradient]] });
        }
        for (const learningRate of [1e-6, 0.1, 0.5])
          demandWithin(invariant, rules, { ...config, learningRate }, kernels);
        const mayRest = invariant.range(1)[0] <= 0;
        for (const drive of histories(mayRest))
          demandWithin(invariant, rules, { ...config, learningRate: 0.01 }, drive);
      },
    });
  }
  for (const { statement, expected } of formClaims(promises.form ?? {}, rule.norm ?? 2)) {
    checks.push({
      name: `${statement}, at every step`,
      run() {
        for (const learningRate of [0.01, 0.7]) {
          for (const { start, gradients } of formDrives()) {
            let weights = Float64Array.from(start[0]!);
            let before = float64.zerosLike(weights);
            const updates = trajectory(rules, { ...config, learningRate }, { start, gradients });
            updates.forEach(([made], k) => {
              const [update, gradient] = [Float64Array.from(made!), Float64Array.from(gradients[k]![0]!)];
              const wanted = expected({ weights, gradient, learningRate, update, before });
              demand(
                float64.norm(float64.subtract(update, wanted), 2) <= 1e-12 * float64.norm(wanted, 2),
                () => `Δw at step ${k} is ${JSON.stringify([...update])} in place of ${JSON.stringify([...wanted])}`,
              );
              weights = Float64Array.from(float64.add(weights, update));
              before = update;
            });
          }
        }
      },
    });
  }
  const { proportion } = promises;
  if (proportion) {
    checks.push({
      name: `changes the weights by ${proportion.is} ${proportion.coefficient === 1 ? "" : `${proportion.coefficient}·`}λ in its own measure`,
      run() {
        for (const draw of randomDraws()) {
          const [w, update] = [Float64Array.from(draw.weights), Float64Array.from(step(draw))];
          const measured = rule.proportion(float64, w, update);
          const wanted = proportion.coefficient * draw.learningRate;
          demand(
            proportion.is === "exactly" ? near(measured, wanted, 1e-12) : measured <= wanted * (1 + 1e-12),
            () => `the proportion is ${measured}; promised is ${proportion.is} ${wanted}`,
          );
        }
      },
    });
  }
  return checks;
}

/**
 * What the tool's own rules are held to, for every rule: that it keeps what it promises, with its default options and
 * with those of its `variants`, and that nothing of the loop is in its way: scopes, exclusion, resumption. For any test
 * framework:
 *
 *     for (const { name, run } of ruleChecks(myRule)) test(name, run);
 *
 * @throws Error if the rule does not accept its own variants
 */
export function ruleChecks(definition: OptimizerDefinition): RuleCheck[] {
  const rules: Rules = { optimizers: [definition], schedules };
  return [{}, ...(definition.variants ?? [])].flatMap((options) => {
    const config = { name: definition.name, ...options };
    const title = Object.keys(options).length > 0 ? `${definition.name} ${JSON.stringify(options)}` : definition.name;
    return checksOf(rules, config).map(({ name, run }) => ({ name: `${title} ${name}`, run }));
  });
}
