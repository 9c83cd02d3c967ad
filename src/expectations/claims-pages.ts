import { markdownTable, markdownText } from "../base/markdown.js";
import { toDigits } from "../base/numbers.js";
import type { BoundFinding } from "./bound-findings.js";
import { boundRow, type ClaimRow, type ExperimentClaims, findingRow, isBad, tally } from "./claims.js";

/** A page for people, by its path from claims.csv. */
export interface ClaimsPage {
  readonly path: string;
  readonly text: string;
}

/** The root of the repository, from results/paper. */
const root = "../..";
const theory = `${root}/docs/theory.md`;

const verdictText = (row: ClaimRow) => (isBad(row) ? `**${row.verdict}**` : row.verdict);

const detailsOf = ({ name }: ExperimentClaims) => `claims/${name}.md`;

/** "T4d, T6" → "T4": the theorem that a claim is put under, by its number; undefined where it is of none. */
const theoremOf = (source: string): string | undefined => /T\d+/.exec(source)?.[0];

interface Placed {
  readonly claims: ExperimentClaims;
  readonly row: ClaimRow;
}

/** What the configs claim, by the theorem it is put under; what is of none comes last. Without theorems, by experiment. */
function byTheorem(experiments: readonly ExperimentClaims[]): Map<string, Placed[]> {
  const groups = new Map<string, Placed[]>();
  const none = "Of no theorem";
  const findings = experiments.flatMap((claims) => claims.findings);
  const isOfTheorems = findings.some(({ source }) => theoremOf(source) !== undefined);
  for (const claims of experiments) {
    for (const row of claims.findings.map(findingRow)) {
      const group = isOfTheorems ? (theoremOf(row.source) ?? none) : claims.name;
      groups.set(group, [...(groups.get(group) ?? []), { claims, row }]);
    }
  }
  if (!isOfTheorems) return groups;
  const order = (group: string) => (group === none ? Number.POSITIVE_INFINITY : Number(group.slice(1)));
  return new Map([...groups].sort(([a], [b]) => order(a) - order(b)));
}

/** A theorem in parts is stated part by part: "T4" has no place where there is a "T4a". */
const hasOwnPlace = (theorem: string, all: readonly string[]) =>
  !all.some((other) => other.length > theorem.length && other.startsWith(theorem) && /[a-d]$/.test(other));

function theoremSection([group, placed]: readonly [string, readonly Placed[]]): string[] {
  const named = [...new Set(placed.flatMap(({ row }) => row.source.match(/T\d+[a-d]?/g) ?? []))].sort();
  const stated = named.filter((theorem) => theoremOf(theorem) === group && hasOwnPlace(theorem, named));
  const proofs = stated.map((theorem) => `[${theorem}](${theory}#${theorem.toLowerCase()})`);
  const rows = placed.map(({ claims, row }) => [
    ...[row.source, row.claim, row.measured].map(markdownText),
    verdictText(row),
    [
      `[${markdownText(claims.name)}](${detailsOf(claims)})`,
      ...(claims.figure ? [`[figure](${root}/${claims.figure})`] : []),
    ].join(", "),
  ]);
  return [
    `## ${group}`,
    "",
    ...(proofs.length > 0 ? [`Statements and proofs: ${proofs.join(", ")}.`, ""] : []),
    markdownTable(["source", "claim", "measured", "verdict", "experiment"], rows),
    "",
  ];
}

/** One bound over all experiments. */
function sumOf(findings: readonly BoundFinding[]): string[] {
  const sum = (count: (finding: BoundFinding) => number) => findings.reduce((total, one) => total + count(one), 0);
  const [held, violated] = [sum((one) => one.held), sum((one) => one.violated)];
  const slacks = findings.flatMap(({ smallestSlack }) => (smallestSlack === undefined ? [] : [smallestSlack]));
  const { theorem, bound } = findings[0]!;
  const verdict = violated > 0 ? `**violated in ${violated} runs**` : held > 0 ? "held" : "not applicable";
  const smallest = slacks.length > 0 ? toDigits(Math.min(...slacks), 3) : "";
  return [
    theorem,
    bound,
    String(held),
    String(sum(({ checks }) => checks)),
    smallest,
    String(sum((one) => one.notApplicable)),
    verdict,
  ];
}

/** What every run is held against whatever its config claims, a row a bound. */
function boundTable(experiments: readonly ExperimentClaims[]): string {
  const all = experiments.flatMap(({ bounds }) => bounds);
  const names = [...new Set(all.map(({ bound }) => bound))];
  const number = (name: string) => Number(/\d+/.exec(all.find(({ bound }) => bound === name)!.theorem)?.[0]);
  const ordered = names.sort((a, b) => number(a) - number(b));
  const rows = ordered.map((name) => sumOf(all.filter(({ bound }) => bound === name)).map(keepBold));
  const header = ["theorem", "bound", "held in runs", "checks", "smallest slack", "does not apply to", "verdict"];
  return markdownTable(header, rows);
}

