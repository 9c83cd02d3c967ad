import { createOptimizer, optimizerSchema, optimizerVariants } from "../optimizers/optimizer.js";
import type { EquationOne, OptimizerDefinition, Promises } from "../optimizers/update-rule.js";
import type { Registry } from "../registry/registry.js";
import { type When, whenApplicable } from "./applicable-bounds.js";
import { type Entry, type Fact, plainText, type Section } from "./entry.js";
import { optionSection } from "./option-section.js";
import { flowText, type Option, optionsOf } from "./options.js";

const equationOneText = (equationOne: EquationOne) =>
  equationOne.holds
    ? `yes, with p = ${equationOne.norm === "infinity" ? "∞" : equationOne.norm} and c = ${equationOne.coefficient}`
    : `no: ${equationOne.reason}`;

const multipleOfRate = (coefficient: number) => (coefficient === 1 ? "λ" : `${coefficient}·λ`);

/** What a rule promises of every step, a phrase each. */
function promisesOf({ againstGradient, scaleInvariant, keepsSigns, proportion, invariants = [] }: Promises): string[] {
  return [
    ...(againstGradient ? ["the first step goes against the gradient"] : []),
    scaleInvariant ? "steps do not depend on the scale of the loss (T7)" : "steps depend on the scale of the loss",
    ...(keepsSigns ? ["no weight changes its sign"] : []),
    ...(proportion
      ? [`the relative size of a step is ${proportion.is} ${multipleOfRate(proportion.coefficient)} (T11)`]
      : []),
    ...invariants.map(({ statement }) => `${statement} (T11)`),
  ];
}

/** The rule with its defaults. */
function plainRule(definition: OptimizerDefinition, registry: Registry) {
  const config = optimizerSchema(registry).parse({ learningRate: 0.1, name: definition.name });
  return createOptimizer(registry, config, [{ name: "layer", shape: [1] }], 1).rule;
}

/** The bounds that a run with the rule may be held against, with these of its options. */
function boundFact(definition: OptimizerDefinition, registry: Registry, when: When): Fact {
  const bounds = registry.bounds.filter((bound) => whenApplicable(registry, definition, bound) === when);
  const names = bounds.map(({ name, theorem }) => [name, theorem] as const);
  return { term: `bounds with ${when}`, references: { list: "bounds", names } };
}

function conventionSection({ conventions = {} }: OptimizerDefinition): Section {
  return {
    title: "Conventions",
    columns: ["convention", "implementation", "options"],
    rows: Object.entries(conventions).map(([name, { source, options }]) => [
      name,
      source,
      Object.entries(options)
        .map(([option, value]) => `${option}: ${flowText(value)}`)
        .join(", ") || "the defaults",
    ]),
  };
}

/** The options that every rule has in a config besides its own. */
export function sharedRuleOptions(registry: Registry): Option[] {
  const own = registry.optimizers[0]!.schema.shape;
  const options = optionsOf(optimizerVariants(registry)[0]!, { learningRate: "number > 0, or one of the schedules" });
  return options.filter(({ path }) => !(path.split(/[.[]/)[0]! in own) && path !== "convention");
}

/**
 * All that is to be said of a rule.
 *
 * @param shared names of the options that every rule has
 */
export function ruleEntry(definition: OptimizerDefinition, registry: Registry, shared: readonly string[]): Entry {
  const { name, summary, formula, source, schema } = definition;
  const { equationOne, promises } = plainRule(definition, registry);
  const bounds = (["defaults", "other options"] as const).map((when) => boundFact(definition, registry, when));
  return {
    kind: "optimizer",
    name,
    summary,
    facts: [
      { term: "update", formula },
      { term: "source", text: source },
      { term: "equation (1)", text: equationOneText(equationOne) },
      { term: "promises", text: promisesOf(promises).join("; ") },
      ...bounds.filter((fact) => plainText(fact) !== ""),
      { term: "shared options", text: shared.join(", ") },
    ],
    sections: [optionSection(schema), conventionSection(definition)].filter(({ rows }) => rows.length > 0),
  };
}
