import type { DatasetDefinition } from "../data/dataset.js";
import { preparationFields } from "../data/preparation.js";
import type { ScheduleDefinition } from "../optimizers/schedules/schedule.js";
import type { ProblemDefinition } from "../problems/problem.js";
import type { Registry } from "../registry/registry.js";
import { boundEntry } from "./bound-entry.js";
import { columnEntries } from "./column-entries.js";
import { configEntries } from "./config-entries.js";
import { configKeyEntries } from "./config-keys.js";
import type { Entry } from "./entry.js";
import { optionSection } from "./option-section.js";
import type { Option } from "./options.js";
import { ruleEntry, sharedRuleOptions } from "./rule-entry.js";

/** What a problem can learn of the config's data. */
function dataText({ needsData, predicts }: ProblemDefinition): string {
  if (needsData) return `needs a data set, to predict ${predicts ?? "classes"}`;
  return predicts ? `its own, or a data set to predict ${predicts}` : "takes none";
}

const problemEntry = (definition: ProblemDefinition): Entry => ({
  kind: "problem",
  name: definition.name,
  summary: definition.summary,
  facts: [
    { term: "loss", formula: definition.formula },
    { term: "data", text: dataText(definition) },
  ],
  sections: [optionSection(definition.schema)],
});

const datasetEntry = (definition: DatasetDefinition): Entry => ({
  kind: "data set",
  name: definition.name,
  summary: definition.summary,
  facts: [{ term: "shared options", text: Object.keys(preparationFields).join(", ") }],
  sections: [optionSection(definition.schema)].filter(({ rows }) => rows.length > 0),
});

const scheduleEntry = ({ name, formula, schema }: ScheduleDefinition): Entry => ({
  kind: "schedule",
  name,
  summary: "learning-rate schedule, with a linear warm-up if asked for",
  facts: [{ term: "rate at step k of K", formula }],
  sections: [optionSection(schema)],
});

const topLevel = (options: readonly Option[]) => options.map(({ path }) => path).filter((path) => !/[.[]/.test(path));

/** What is to be said of everything that can be named, by kind. */
export function entriesOf(registry: Registry) {
  const shared = topLevel(sharedRuleOptions(registry));
  return {
    problems: registry.problems.map(problemEntry),
    datasets: registry.datasets.map(datasetEntry),
    optimizers: registry.optimizers.map((definition) => ruleEntry(definition, registry, shared)),
    schedules: registry.schedules.map(scheduleEntry),
    bounds: registry.bounds.map((bound) => boundEntry(bound, registry)),
    columns: columnEntries(registry),
    configKeys: configKeyEntries(registry),
    configs: configEntries(),
  };
}

/** The entries of a name: several where a rule and a problem share one, or columns of two files do. */
export const entriesNamed = (name: string, entries: readonly Entry[]): Entry[] => {
  const exact = entries.filter((entry) => entry.name === name);
  // A config may be named by the last part of its path, as on the command line.
  return exact.length > 0 ? exact : entries.filter((entry) => entry.name.endsWith(`/${name}`));
};
