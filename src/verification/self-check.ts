import { randomStream } from "../base/random.js";
import { watchBounds } from "../bounds/verdict.js";
import { builtIn } from "../built-in/built-in.js";
import type { Precision } from "../compute/algebra.js";
import { float64 } from "../compute/float64.js";
import { boundContext } from "../execution/bound-context.js";
import type { ExperimentClaims } from "../expectations/claims.js";
import { createOptimizer, type Optimizer, optimizerSchema } from "../optimizers/optimizer.js";
import type { KnownConstants, Problem } from "../problems/problem.js";
import { train } from "../training/train.js";
import type { Check } from "./check.js";

/** A run that is known to be bad: what is wrong with it by a share e, and the bounds that must say so. */
interface KnownBad {
  readonly what: string;
  readonly problem: { readonly name: string; readonly [option: string]: unknown };
  readonly optimizer: { readonly name: string; readonly [option: string]: unknown };
  /** Every step is longer by this factor than the rule says it is. */
  readonly stepFactor?: (e: number) => number;
  /** What the problem says of itself. */
  readonly constants?: (right: KnownConstants, e: number) => Partial<KnownConstants>;
  readonly violates: readonly string[];
}

/** The start from which one step attains T4. */
const worstStart = {
  name: "quadratic",
  conditionNumber: 10,
  optimum: "zero",
  start: { distance: 1, direction: "adversarial" },
};

const knownBad: readonly KnownBad[] = [
  {
    what: "steps that are too long",
    problem: worstStart,
    // Beyond c = 0.575, so that longer steps end farther away.
    optimizer: { name: "lars", learningRate: 0.9 },
    stepFactor: (e) => 1 + e,
    violates: ["norm-ratio", "linear-rate"],
  },
  {
    what: "steps that are too short",
    problem: { name: "scalar", target: 1, start: 0.5 },
    optimizer: { name: "percent-delta", learningRate: 0.3 },
    stepFactor: (e) => 1 - e,
    violates: ["norm-ratio", "one-dimensional-step"],
  },
  {
    what: "elementwise steps that are too long",
    problem: { name: "quadratic" },
    optimizer: { name: "percent-delta-elementwise", learningRate: 0.1 },
    stepFactor: (e) => 1 + e,
    violates: ["elementwise-proportionality"],
  },
  {
    what: "a strong convexity that is too large",
    problem: worstStart,
    optimizer: { name: "lars", learningRate: 0.9 },
    constants: ({ strongConvexity }, e) => ({ strongConvexity: strongConvexity! * (1 + e) }),
    violates: ["one-step-contraction", "linear-rate"],
  },
];

/** Ten times what the checks allow, and small: a tolerance that has become wider lets it pass. */
const errors: Readonly<Record<Precision, number>> = { float64: 1e-8, float32: 1e-3 };

const steps = 5;

async function problemOf(options: KnownBad["problem"]): Promise<Problem> {
  const definition = builtIn.problems.find(({ name }) => name === options.name)!;
  return definition.create(definition.schema.parse(options), {
    stream: (name) => randomStream({ seed: 0, name }),
    directory: ".",
  });
}

const withFactor = (optimizer: Optimizer, factor: number): Optimizer => ({
  ...optimizer,
  updates(algebra, ...rest) {
    const { updates, state } = optimizer.updates(algebra, ...rest);
    return { updates: updates.map((update) => algebra.scale(algebra.scalar(factor), update)), state };
  },
});

/** The bounds that a run violates whose error is e; it goes through the loop that every run goes through. */
async function violated({ constants, ...bad }: KnownBad, e: number, precision: Precision): Promise<string[]> {
  const right = await problemOf(bad.problem);
  const problem =
    constants && right.constants
      ? { ...right, constants: { ...right.constants, ...constants(right.constants, e) } }
      : right;
  const config = optimizerSchema(builtIn).parse(bad.optimizer);
  const optimizer = withFactor(createOptimizer(builtIn, config, problem.layers, steps), bad.stepFactor?.(e) ?? 1);
  const watch = watchBounds(
    builtIn.bounds,
    boundContext({ problem, optimizer, steps, precision, run: { config: { batchSize: "full" } } }),
  );
  const records = train({
    algebra: float64,
    problem,
    objective: problem.onHost!(float64),
    optimizer,
    steps,
    batchSize: "full",
    stepsPerEpoch: 1,
    traced: () => true,
    evaluated: () => false,
    measureEveryStep: true,
    lossLimit: Number.POSITIVE_INFINITY,
  });
  for await (const record of records) watch.observe(record);
  return Object.entries(watch.verdicts()).flatMap(([name, { outcome }]) => (outcome === "violated" ? [name] : []));
}

/** What is wrong with how bounds judge one known-bad run in one precision; nothing if they judge it rightly. */
async function misjudged(bad: KnownBad, precision: Precision): Promise<string[]> {
  const e = errors[precision];
  const [found, without] = [await violated(bad, e, precision), await violated(bad, 0, precision)];
  const unnoticed = bad.violates.filter((bound) => !found.includes(bound));
  return [
    ...unnoticed.map((bound) => `${bound} holds in ${precision} although it is off by ${e}`),
    ...without.map((bound) => `${bound} is violated in ${precision} by a run that is right`),
  ];
}

/**
 * Whether the checks can fail at all: a few runs with an error just above the tolerance must violate the bounds that
 * this error concerns, and the same runs without it none.
 */
export async function selfChecks(): Promise<Check[]> {
  const checks: Check[] = [];
  for (const bad of knownBad) {
    const found = [...(await misjudged(bad, "float64")), ...(await misjudged(bad, "float32"))];
    checks.push({
      experiment: "self-check",
      kind: "self-check",
      name: bad.what,
      outcome: found.length === 0 ? "passed" : "failed",
      detail: found.length === 0 ? `found to violate ${bad.violates.join(" and ")}` : found.join("; "),
    });
  }
  return checks;
}

/** The same as claims. */
export const selfCheckClaims = (checks: readonly Check[]): ExperimentClaims => ({
  name: "self-check",
  description: `Runs that are known to be bad, each off by little more than the checks allow: ${errors.float64} in float64, ${errors.float32} in float32.`,
  config: "src/verification/self-check.ts",
  setting: `${checks.length} runs on float64, checked to either precision`,
  findings: [],
  bounds: [],
  failures: [],
  others: checks.map(({ name, outcome, detail }) => ({
    claim: `noticed: ${name}`,
    source: "the checks themselves",
    expected: "violated",
    measured: detail,
    verdict: outcome === "passed" ? "met" : "not met",
  })),
});
