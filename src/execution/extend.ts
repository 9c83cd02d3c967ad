import { ExperimentError } from "../base/errors.js";
import { compare } from "../comparison/compare.js";
import { type Edge, edgeText, isOpen } from "../comparison/edge.js";
import { valueText } from "../comparison/labels.js";
import { expand, type Run } from "../config/expand.js";
import { type Extension, extendExperiment } from "../config/extension.js";
import type { Experiment } from "../config/load.js";
import {
  type ExecutionOptions,
  type ExperimentObserver,
  type ExperimentResult,
  executeExperiment,
} from "./experiment.js";

/** How often a sweep is extended in one go: a loss that falls for ever has no best rate. */
export const mostRounds = 3;

/** An optimizer whose best lies at the end of what was tried. */
interface Finding {
  readonly optimizer: string;
  readonly edge: Edge;
}

function openEdges({ manifests, objective }: ExperimentResult, { registry, search }: Experiment): Finding[] {
  const { standings } = compare(manifests, objective, registry, search);
  const winners = standings.flatMap(({ winners }) => winners);
  const canGoOn = (edge: Edge) => isOpen(edge) && edge.option !== undefined;
  return winners.flatMap(({ optimizer, edges }) => edges.filter(canGoOn).map((edge) => ({ optimizer, edge })));
}

/** Every axis goes on for all optimizers, so that their budgets stay the same. */
function extensionsFrom(findings: readonly Finding[]): Extension[] {
  const values = new Map<string, Set<number>>();
  for (const { edge } of findings) {
    const known = values.get(edge.path) ?? new Set();
    for (const value of edge.further) known.add(value);
    values.set(edge.path, known);
  }
  return [...values].map(([path, set]) => ({ path, values: [...set] }));
}

const extensionText = ({ path, values }: Extension) => `${path} goes on with ${values.map(valueText).join(", ")}`;

function announceRound(round: number, findings: readonly Finding[], by: readonly Extension[], tell: Announce): void {
  for (const { optimizer, edge } of findings) tell(`the best of ${optimizer} has ${edgeText(edge)}`);
  for (const extension of by) tell(`extending, round ${round} of ${mostRounds}: ${extensionText(extension)}`);
}

type Announce = (line: string) => void;

/** The same experiment with more values, and its runs; a reason where it cannot be made. */
function extended(experiment: Experiment, by: readonly Extension[]): { experiment: Experiment; runs: Run[] } | string {
  try {
    const further = extendExperiment(experiment, by);
    return { experiment: further, runs: expand(further) };
  } catch (error) {
    if (error instanceof ExperimentError || error instanceof RangeError) return error.message;
    throw error;
  }
}

export interface ExtendedResult {
  /** As far as it went. */
  readonly experiment: Experiment;
  readonly result: ExperimentResult;
}

/**
 * Makes an experiment, and where the best of an optimizer lies at the end of an axis goes on with that axis, until the
 * best lies inside or three rounds have been made. Only new runs are made.
 *
 * @throws ExperimentError before anything is written, if one of the runs cannot be made as configured
 */
export async function executeExtending(
  experiment: Experiment,
  runs: readonly Run[],
  options: ExecutionOptions,
  observer: ExperimentObserver,
): Promise<ExtendedResult> {
  const first = await executeExperiment(experiment, runs, options, observer);
  const tell = (line: string) => observer.announce(line);
  let [now, result] = [experiment, first];
  for (let round = 1; round <= mostRounds; round++) {
    const findings = openEdges(result, now);
    if (findings.length === 0 || result.interrupted || result.failures.length > 0) break;
    const by = extensionsFrom(findings);
    announceRound(round, findings, by, tell);
    const further = extended(now, by);
    if (typeof further === "string") {
      tell(`it cannot go on: ${further}`);
      break;
    }
    try {
      result = await executeExperiment(further.experiment, further.runs, { ...options, force: false }, observer);
    } catch (error) {
      // Nothing has been written: what there is stands.
      if (!(error instanceof ExperimentError)) throw error;
      tell(`it cannot go on: ${error.message}`);
      break;
    }
    now = further.experiment;
  }
  return { experiment: now, result: { ...result, skipped: first.skipped } };
}
