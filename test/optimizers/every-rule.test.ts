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
