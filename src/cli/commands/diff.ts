import { existsSync } from "node:fs";
import { join } from "node:path";
import { provenanceFacts } from "../../results/provenance-facts.js";
import { readColumns } from "../../trace/csv-columns.js";
import { type Difference, differences, differenceText } from "../../verification/compare.js";
import { print, printJson } from "../output.js";
import { table } from "../table.js";
import { flattened, manifestAt } from "./show.js";

/** Names whose values differ, with both. */
function differing(one: readonly (readonly [string, string])[], other: readonly (readonly [string, string])[]) {
  const [a, b] = [new Map(one), new Map(other)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({ name, one: a.get(name) ?? "–", other: b.get(name) ?? "–" }));
}

const equalText = { agree: (a: string, b: string) => a === b, tolerance: () => ({ relative: 0, absolute: 0 }) };

function traceDifferences(one: string, other: string): Difference[] {
  const names = ["trace.csv", "layers.csv"].filter(
    (name) => existsSync(join(one, name)) && existsSync(join(other, name)),
  );
  return names
    .flatMap((name) => differences(readColumns(join(one, name)), readColumns(join(other, name)), equalText))
    .sort((a, b) => a.step - b.step);
}

/** Tells how a run differs from another: config, provenance, and where the traces part. */
export function diff(one: string, other: string, { json = false }: { json?: boolean }): void {
  const [a, b] = [manifestAt(one), manifestAt(other)];
  const config = differing(flattened(a.config), flattened(b.config));
  const provenance = differing(provenanceFacts(a), provenanceFacts(b));
  const traces = traceDifferences(one, other);
  if (json) {
    printJson({ config, provenance, traces });
    return;
  }
  const rows = (facts: typeof config) => facts.map(({ name, one: first, other: second }) => [name, first, second]);
  print([
    ...(config.length > 0 ? table(["CONFIG", a.id, b.id], rows(config)) : ["CONFIG  the same"]),
    "",
    ...(provenance.length > 0 ? table(["PROVENANCE", "first", "second"], rows(provenance)) : ["PROVENANCE  the same"]),
    "",
    traces.length > 0 ? `TRACES  ${differenceText(traces)}` : "TRACES  the same text on every step of the second",
  ]);
}
