import type { GitState } from "./git-state.js";
import type { Manifest } from "./manifest.js";

const commit = (git: GitState | undefined) =>
  git && `${git.sha.slice(0, 12)}${git.dirty ? " with uncommitted changes" : ""}`;

/** "10000 of 60000 training examples, 10000 test examples" */
function evaluationText(evaluation: NonNullable<Manifest["evaluation"]>): string {
  const { trainingExamples, ofTrainingExamples, testExamples } = evaluation;
  const training = trainingExamples === ofTrainingExamples ? "all" : `${trainingExamples} of`;
  const test = testExamples === undefined ? "" : `, ${testExamples} test examples`;
  return `${training} ${ofTrainingExamples} training examples${test}`;
}

/** How a run came about, as names and readable values; what is not known is left out. */
export function provenanceFacts({
  backend,
  precision,
  dataset,
  initialWeights,
  evaluation,
  provenance,
  startedAt,
  wallSeconds,
  resultSchemaVersion,
}: Manifest): [name: string, value: string][] {
  const { tool, node, tensorflow, cpu, os, host, commandLine, workingDirectory, git, toolGit, lockfile } = provenance;
  const facts: [string, string | undefined][] = [
    ["tool", `run-experiment ${tool}, result schema ${resultSchemaVersion}`],
    ["tool's commit", commit(toolGit)],
    ["commit", commit(git)],
    ["backend", `${backend.name} (${backend.device}) ${backend.version}, ${precision}`],
    ["data set", dataset && `${dataset.name} (${dataset.source}), checksum ${dataset.checksum}`],
    ["data set asked for", dataset?.fallbackFor],
    ["initial weights", initialWeights && `${initialWeights.file}, sha256 ${initialWeights.sha256}`],
    ["evaluated on", evaluation && evaluationText(evaluation)],
    ["TensorFlow.js", tensorflow],
    ["Node", node],
    ["CPU", cpu],
    ["system", `${os}, ${host}`],
    ["lockfile", lockfile && `sha256 ${lockfile.slice(0, 16)}…`],
    ["command", `run-experiment ${commandLine.join(" ")}`],
    ["directory", workingDirectory],
    ["started", startedAt],
    ["seconds", wallSeconds === undefined ? undefined : wallSeconds.toFixed(3)],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
}
