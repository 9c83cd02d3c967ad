import { bounds } from "../../bounds/registry.js";
import { datasets } from "../../data/registry.js";
import { optimizers } from "../../optimizers/registry.js";
import { schedules } from "../../optimizers/schedules/registry.js";
import { problems } from "../../problems/registry.js";
import { print } from "../output.js";
import { table } from "../table.js";

/** What can be named in a config, from the registries. */
export function list(): void {
  const sections: readonly (readonly [string, readonly (readonly string[])[]])[] = [
    ["problems", problems.map(({ name, summary, formula }) => [name, summary, formula])],
    ["datasets", datasets.map(({ name, summary }) => [name, summary, ""])],
    ["optimizers", optimizers.map(({ name, summary, formula }) => [name, summary, formula])],
    ["bounds", bounds.map(({ name, theorem, statement }) => [name, theorem, statement])],
    ["learning-rate schedules", schedules.map(({ name, formula }) => [name, formula, ""])],
  ];
  print(sections.flatMap(([title, rows], i) => [...(i > 0 ? [""] : []), ...table([title, "", ""], rows)]));
}
