import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { builtIn } from "../../src/built-in/built-in.js";
import type { Rules } from "../../src/optimizers/optimizer.js";
import type { OptimizerDefinition } from "../../src/optimizers/update-rule.js";
import { Driver } from "../../src/testing/trajectory.js";
import { root } from "../cli/tool.js";

/**
 * Trajectories of other implementations, which scripts/parity.py writes: each file is a peer, and joins the table below
 * by being there.
 */
interface Fixture {
  /** Package and version, or what was transcribed. */
  readonly source: string;
  readonly rule: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** λ_k = initialRate/(1 + k/10) */
  readonly initialRate: number;
  /** After how many steps `weights` were written down. */
  readonly steps: readonly number[];
  readonly cases: readonly Case[];
}

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  readonly weightScale: number;
  readonly gradientScale: number;
  /** Whether every third gradient is 0. */
  readonly silent: boolean;
  readonly weights: readonly (readonly number[])[];
}

const folder = join(root, "test/optimizers/parity");
const fixtures = readdirSync(folder).map((file) => {
  const fixture = JSON.parse(readFileSync(join(folder, file), "utf8")) as Fixture;
  return { ...fixture, file: file.replace(/\.json$/, "") };
});

/** A multiple of 1/8 between −15/8 and 15/8, as in scripts/parity.py. */
const pattern = (i: number, k: number) => (((7 * i + 13 * k + 3 * i * k) % 31) - 15) / 8;

/** The weights of our rule at the steps of the fixture. */
function ours(rules: Rules, { rule, options, initialRate, steps }: Fixture, one: Case): number[][] {
  const indices = Array.from({ length: one.shape.reduce((product, size) => product * size) }, (_, i) => i);
  const gradient = (k: number) =>
    indices.map((i) => (one.silent && k % 3 === 1 ? 0 : one.gradientScale * pattern(i, k)));
  const config = {
    name: rule,
    ...options,
    learningRate: { schedule: "inverse-time", initial: initialRate, decaySteps: 10 },
  };
  const driver = new Driver(rules, config, {
    start: [indices.map((i) => one.weightScale * (pattern(i, 5) + 2))],
    gradients: Array.from({ length: steps.at(-1)! }, (_, k) => [gradient(k)]),
    shapes: [one.shape],
  });
  let position = driver.start();
  return steps.map((step) => {
    position = driver.go(position, step).position;
    return [...position.weights[0]!];
  });
}

/** The largest difference of any weight, in units of the largest weight at that step. */
function difference(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): number {
  const atStep = wanted.map((weights, k) => {
    const error = Math.max(...weights.map((w, i) => Math.abs(found[k]![i]! - w)));
    return error / (Math.max(...weights.map(Math.abs)) || 1);
  });
  // NaN is a difference too, which no comparison finds.
  return atStep.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...atStep);
}

const tolerance = 1e-12;

/** Whether the weights end up elsewhere by a hundredth of them, so that 1e-9 of their updates is more than the tolerance. */
function movesFar({ weights, weightScale }: Case): boolean {
  const last = weights.at(-1)!;
  const distance = Math.max(...last.map((w, i) => Math.abs(w - weightScale * (pattern(i, 5) + 2))));
  return distance > 0.01 * Math.max(...last.map(Math.abs));
}

describe.each(fixtures)("$rule $options, as of $source ($file)", (fixture) => {
  test.each(fixture.cases)("takes the same 50 steps: $name", (one) => {
    expect(difference(ours(builtIn, fixture, one), one.weights)).toBeLessThan(tolerance);
  });

  test("would not, if its updates were longer by 1e-9 of their length", () => {
    const longer: OptimizerDefinition = {
      ...builtIn.optimizers.find(({ name }) => name === fixture.rule)!,
      create(options) {
        const rule = builtIn.optimizers.find(({ name }) => name === fixture.rule)!.create(options);
        return {
          ...rule,
          update(algebra, input) {
            const { update, state } = rule.update(algebra, input);
            return { update: algebra.scale(algebra.scalar(1 + 1e-9), update), state };
          },
        };
      },
    };
    const rules = { optimizers: [longer], schedules: builtIn.schedules };
    const moving = fixture.cases.filter(movesFar);
    expect(moving.length).toBeGreaterThanOrEqual(4);
    const noticed = moving.filter((one) => difference(ours(rules, fixture, one), one.weights) >= tolerance);
    expect(noticed.map(({ name }) => name)).toEqual(moving.map(({ name }) => name));
  });
});

test("every rule has a peer", () => {
  const peers = new Set(fixtures.map(({ rule }) => rule));
  expect(builtIn.optimizers.map(({ name }) => name).filter((name) => !peers.has(name))).toEqual([]);
});
