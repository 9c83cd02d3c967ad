import { describe, expect, test } from "vitest";
import { descend, trajectory } from "./rules.js";

/*
 * Numbers from the test suites of others, with the tolerances they have there.
 */

const close = (found: readonly number[], wanted: readonly number[], tolerance: number) => {
  expect(found).toHaveLength(wanted.length);
  found.forEach((value, i) => {
    expect(Math.abs(value - wanted[i]!), `entry ${i}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted[i]!)));
  });
};

// torchlars, tests/test_lars.py: norms 1.234 and 5.678, weight decay 1e-4.
test("the trust ratio of torchlars", () => {
  const config = { name: "lars", learningRate: 1, trustCoefficient: 1e-3, epsilon: 1e-8, weightDecay: 1e-4 };
  const [[[update]]] = trajectory({ ...config, weightDecayInGradient: false }, [[1.234]], [[[5.678]]]) as [[[number]]];
  expect(update / -5.678).toBeCloseTo(2.17325e-4, 9);
});

// Keras, keras/src/optimizers/lamb_test.py.
describe("LAMB in Keras", () => {
  const lamb = { name: "lamb", convention: "keras" };

  test("test_single_step", () => {
    const [weights] = descend({ ...lamb, learningRate: 0.5 }, [1, 2, 3, 4], 1, () => [1, 6, 7, 2]);
    close(weights!, [-0.3693, 0.6306, 1.6306, 2.6306], 1e-4);
  });

  test("test_correctness_with_golden", () => {
    const gradient = (_: unknown, k: number) => Array.from({ length: 10 }, (_, i) => (k === 0 ? 0.01 : 0.1 * (i + 1)));
    const weights = descend({ ...lamb, learningRate: 1e-3 }, Array<number>(10).fill(1), 5, gradient);
    [0.999, 0.9982, 0.9974, 0.9965, 0.9955].forEach((golden, k) => {
      close(weights[k]!, Array<number>(10).fill(golden), 5e-4);
    });
  });
});

// Keras, keras/src/optimizers/muon_test.py.
describe("Muon in Keras", () => {
  const muon = { name: "muon", convention: "keras" };

  test("test_Newton_Schulz", () => {
    // Without scale and momentum the update is −λ·NS(g).
    const config = { ...muon, learningRate: 1, momentum: 0, scale: "none" };
    const matrix = [0.2499, 0.9105, 0.2655, 0.8824];
    const [weights] = descend(config, [0, 0, 0, 0], 1, () => matrix, [2, 2]);
    close(weights!, [0.4422, -0.6457, -0.7285, -0.2968], 1e-3);
  });

  test("test_muon_single_step", () => {
    const [weights] = descend({ ...muon, learningRate: 0.5 }, [1, 2, 3, 4], 1, () => [1, 6, 7, 2], [2, 2]);
    close(weights!, [0.988775, 1.887053, 2.873428, 3.97035], 1e-2);
  });
});

// optax, optax/_src/alias_test.py, test_optimization: 10 000 steps from the start lead to the minimum within 3e-2.
describe("test_optimization of optax", () => {
  const parabola = {
    start: [-1, 10, 1],
    minimum: [1, -1, 1],
    gradient: (w: readonly number[]) => [2 * (w[0]! - 1), 2 * (w[1]! + 1), 2 * (w[2]! - 1)],
  };
  const rosenbrock = {
    start: [0, 0],
    minimum: [1, 1],
    gradient: ([x, y]: readonly number[]) => [2 * (x! - 1) - 400 * x! * (y! - x! * x!), 200 * (y! - x! * x!)],
  };
  const rates: readonly [name: string, config: object][] = [
    ["lars", { learningRate: 1, momentum: 0.9 }],
    ["lamb", { learningRate: 1e-3 }],
    ["fromage", { learningRate: 5e-3 }],
    ["novograd", { learningRate: 1e-3 }],
  ];
  const cases = rates.flatMap(([name, config]) =>
    Object.entries({ parabola, rosenbrock }).map(([title, target]) => [name, title, config, target] as const),
  );

  test.each(cases)("%s on the %s", (name, _, config, { start, minimum, gradient }) => {
    const weights = descend({ name, convention: "optax", ...config }, start, 10_000, gradient).at(-1)!;
    close(weights, minimum, 3e-2);
  });
});
