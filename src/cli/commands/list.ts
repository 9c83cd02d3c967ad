import { ExperimentError } from "../../base/errors.js";
import { suggestion } from "../../base/explain.js";
import { builtIn } from "../../built-in/built-in.js";
import { configEntries } from "../../reference/config-entries.js";
import { entriesNamed, entriesOf } from "../../reference/entries.js";
import type { Entry } from "../../reference/entry.js";
import { loadPlugins } from "../../registry/plugins.js";
import type { Registry } from "../../registry/registry.js";
import { entryLines } from "../entry-lines.js";
import { print, printJson } from "../output.js";
import { table } from "../table.js";

/** Everything that can be named in a config, a line each. */
function overview({ bounds, datasets, optimizers, problems, schedules }: Registry, configs: readonly Entry[]) {
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["problems", problems.map(({ name, summary, formula }) => [name, summary, formula])],
    ["datasets", datasets.map(({ name, summary }) => [name, summary, ""])],
    ["optimizers", optimizers.map(({ name, summary, formula }) => [name, summary, formula])],
    ["bounds", bounds.map(({ name, theorem, statement }) => [name, theorem, statement])],
    ["learning-rate schedules", schedules.map(({ name, formula }) => [name, formula, ""])],
    ["configs", configs.map(({ name, summary }) => [name, summary, ""])],
  ];
  return sections.flatMap(([title, rows], i) => [...(i > 0 ? [""] : []), ...table([title, "", ""], rows)]);
}

/** @throws ExperimentError that suggests the nearest name where there is nothing of this one */
function named(name: string, entries: readonly Entry[]): Entry[] {
  const found = entriesNamed(name, entries);
  if (found.length > 0) return found;
  const hint = suggestion(name, [...new Set(entries.map((entry) => entry.name))]);
  throw new ExperimentError(`nothing is called "${name}" (run-experiment list names what there is).${hint}`);
}

/**
 * What can be named in a config that has these plugins, and the configs that come with the tool: all of it, a line each,
 * or in full what has one of these names.
 */
export async function list(
  names: readonly string[],
  { plugin = [], json = false }: { plugin?: readonly string[]; json?: boolean },
): Promise<void> {
  const registry = await loadPlugins(builtIn, plugin, process.cwd());
  if (names.length === 0 && !json) return print(overview(registry, configEntries()));
  const all = Object.values(entriesOf(registry)).flat();
  const chosen = names.flatMap((name) => named(name, all));
  if (json) printJson(names.length > 0 ? chosen : all);
  else print(chosen.flatMap((entry, i) => [...(i > 0 ? ["", ""] : []), ...entryLines(entry)]));
}