const keepBold = (cell: string) => (cell.startsWith("**") ? cell : markdownText(cell));

/** What else was checked of each experiment, as one table: agreement with references, runs known to be bad. */
function otherTable(experiments: readonly ExperimentClaims[]): string {
  const rows = experiments.flatMap((claims) =>
    claims.others.map((row) => [
      `[${markdownText(claims.name)}](${detailsOf(claims)})`,
      ...[row.claim, row.measured].map(markdownText),
      verdictText(row),
    ]),
  );
  return markdownTable(["experiment", "claim", "measured", "verdict"], rows);
}

function failureLines(experiments: readonly ExperimentClaims[]): string[] {
  const lines = experiments.flatMap(({ name, failures }) =>
    failures.map((failure) => `- **failed**: ${markdownText(`${name}: ${failure}`)}`),
  );
  return lines.length > 0 ? [...lines, ""] : [];
}

/** "3 runs on wasm, data mnist" → "wasm, data mnist": what a setting says of the machine. */
export const machineOf = (setting: string): string => setting.slice(setting.indexOf(" on ") + " on ".length);

/** Which experiments were made on what, so that another machine's numbers can be told from these. */
function machineLines(experiments: readonly ExperimentClaims[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { name, setting } of experiments) {
    const machine = machineOf(setting);
    groups.set(machine, [...(groups.get(machine) ?? []), name]);
  }
  const ordered = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return ordered.map(([machine, names], i) =>
    i === 0 && names.length > 3
      ? `- ${markdownText(machine)}: ${names.length} experiments`
      : `- ${markdownText(machine)}: ${names.map(markdownText).join(", ")}`,
  );
}

/** CLAIMS.md: theorem, claim, what was measured, verdict, figure; bounds over all runs. */
const overview = (experiments: readonly ExperimentClaims[], command: string): string =>
  [
    "# Claims",
    "",
    `Written by \`${command}\`: ${tally(experiments)}. \`${command} --check\` makes the runs again and compares.`,
    "",
    "Claims are those that the experiments' configs state, *met* or not, by the theorem they are about, if any. Each experiment",
    "has a page with all that was checked of it. Below the claims: the bounds that every run is held against, and whatever",
    "else was checked. Made on",
    "",
    ...machineLines(experiments),
    "",
    ...failureLines(experiments),
    ...[...byTheorem(experiments)].flatMap(theoremSection),
    "## Bounds that every run is held against",
    "",
    "A bound is held if it holds at every step of every run whose assumptions it meets. Its slack is",
    "(bound − measured)/|bound|, the smallest over all checks; a slack of 1e-16 below zero is rounding.",
    "",
    boundTable(experiments),
    "",
    ...(experiments.some(({ others }) => others.length > 0)
      ? ["## References, and runs known to be bad", "", otherTable(experiments), ""]
      : []),
  ].join("\n");

function notApplicable(rows: readonly ClaimRow[]): string[] {
  if (rows.length === 0) return [];
  return [
    "<details><summary>Bounds that do not apply, and why</summary>",
    "",
    markdownTable(
      ["bound", "theorem", "why not"],
      rows.map(({ claim, source, measured }) => [claim.split(":", 1)[0]!, source, measured].map(markdownText)),
    ),
    "",
    "</details>",
    "",
  ];
}

function tableOf(title: string, rows: readonly ClaimRow[]): string[] {
  if (rows.length === 0) return [];
  const cells = rows.map((row) => [
    ...[row.claim, row.source, row.expected, row.measured].map(markdownText),
    verdictText(row),
  ]);
  return [`## ${title}`, "", markdownTable(["claim", "source", "expected", "measured", "verdict"], cells), ""];
}

/** All that was checked of one experiment. */
function details(claims: ExperimentClaims): string {
  const bounds = claims.bounds.map(boundRow);
  const applicable = bounds.filter(({ verdict }) => verdict !== "not applicable");
  const up = `../${root}`;
  return [
    `# ${markdownText(claims.name)}`,
    "",
    `${markdownText(claims.description)} [\`${claims.config}\`](${up}/${claims.config})`,
    "",
    `${markdownText(claims.setting)}. [All claims](../CLAIMS.md)`,
    "",
    ...(claims.figure ? [`![${markdownText(claims.name)}](${up}/${claims.figure})`, ""] : []),
    ...claims.failures.map((failure) => `- **failed**: ${markdownText(failure)}`),
    ...tableOf("Claims", claims.findings.map(findingRow)),
    ...tableOf("Also checked", claims.others),
    ...tableOf("Bounds", applicable),
    ...notApplicable(bounds.filter((row) => !applicable.includes(row))),
  ].join("\n");
}

/** The pages that claims make: one of all of them, and one an experiment. */
export const claimsPages = (experiments: readonly ExperimentClaims[], command: string): ClaimsPage[] => [
  { path: "CLAIMS.md", text: overview(experiments, command) },
  ...experiments.map((claims) => ({ path: detailsOf(claims), text: details(claims) })),
];
