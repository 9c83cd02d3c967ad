import { expect, test } from "vitest";
import { drawCounts } from "../../src/comparison/best-of-draws.js";
import type { Objective } from "../../src/comparison/objective.js";
import { searchCsv } from "../../src/comparison/search-table.js";
import { searchedOf } from "../../src/comparison/searched.js";
import type { Trial } from "../../src/config/expand.js";
import type { Manifest, Status } from "../../src/results/manifest.js";

const byGap: Objective = { column: "gap", statistic: "final", direction: "minimize", per: [] };

/** Runs of sgd under two conditions; of the second only one trial has been made. */
const trials = new Map<string, Trial>();
function run(cell: number, index: number, seed: number, gap: number, status: Status = "completed"): Manifest {
  const id = `${cell} ${index} ${seed}`;
  trials.set(id, { among: `sgd conditionNumber=${cell}`, index });
  const axes = { "problem.conditionNumber": cell, "optimizer.learningRate": 0.1 * (index + 1) };
  const outcome = { steps: 10, final: { gap }, best: { gap } };
  return { id, optimizer: "sgd", axes, seed, status, precision: "float64", outcome } as unknown as Manifest;
}
const manifests = [
  run(5, 1, 0, 3),
  run(5, 0, 0, 4),
  run(5, 0, 1, 8),
  run(5, 1, 1, 5),
  run(5, 2, 0, 0.5, "stopped"),
  run(5, 2, 1, 0.5, "stopped"),
  run(5, 3, 0, 1e30, "diverged"),
  run(5, 3, 1, 2),
  run(9, 0, 0, 7),
];

test("search.csv has a row a trial, medians over seeds, the rungs, and the best so far and in random order", () => {
  const searched = searchedOf([...manifests, { id: "of a sweep" } as Manifest], (id) => trials.get(id));
  const among = "sgd conditionNumber=5";
  const rungs = [0, 1, 2, 3].map((index) => ({ among, index, rung: 1, score: 10 + index }));
  const further = { among, index: 0, rung: 2, score: 8 };
  // Medians 6, 4, none and, with one seed of two, none: one of 4, 6, ∞, ∞ has the median ∞; of the 6 pairs 3 have 4 and 2
  // have 6, the median is (4 + 6)/2; of the 4 triples 3 have 4 and one has 6, the mean is 4.5.
  expect(
    searchCsv(searched, byGap, [...rungs, further])
      .trimEnd()
      .split("\n"),
  ).toEqual([
    "optimizer,trial,problem.conditionNumber,optimizer.learningRate,seeds,status,final_gap_rung_1,final_gap_rung_2,final_gap,best_so_far,expected_best,median_best",
    "sgd,1,5,0.1,2,completed,10,8,6,6,Infinity,Infinity",
    "sgd,2,5,0.2,2,completed,11,,4,4,Infinity,5",
    "sgd,3,5,0.30000000000000004,2,stopped,12,,,4,4.5,4",
    "sgd,4,5,0.4,2,diverged completed,13,,Infinity,4,4,4",
    "sgd,1,9,0.1,1,completed,,,7,7,7,7",
  ]);
  expect(searchCsv(searched, byGap, []).split("\n")[0]).not.toContain("rung");
});

test("of many trials a few hundred numbers are looked at, the first and the last among them", () => {
  expect(drawCounts(3)).toEqual([1, 2, 3]);
  expect(drawCounts(400)).toHaveLength(400);
  const counts = drawCounts(100_000);
  expect(counts.length).toBeLessThanOrEqual(401);
  expect([counts[0], counts.at(-1)]).toEqual([1, 100_000]);
  expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
});
