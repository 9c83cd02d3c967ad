import { parse } from "yaml";
import { builtIn } from "../../built-in/built-in.js";
import { readConfigText } from "../../config/config-file.js";
import { shippedConfigs } from "../../config/shipped.js";
import { loadPlugins } from "../../registry/plugins.js";
import { print } from "../output.js";
import { table } from "../table.js";

/** What a config says of itself. */
const describedAs = (path: string) => (parse(readConfigText(path)) as { description?: string }).description ?? "";

/** What can be named in a config that has these plugins, and the configs that come with the tool. */
export async function list({ plugin = [] }: { plugin?: readonly string[] }): Promise<void> {
  const { bounds, datasets, optimizers, problems, schedules } = await loadPlugins(builtIn, plugin, process.cwd());
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["problems", problems.map(({ name, summary, formula }) => [name, summary, formula])],
    ["datasets", datasets.map(({ name, summary }) => [name, summary, ""])],
    ["optimizers", optimizers.map(({ name, summary, formula }) => [name, summary, formula])],
    ["bounds", bounds.map(({ name, theorem, statement }) => [name, theorem, statement])],
    ["learning-rate schedules", schedules.map(({ name, formula }) => [name, formula, ""])],
    ["configs", [...shippedConfigs()].map(([name, path]) => [name, describedAs(path), ""])],
  ];
  print(sections.flatMap(([title, rows], i) => [...(i > 0 ? [""] : []), ...table([title, "", ""], rows)]));
}
