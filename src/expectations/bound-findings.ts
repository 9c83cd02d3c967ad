import type { Bound, Verdict } from "../bounds/bound.js";
import type { Manifest } from "../results/manifest.js";

/** How one bound ended over the runs of an experiment. */
export interface BoundFinding {
  readonly bound: string;
  readonly theorem: string;
  readonly statement: string;
  readonly held: number;
  readonly violated: number;
  readonly notApplicable: number;
  /** Checks made, over all runs. */
  readonly checks: number;
  /** Smallest relative slack of all checks; undefined if there was none. */
  readonly smallestSlack?: number;
  /** The first violation, or every reason why the bound does not apply, each once. */
  readonly detail: string;
}

function violationText({ label }: Manifest, verdict: Verdict & { outcome: "violated" }): string {
  const layer = verdict.layer ? `, layer ${verdict.layer}` : "";
  return `${label}: step ${verdict.firstStep}${layer}: ${verdict.measured} is above the bound ${verdict.bound}`;
}

type Stated = Pick<Bound, "name" | "theorem" | "statement">;

/** Bounds that runs were held against and that are not at hand: their names are all there is to say of them. */
function absent(bounds: readonly Bound[], manifests: readonly Manifest[]): Stated[] {
  const names = new Set(manifests.flatMap(({ verdicts = {} }) => Object.keys(verdicts)));
  for (const { name } of bounds) names.delete(name);
  return [...names].map((name) => ({ name, theorem: "", statement: "of a plugin that is not at hand" }));
}

/** One finding for each bound that the runs were held against, in the order of `bounds`. */
export function boundFindings(bounds: readonly Bound[], manifests: readonly Manifest[]): BoundFinding[] {
  return [...bounds, ...absent(bounds, manifests)].flatMap(({ name, theorem, statement }) => {
    const verdicts = manifests.flatMap((manifest) => {
      const verdict = manifest.verdicts?.[name];
      return verdict ? [{ manifest, verdict }] : [];
    });
    if (verdicts.length === 0) return [];
    const count = (outcome: Verdict["outcome"]) => verdicts.filter(({ verdict }) => verdict.outcome === outcome).length;
    const evaluated = verdicts.flatMap(({ verdict }) => (verdict.outcome === "not applicable" ? [] : [verdict]));
    const details = verdicts.flatMap(({ manifest, verdict }) =>
      verdict.outcome === "violated" ? [violationText(manifest, verdict)] : [],
    );
    const reasons = verdicts.flatMap(({ verdict }) => (verdict.outcome === "not applicable" ? [verdict.reason] : []));
    return [
      {
        bound: name,
        theorem,
        statement,
        held: count("held"),
        violated: count("violated"),
        notApplicable: count("not applicable"),
        checks: evaluated.reduce((sum, { checks }) => sum + checks, 0),
        ...(evaluated.length > 0 && { smallestSlack: Math.min(...evaluated.map((v) => Number(v.smallestSlack))) }),
        detail: details[0] ?? [...new Set(reasons)].join("; "),
      },
    ];
  });
}
