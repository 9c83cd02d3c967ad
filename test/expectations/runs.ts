import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Verdict } from "../../src/bounds/bound.js";
import type { Manifest } from "../../src/results/manifest.js";

const steps = [0, 1, 2, 4, 8];

/** What tells a run of `writeRuns` from the others. */
interface Differing {
  readonly optimizer: string;
  readonly rate: number;
  /** loss = scale·16·2^(−k) */
  readonly scale: number;
  readonly status?: Manifest["status"];
  readonly verdict: Verdict;
  readonly reference?: Manifest["reference"];
}

const held = (checks: number, smallestSlack: number): Verdict => ({
  outcome: "held",
  checks,
  smallestSlack,
  meanSlack: 2 * smallestSlack,
});
const violated: Verdict = {
  outcome: "violated",
  checks: 9,
  smallestSlack: -0.5,
  meanSlack: -0.1,
  firstStep: 7,
  layer: "a",
  measured: 3,
  bound: 2,
};

const differing: readonly Differing[] = [
  { optimizer: "lars", rate: 0.1, scale: 1, verdict: held(10, 0.5), reference: { median: 3 } },
  { optimizer: "lars", rate: 0.2, scale: 4, verdict: held(5, 0.25) },
  { optimizer: "lars", rate: 0.4, scale: 16, verdict: held(1, 1) },
  {
    optimizer: "sgd",
    rate: 0.1,
    scale: Number.NaN,
    status: "diverged",
    verdict: { outcome: "not applicable", reason: "sgd is not equation (1)" },
  },
  { optimizer: "broken", rate: 0.1, scale: 1, verdict: violated },
];

/** A power law and a column with gaps; the sgd run has one line less. */
function trace({ optimizer, scale }: Differing): string {
  const accuracies = [0.1, "", 0.5, "", 0.9];
  const lines = steps.map((k, i) => [k, scale * 16 * 2 ** -k, k === 0 ? 100 : k ** -2, accuracies[i]].join(","));
  return ["step,loss,gap,accuracy", ...(optimizer === "sgd" ? lines.slice(0, 4) : lines), ""].join("\n");
}

const layers = "step,layer,norm_ratio\n0,a,0.125\n0,b,0.25\n1,a,0.375\n1,b,0.5\n";

/** Five finished runs with their traces, in a directory as an experiment leaves it. */
export function writeRuns(directory: string): Manifest[] {
  return differing.map((run, i) => {
    const id = `run-${i}`;
    mkdirSync(join(directory, "runs", id), { recursive: true });
    writeFileSync(join(directory, "runs", id, "trace.csv"), trace(run));
    writeFileSync(join(directory, "runs", id, "layers.csv"), layers);
    const { optimizer, rate, scale, status = "completed", verdict, reference } = run;
    const final = { trainLoss: scale * 16 * 2 ** -8 };
    return {
      id,
      label: `${optimizer} learningRate=${rate}`,
      optimizer,
      seed: 0,
      axes: { "optimizer.learningRate": rate },
      status,
      outcome: { steps: 8, final, best: final },
      verdicts: { "norm-ratio": verdict },
      backend: { name: "cpu" },
      ...(reference && { reference }),
    } as unknown as Manifest;
  });
}
