import type { Bound } from "../bounds/bound.js";
import type { Registry } from "../registry/registry.js";
import { whenApplicable } from "./applicable-bounds.js";
import type { Entry } from "./entry.js";

/** All that is to be said of a bound. */
export function boundEntry(bound: Bound, registry: Registry): Entry {
  const { name, theorem, statement, assumptions, source, columns } = bound;
  const rules = registry.optimizers.filter((definition) => whenApplicable(registry, definition, bound));
  return {
    kind: "bound",
    name,
    summary: `theorem ${theorem}`,
    facts: [
      { term: "statement", formula: statement },
      { term: "assumes", text: assumptions.join("; ") || "nothing" },
      { term: "source", text: source },
      {
        term: "optimizers",
        references: {
          list: "optimizers",
          names: rules.map((rule) => {
            const isPlain = whenApplicable(registry, rule, bound) === "defaults";
            return isPlain ? [rule.name] : [rule.name, "with other options than its defaults"];
          }),
        },
      },
    ],
    sections: [
      {
        title: "Columns in trace.csv",
        columns: ["column", "formula", "unit", "meaning"],
        rows: columns.map((column) => [column.name, column.formula, column.unit, column.meaning]),
      },
    ].filter(({ rows }) => rows.length > 0),
  };
}
