import { existsSync } from "node:fs";
import { join } from "node:path";
import { damageOf } from "../../results/integrity.js";
import type { Manifest } from "../../results/manifest.js";
import { provenanceFacts } from "../../results/provenance-facts.js";
import { readColumns } from "../../trace/csv-columns.js";
import { traceFiles } from "../../trace/trace-writer.js";
import { type Difference, differences, differenceText } from "../../verification/compare.js";
import { print, printJson, tell } from "../output.js";
import { table } from "../table.js";
import { flattened, manifestAt, runDirectoryOf } from "./show.js";

/** Names whose values differ, with both. */
function differing(one: readonly (readonly [string, string])[], other: readonly (readonly [string, string])[]) {
  const [a, b] = [new Map(one), new Map(other)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((name) => a.get(name) !== b.get(name))
    .map((name) => ({ name, one: a.get(name) ?? "–", other: b.get(name) ?? "–" }));
}

const equalText = { agree: (a: string, b: string) => a === b, tolerance: () => ({ relative: 0, absolute: 0 }) };

/** Where the traces of two run directories part, and which of their files only one of them has. */
function comparedTraces(one: string, other: string): { traces: Difference[]; alone: string[] } {
  const has = (directory: string, name: string) => existsSync(join(directory, name));
  const names = Object.values(traceFiles).filter((name) => has(one, name) || has(other, name));
  const shared = names.filter((name) => has(one, name) && has(other, name));
  const traces = shared
    .flatMap((name) => differences(readColumns(join(one, name)), readColumns(join(other, name)), equalText))
    .sort((a, b) => a.step - b.step);
  return { traces, alone: names.filter((name) => !shared.includes(name)) };
}

/** What has become of a run's files since it was finished, for whoever compares them. */
function tellDamage(directory: string, manifest: Manifest): void {
  const damage = damageOf(directory, manifest, { contents: true });
  if (damage !== undefined) tell(`${directory}: ${damage}`);
}

/** Tells how a run differs from another: config, provenance, and where the traces part. */
export function diff(one: string, other: string, { json = false }: { json?: boolean }): void {
  const [a, b] = [manifestAt(one), manifestAt(other)];
  const config = differing(flattened(a.config), flattened(b.config));
  const provenance = differing(provenanceFacts(a), provenanceFacts(b));
  const { traces, alone } = comparedTraces(runDirectoryOf(one), runDirectoryOf(other));
  tellDamage(runDirectoryOf(one), a);
  tellDamage(runDirectoryOf(other), b);
  if (json) {
    printJson({ config, provenance, traces, alone });
    return;
  }
  const rows = (facts: typeof config) => facts.map(({ name, one: first, other: second }) => [name, first, second]);
  const same = alone.length === 0 ? "the same text on every step of the second" : "";
  const compared = traces.length > 0 ? differenceText(traces) : same;
  print([
    ...(config.length > 0 ? table(["CONFIG", a.id, b.id], rows(config)) : ["CONFIG  the same"]),
    "",
    ...(provenance.length > 0 ? table(["PROVENANCE", "first", "second"], rows(provenance)) : ["PROVENANCE  the same"]),
    "",
    `TRACES  ${[...alone.map((name) => `only one of them has ${name}`), compared].filter(Boolean).join("; ")}`,
  ]);
}
