import { builtIn } from "../../built-in/built-in.js";
import { loadPlugins } from "../../registry/plugins.js";
import { print } from "../output.js";
import { table } from "../table.js";

/** What can be named in a config that has these plugins. */
export async function list({ plugin = [] }: { plugin?: readonly string[] }): Promise<void> {
  const { bounds, datasets, optimizers, problems, schedules } = await loadPlugins(builtIn, plugin, process.cwd());
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["problems", problems.map(({ name, summary, formula }) => [name, summary, formula])],
    ["datasets", datasets.map(({ name, summary }) => [name, summary, ""])],
    ["optimizers", optimizers.map(({ name, summary, formula }) => [name, summary, formula])],
    ["bounds", bounds.map(({ name, theorem, statement }) => [name, theorem, statement])],
    ["learning-rate schedules", schedules.map(({ name, formula }) => [name, formula, ""])],
  ];
  print(sections.flatMap(([title, rows], i) => [...(i > 0 ? [""] : []), ...table([title, "", ""], rows)]));
}
