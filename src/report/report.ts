import { basename, join, resolve } from "node:path";
import { writeAtomically } from "../base/files.js";
import { answerOf } from "../comparison/answer.js";
import { type Comparison, compare } from "../comparison/compare.js";
import { groupsOf, shownInDetail } from "../comparison/groups.js";
import type { Registry } from "../registry/registry.js";
import type { Manifest } from "../results/manifest.js";
import { Traces } from "../results/traces.js";
import { type ExperimentResults, readExperiment } from "./experiment-results.js";
import type { Figure, FigureMaker, FigureSource } from "./figure.js";
import { indexPage, type Summary } from "./index-page.js";
import { reportPage } from "./page.js";
import { thumbnailOf } from "./thumbnail.js";

/** What a report draws with. */
type Drawn = Pick<Registry, "figures" | "bounds" | "optimizers" | "problems">;

/** Every figure that the results have the numbers for. */
export function makeFigures(results: ExperimentResults, { figures, bounds, optimizers, problems }: Drawn): Figure[] {
  const groups = groupsOf(results.manifests, results.objective);
  const landscapeOf = ({ config: { problem } }: Manifest) =>
    problems.find(({ name }) => name === problem.name)?.landscape?.(problem);
  const traces = new Traces(results.directory);
  const source: FigureSource = {
    results,
    groups,
    shown: shownInDetail(groups, results.objective),
    traces,
    landscapeOf,
    bounds,
    optimizers,
  };
  return figures.flatMap(({ make }) => (make as FigureMaker)(source) ?? []);
}

export interface ReportFiles {
  readonly page: string;
  readonly figures: readonly string[];
  /** What a reader of the report should know of the runs' files. */
  readonly damaged: readonly string[];
  /** What an index says of the experiment. */
  readonly summary: Summary;
}

function summaryOf(results: ExperimentResults, comparison: Comparison, figures: readonly Figure[]): Summary {
  const { directory, name, description, manifests, findings, bounds } = results;
  const count = (...statuses: string[]) => manifests.filter(({ status }) => statuses.includes(status)).length;
  const thumbnail = figures.map(thumbnailOf).find((one) => one !== undefined);
  return {
    directory: basename(resolve(directory)),
    name,
    ...(description !== undefined && { description }),
    runs: manifests.length,
    diverged: count("diverged"),
    unfinished: count("failed", "interrupted", "running"),
    answer: answerOf(comparison).sentences.join(" "),
    expectations: { met: findings.filter(({ met }) => met).length, all: findings.length },
    violated: bounds.reduce((sum, { violated }) => sum + violated, 0),
    ...(thumbnail && { thumbnail }),
  };
}

/**
 * Writes the index of the experiments in a directory, whose reports have been written.
 *
 * @throws ExperimentError if it cannot be written
 */
export function writeIndex(directory: string, summaries: readonly Summary[]): string {
  const page = join(directory, "index.html");
  writeAtomically(page, indexPage(basename(resolve(directory)), summaries));
  return page;
}

/**
 * Writes an experiment's report.html and, if asked to, each of its figures as an SVG file, from what is on the disk.
 *
 * @throws ExperimentError if there are no runs, or the files cannot be written
 */
export async function writeReport(
  directory: string,
  registry: Registry,
  { svg }: { svg: boolean },
): Promise<ReportFiles> {
  const results = readExperiment(directory, registry.bounds);
  const { damaged } = results;
  const figures = makeFigures(results, registry);
  const page = join(directory, "report.html");
  const comparison = compare(results.manifests, results.objective, registry, results.search);
  writeAtomically(page, reportPage(results, comparison, figures));
  const summary = summaryOf(results, comparison, figures);
  if (!svg) return { page, figures: [], damaged, summary };
  const { renderSvg } = await import("./svg.js");
  const figuresDirectory = join(directory, "figures");
  const written: string[] = [];
  for (const figure of figures) {
    const path = join(figuresDirectory, `${figure.id}.svg`);
    writeAtomically(path, await renderSvg(figure));
    written.push(path);
  }
  return { page, figures: written, damaged, summary };
}
