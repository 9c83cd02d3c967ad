import { describe, expect, test } from "vitest";
import { optimizers } from "../../src/optimizers/registry.js";
import { defineOptimizer, type OptimizerDefinition } from "../../src/optimizers/update-rule.js";
import * as tensorFlow from "../../src/tensorflow.js";
import { ruleChecks } from "../../src/testing/rule-checks.js";

describe.each(optimizers.map((definition) => [definition.name, definition] as const))("%s", (_, definition) => {
  test.each(ruleChecks(definition).map((check) => [check.name, check] as const))("%s", (_, check) => check.run());

  test("has variants for every option", () => {
    const given = new Set((definition.variants ?? []).flatMap(Object.keys));
    const options = Object.keys(definition.schema.shape).filter((option) => option !== "name");
    expect([...given].sort()).toEqual(options.sort());
  });
});

test("every rule is an optimizer of TensorFlow.js under its name", () => {
  const exported = Object.keys(tensorFlow).map((name) =>
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  expect(exported.sort()).toEqual(optimizers.map(({ name }) => name).sort());
});

/** What the checks say of a rule that has been spoilt. */
async function complaints(definition: OptimizerDefinition): Promise<string[]> {
  const found: string[] = [];
  for (const { name, run } of ruleChecks(definition)) {
    try {
      await run();
    } catch {
      found.push(name);
    }
  }
  return found;
}

test("a rule that breaks its promises is found out", async () => {
  const [lars] = optimizers.filter(({ name }) => name === "lars");
  const spoilt = (spoil: (rule: ReturnType<OptimizerDefinition["create"]>) => object) =>
    defineOptimizer({
      ...lars!,
      variants: [],
      create: (options) => {
        const rule = lars!.create(options);
        return { ...rule, ...spoil(rule) };
      },
    });
  const longer = spoilt((rule) => ({
    update(algebra: never, input: never) {
      const { update, state } = rule.update<Float64Array, number>(algebra, input);
      return { update: update.map((x) => x * (1 + 1e-9)), state };
    },
  }));
  expect(await complaints(longer)).toEqual([
    "lars is equation (1) at every step",
    "lars changes the weights by exactly λ in its own measure",
  ]);
  const boastful = spoilt(() => ({ promises: { againstGradient: true, scaleInvariant: false, keepsSigns: true } }));
  expect(await complaints(boastful)).toEqual(["lars is not blind to the scale of the loss", "lars changes no sign"]);
  let calls = 0;
  const forgetful = spoilt((rule) => ({
    update(algebra: never, input: { learningRate: number }) {
      return rule.update<Float64Array, number>(algebra, {
        ...input,
        learningRate: input.learningRate / ++calls,
      } as never);
    },
  }));
  expect(await complaints(forgetful)).toContain("lars goes on from a copy of its state as if it had not been cut off");
});

test.each<[name: string, promise: string]>([
  ["fromage", "keeps ‖w + Δw‖₂/‖w‖₂ ∈ [1 − λ, 1 + λ]/√(1 + λ²)"],
  ["nero", "keeps ‖w + Δw‖₂ = 1 for each neuron"],
  ["madam", "keeps |w + Δw| ≤ e^{10λ}·|w|"],
  ["larc", "keeps ‖Δw‖/‖w‖ ≤ 0.02"],
  ["novograd", "keeps ‖Δw‖₂ ≤ λ/((1 − β₁)√(1 − β₂))"],
  ["scion", "keeps ‖w + Δw‖ ≤ max(‖w‖, ρ) in the norm of the ball"],
  ["muon", "keeps ‖Δw‖₂ ≤ λ·1.2025·√min(m, n)·scale of an m × n layer"],
])("%s with updates away from what they were is found out: it %s", async (name, promise) => {
  const right = optimizers.find((definition) => definition.name === name)!;
  const spoilt = defineOptimizer({
    ...right,
    variants: [],
    create(options) {
      const rule = right.create(options);
      const update: typeof rule.update = (algebra, input) => {
        const output = rule.update(algebra, input);
        // Every promise is one of a size, which so much more of the update and the weights exceeds.
        const longer = algebra.scale(algebra.scalar(500), output.update);
        return { ...output, update: algebra.addScaled(longer, algebra.scalar(20), input.weights) };
      };
      return { ...rule, update };
    },
  });
  expect(await complaints(spoilt)).toContain(`${name} ${promise}`);
});

test.each<[name: string, claim: string]>([
  ["sgd", "steps along the gradient"],
  ["larc", "steps at the rate min(λ, c‖w‖/(‖g‖ + ε))"],
  ["fromage", "makes the step of equation (1) and shrinks"],
  ['sgd {"momentum":0.9}', "is the heavy ball"],
  ['lars {"weightDecay":0.1}', "is LARS with weight decay"],
])("%s with steps a millionth of the weights apart is found out: it no longer %s", async (title, claim) => {
  const [, name, options = "{}"] = /^(\S+)(?: (.*))?$/.exec(title)!;
  const right = optimizers.find((definition) => definition.name === name)!;
  const apart = defineOptimizer({
    ...right,
    variants: [JSON.parse(options)],
    create(options) {
      const rule = right.create(options);
      const update: typeof rule.update = (algebra, input) => {
        const output = rule.update(algebra, input);
        return { ...output, update: algebra.addScaled(output.update, algebra.scalar(1e-6), input.weights) };
      };
      return { ...rule, update };
    },
  });
  expect(await complaints(apart)).toContain(`${title} ${claim}, at every step`);
});
