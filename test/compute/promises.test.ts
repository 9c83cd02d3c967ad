import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/random.js";
import type { Algebra } from "../../src/compute/algebra.js";
import { startBackend } from "../../src/compute/backends.js";
import { float64 } from "../../src/compute/float64.js";
import { perNeuron } from "../../src/compute/per-neuron.js";
import { optimizers } from "../../src/optimizers/registry.js";
import type { Invariant, StepMade, UpdateRule } from "../../src/optimizers/update-rule.js";
import { optimizerOver } from "../optimizers/rules.js";
import { testedBackends } from "../tested-backends.js";

const shapes = [[7, 4], [6], [3, 2, 3]];
const layers = shapes.map((shape, i) => ({ name: `layer_${i + 1}`, shape }));
const rate = 0.1;

function entries(name: string, shape: readonly number[]): number[] {
  const stream = randomStream({ seed: 11, name });
  const size = shape.reduce((product, length) => product * length);
  return Array.from({ length: size }, () => (stream.uniform() < 0.5 ? -1 : 1) * (0.1 + stream.uniform()));
}

/** What a rule says of the size of its updates, as one of its invariants. */
function proportionOf({ promises, proportion }: UpdateRule): Invariant[] {
  if (!promises.proportion) return [];
  const { coefficient, is } = promises.proportion;
  return [
    {
      statement: `the proportion is ${is} ${coefficient}·λ`,
      measure: (algebra, { weights, update }) => proportion(algebra, weights, update),
      range: (learningRate) => [is === "exactly" ? coefficient * learningRate : 0, coefficient * learningRate],
    },
  ];
}

const promisesOf = (rule: UpdateRule) => [...(rule.promises.invariants ?? []), ...proportionOf(rule)];

/** What is promised of steps that a rule makes one after the other, measured at each. */
async function measured<V, S>(algebra: Algebra<V, S>, config: { scope: string }): Promise<Map<Invariant, number[]>> {
  const optimizer = optimizerOver(layers, { learningRate: rate, ...config }, 10);
  const promises = promisesOf(optimizer.rule);
  const found = new Map<Invariant, number[]>(promises.map((promise) => [promise, []]));
  let weights = shapes.map((shape, i) => algebra.vector(entries(`w${i}`, shape), shape));
  let state = algebra.scope(() => optimizer.initialState(algebra, weights));
  for (let k = 0; k < 10; k++) {
    const gradients = shapes.map((shape, i) => algebra.vector(entries(`g${i} ${k}`, shape), shape));
    const made = algebra.scope(() => {
      const { updates, state: after } = optimizer.updates(algebra, k, weights, gradients, state);
      const next = weights.map((w, i) => algebra.add(w, updates[i]!));
      const values = promises.flatMap(({ measure }) =>
        shapes.map((shape, i) => {
          const step: StepMade<V> = { weights: weights[i]!, update: updates[i]!, next: next[i]!, shape };
          if (config.scope !== "neuron" || shape.length < 2) return measure<V, S>(algebra, step);
          return measure<V, V>(perNeuron(algebra, shape), { ...step, shape: [shape[0]! * (shape[2] ? shape[1]! : 1)] });
        }),
      );
      return { next, after, values };
    });
    for (const [i, value] of made.values.entries()) {
      found.get(promises[Math.floor(i / shapes.length)]!)!.push(...(await algebra.values(value)));
    }
    algebra.dispose([...weights, ...gradients, ...made.values]);
    algebra.dispose(state.flatMap((block) => Object.values(block)).filter((one) => !isKept(made.after, one)));
    ({ next: weights, after: state } = made);
  }
  algebra.dispose([...weights, ...state.flatMap((block) => Object.values(block))]);
  return found;
}

const isKept = <T>(state: readonly Readonly<Record<string, T>>[], one: T) =>
  state.some((block) => Object.values(block).includes(one));

const configs = optimizers
  .flatMap(({ name, variants = [], schema, create }) =>
    [{}, ...variants].map((options) => ({
      config: { name, ...options },
      rule: create(schema.parse({ name, ...options })),
    })),
  )
  .filter(({ rule }) => promisesOf(rule).length > 0)
  .flatMap(({ config }) => ["layer", "neuron"].map((scope) => ({ ...config, scope })));

/** Where WebGPU is emulated each new operation takes seconds to compile: there, one configuration of each rule. */
const configsOn = (backend: string) =>
  backend === "webgpu" ? configs.filter(({ name }, i) => configs.findIndex((one) => one.name === name) === i) : configs;

describe.each(["float64", ...testedBackends])("on %s", (name) => {
  const tolerance = name === "float64" ? 1e-12 : 1e-5;

  test.each(configsOn(name))(
    "$name keeps its promises at every step, and leaves no tensor behind: %j",
    async (config) => {
      const { algebra } = await startBackend(name === "float64" ? "cpu" : name);
      const before = tf.memory().numTensors;
      const found = name === "float64" ? await measured(float64, config) : await measured(algebra, config);
      expect(tf.memory().numTensors).toBe(before);
      for (const [{ statement, range }, values] of found) {
        const [lowest, highest] = range(rate);
        expect(Math.min(...values), statement).toBeGreaterThanOrEqual(lowest - tolerance * Math.max(1, highest));
        expect(Math.max(...values), statement).toBeLessThanOrEqual(highest + tolerance * Math.max(1, highest));
      }
    },
  );
});
