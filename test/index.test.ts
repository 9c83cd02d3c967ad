import { expect, test } from "vitest";
import { builtIn, createOptimizer, float64, optimizerSchema, randomStream, train, watchBounds } from "../src/index.js";

test("the public API trains a problem and holds it against the bounds, without files", async () => {
  const definition = builtIn.problems.find(({ name }) => name === "quadratic")!;
  const options = definition.schema.parse({ name: "quadratic", dimension: 5 });
  const problem = await definition.create(options, {
    stream: (name) => randomStream({ seed: 0, name }),
    directory: ".",
  });
  const steps = 200;
  const config = optimizerSchema(builtIn).parse({ name: "lars", learningRate: 0.05 });
  const optimizer = createOptimizer(builtIn, config, problem.layers, steps);
  const { rule, learningRate, scope, excluded } = optimizer;
  const watch = watchBounds(builtIn.bounds, {
    rule: { name: "lars", equationOne: rule.equationOne, norm: 2 },
    ...{ scope, excluded, learningRate, learningRates: () => optimizer.learningRates(), steps },
    layers: problem.layers,
    constants: problem.constants!,
    fullBatch: true,
    precision: "float64",
  });
  const training = train({
    algebra: float64,
    objective: problem.onHost!(float64),
    ...{ problem, optimizer, steps },
    batchSize: "full",
    stepsPerEpoch: 1,
    traced: () => true,
    evaluated: () => false,
    measureEveryStep: true,
    lossLimit: 1e30,
  });
  let distance = Number.POSITIVE_INFINITY;
  for await (const record of training) {
    watch.observe(record);
    distance = record.distance!;
  }
  // T4c: within λW/min(1, 2c − λ) of the optimum, W = 1 and 2c = 1.15 at κ = 10.
  expect(distance).toBeLessThan(0.05);
  expect(watch.verdicts().envelope).toMatchObject({ outcome: "held" });
});
