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

/** The layers that a config excludes, if there are any. */
function excludedText(layers: NonNullable<Manifest["layers"]>): string | undefined {
  const excluded = layers.filter(({ excluded }) => excluded).map(({ name }) => name);
  return excluded.length === 0 ? undefined : `${excluded.join(", ")} (of ${layers.length} layers)`;
}

/** How a run came about, as names and readable values; what is not known is left out. */
export function provenanceFacts({
  backend,
  precision,
  dataset,
  layers = [],
  problemChecksum,
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
    ["problem's files", problemChecksum && `checksum ${problemChecksum}`],
    ["kept out of the rule", excludedText(layers)],
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
