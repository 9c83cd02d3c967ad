import { toDigits } from "../base/numbers.js";
import type { Preparation } from "../data/preparation.js";
import type { GitState } from "./git-state.js";
import type { Manifest } from "./manifest.js";

const commit = (git: GitState | undefined) =>
  git && `${git.sha.slice(0, 12)}${git.dirty ? " with uncommitted changes" : ""}`;

/** "10000 of 50000 training examples, 10000 validation examples, 10000 test examples" */
function evaluationText(evaluation: NonNullable<Manifest["evaluation"]>): string {
  const { trainingExamples, ofTrainingExamples, validationExamples, testExamples } = evaluation;
  const training = trainingExamples === ofTrainingExamples ? "all" : `${trainingExamples} of`;
  const others = Object.entries({ validation: validationExamples, test: testExamples });
  const heldOut = others
    .filter(([, count]) => count !== undefined)
    .map(([part, count]) => `, ${count} ${part} examples`);
  return `${training} ${ofTrainingExamples} training examples${heldOut.join("")}`;
}

const numbers = (values: readonly number[]) =>
  values.length > 4 ? `${values.length} numbers` : values.map((value) => toDigits(value, 6)).join(", ");

/** "10000 examples held out for validation (at random, seed 0); normalized: mean 0.130658, std 0.308096; …" */
function preparationText({ validation, normalization, augmentation }: Preparation): string {
  const facts = [
    validation &&
      `${validation.examples < 1 ? `a share of ${validation.examples}` : `${validation.examples} examples`} held out for validation (${validation.shuffle ? `at random, seed ${validation.seed}` : "the last ones"})`,
    normalization && `normalized: mean ${numbers(normalization.mean)}, std ${numbers(normalization.std)}`,
    augmentation && `augmented: shift ${augmentation.shift}, flip ${augmentation.flip}`,
  ];
  return facts.filter(Boolean).join("; ");
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
  initialWeights,
  layers = [],
  problemChecksum,
  evaluation,
  provenance,
  startedAt,
  wallSeconds,
  trainedTogether,
  resultSchemaVersion,
}: Manifest): [name: string, value: string][] {
  const { tool, node, tensorflow, cpu, os, host, commandLine, workingDirectory, git, toolGit, lockfile } = provenance;
  const facts: [string, string | undefined][] = [
    ["tool", `run-experiment ${tool}, result schema ${resultSchemaVersion}`],
    ["tool's commit", commit(toolGit)],
    ["commit", commit(git)],
    ["backend", `${backend.name} (${backend.device}) ${backend.version}, ${precision}`],
    ["trained together", trainedTogether === undefined ? undefined : `${trainedTogether} runs, this one included`],
    ["data set", dataset && `${dataset.name} (${dataset.source}), checksum ${dataset.checksum}`],
    ["data prepared", dataset?.preparation && preparationText(dataset.preparation)],
    ["data set asked for", dataset?.fallbackFor],
    ["problem's files", problemChecksum && `checksum ${problemChecksum}`],
    ["initial weights", initialWeights && `${initialWeights.file}, sha256 ${initialWeights.sha256}`],
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
