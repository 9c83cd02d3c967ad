import { z } from "zod";
import { configSchemas } from "../config/schema.js";
import { preparationFields } from "../data/preparation.js";
import type { Registry } from "../registry/registry.js";
import type { Entry } from "./entry.js";
import { optionRows } from "./option-section.js";
import { type Option, optionsOf } from "./options.js";
import { sharedRuleOptions } from "./rule-entry.js";

/** What is chosen from a list of the registry has options of its own, which are described there. */
const elsewhere = {
  problem: "one of the problems, with its options",
  data: "one of the data sets, with its options",
  optimizer: "one of the optimizers, with its options",
  optimizers: "list of optimizers, each with its options",
};

/** The options that every data set has besides its own. */
export const sharedDataOptions = (): Option[] => optionsOf(z.strictObject(preparationFields));

const below = (path: string, options: readonly Option[]) =>
  options.map((option) => ({ ...option, path: `${path}.${option.path}` }));

/** Every path of a config file but the options of what is chosen by name, those within objects after what holds them. */
export function configOptions(registry: Registry): Option[] {
  const shared: Readonly<Record<string, readonly Option[]>> = {
    data: below("data", sharedDataOptions()),
    optimizer: below("optimizer", sharedRuleOptions(registry)),
  };
  const { file } = configSchemas(registry);
  return optionsOf(file, elsewhere).flatMap((option) => [option, ...(shared[option.path] ?? [])]);
}

const keyOf = ({ path }: Option) => path.split(/[.[]/)[0]!;

/** What is to be said of the keys of a config file, with the paths below each. */
export function configKeyEntries(registry: Registry): Entry[] {
  const options = configOptions(registry);
  return options
    .filter((option) => keyOf(option) === option.path)
    .map(({ path, type, preset, meaning }) => {
      const within = options.filter((option) => option.path !== path && keyOf(option) === path);
      return {
        kind: "config key",
        name: path,
        summary: meaning,
        facts: [{ term: "type", text: type }, ...(preset === "" ? [] : [{ term: "default", text: preset }])],
        sections:
          within.length === 0
            ? []
            : [{ title: "Paths below it", columns: ["path", "type", "default", "meaning"], rows: optionRows(within) }],
      };
    });
}
