import { join } from "node:path";
import { madeByOtherCode } from "../../config/identity.js";
import { ExperimentError } from "../../errors.js";
import { type Manifest, readManifest } from "../../results/manifest.js";
import { provenanceFacts } from "../../results/provenance-facts.js";
import { outcomeOf, quantities, quantityNames } from "../../results/quantities.js";
import { print, printJson } from "../output.js";
import { short, table } from "../table.js";

/** @throws ExperimentError if there is no run in this directory */
export function manifestAt(path: string): Manifest {
  const manifest = readManifest(path.endsWith("run.json") ? join(path, "..") : path);
  if (manifest) return manifest;
  throw new ExperimentError(`${path} is no run; expected a directory with run.json in it, such as results/…/runs/…`);
}

/** A nested value as lines of path and text. */
export function flattened(value: unknown, path = ""): [path: string, text: string][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flattened(inner, path === "" ? key : `${path}.${key}`));
}

function outcomeLines(manifest: Manifest): string[][] {
  const { status, stopReason, plannedSteps, outcome, verdicts = {}, versions, config } = manifest;
  return [
    ["note", madeByOtherCode(versions, config) ?? ""],
    ["status", stopReason ? `${status} (${stopReason})` : status],
    ["steps", `${outcome?.steps ?? 0} of ${plannedSteps}`],
    ...quantityNames.flatMap((quantity) =>
      (["final", "best"] as const).map((kind) => [
        `${kind} ${quantities[quantity].words}`,
        short(outcomeOf(manifest, kind, quantity)),
      ]),
    ),
    ...Object.entries(verdicts).map(([name, verdict]) => [
      name,
      verdict.outcome === "not applicable"
        ? `not applicable: ${verdict.reason}`
        : verdict.outcome === "held"
          ? `held in ${verdict.checks} checks`
          : `VIOLATED at step ${verdict.firstStep}: ${verdict.measured} is above ${verdict.bound}`,
    ]),
  ].filter(([, text]) => text !== "") as string[][];
}

const section = (title: string, rows: readonly (readonly string[])[]) => ["", ...table([title, ""], rows)];

/** Prints a run: what it came to, how it came about, its resolved config. */
export function show(path: string, { json = false }: { json?: boolean }): void {
  const manifest = manifestAt(path);
  if (json) {
    printJson(manifest);
    return;
  }
  print([
    `${manifest.experiment}: ${manifest.label}`,
    manifest.id,
    ...section("OUTCOME", outcomeLines(manifest)),
    ...section("PROVENANCE", provenanceFacts(manifest)),
    ...section("CONFIG", flattened(manifest.config)),
  ]);
}
