import { join } from "node:path";
import { writeAtomically } from "../base/files.js";
import type { Bound } from "../bounds/bound.js";
import { groupsOf, shownInDetail } from "../comparison/groups.js";
import type { ProblemDefinition } from "../problems/problem.js";
import type { AnyFigure } from "../registry/registry.js";
import type { Manifest } from "../results/manifest.js";
import { Traces } from "../results/traces.js";
import { type ExperimentResults, readExperiment } from "./experiment-results.js";
import type { Figure, FigureMaker, FigureSource } from "./figure.js";
import { reportPage } from "./page.js";

/** What a report draws. */
interface Drawn {
  readonly figures: readonly AnyFigure[];
  readonly bounds: readonly Bound[];
  readonly problems: readonly ProblemDefinition[];
}

/** Every figure that the results have the numbers for. */
export function makeFigures(results: ExperimentResults, { figures, bounds, problems }: Drawn): Figure[] {
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
  };
  return figures.flatMap(({ make }) => (make as FigureMaker)(source) ?? []);
}

export interface ReportFiles {
  readonly page: string;
  readonly figures: readonly string[];
  /** What a reader of the report should know of the runs' files. */
  readonly damaged: readonly string[];
}

/**
 * Writes an experiment's report.html and, if asked to, each of its figures as an SVG file, from what is on the disk.
 *
 * @throws ExperimentError if there are no runs, or the files cannot be written
 */
export async function writeReport(directory: string, drawn: Drawn, { svg }: { svg: boolean }): Promise<ReportFiles> {
  const results = readExperiment(directory, drawn.bounds);
  const { damaged } = results;
  const figures = makeFigures(results, drawn);
  const page = join(directory, "report.html");
  writeAtomically(page, reportPage(results, figures));
  if (!svg) return { page, figures: [], damaged };
  const { renderSvg } = await import("./svg.js");
  const figuresDirectory = join(directory, "figures");
  const written: string[] = [];
  for (const figure of figures) {
    const path = join(figuresDirectory, `${figure.id}.svg`);
    writeAtomically(path, await renderSvg(figure));
    written.push(path);
  }
  return { page, figures: written, damaged };
}
