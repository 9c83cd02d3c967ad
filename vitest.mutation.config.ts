import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import base from "./vitest.config.js";

/** Searches over random runs, and tests on tensors: what is quick kills most mutants before them. */
const slow = /(resume|evaluation|train|tensorflow-optimizer|every-rule|reference|matrix)\.test\.ts$/;

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => Number(slow.test(a.moduleId)) - Number(slow.test(b.moduleId)));
  }
}

const folders = process.env.TESTS?.split(",") ?? [
  "optimizers",
  "bounds",
  "expectations",
  "training",
  "verification",
  "config",
];

/**
 * The tests that mutants are put to, all of them or those of the folders that TESTS names: what reads `src` and is quick
 * to repeat a thousand times. Tests of the built product would never see a mutant, and those left out besides are long
 * searches for counterexamples.
 */
export default defineConfig({
  test: {
    ...base.test,
    include: folders.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: [
      "test/bounds/{held,real-loop}.test.ts",
      "test/expectations/unmet.test.ts",
      "test/training/scales.test.ts",
      "test/verification/{reproduce,verify}.test.ts",
      // Changes the directory of its process, which a thread cannot.
      "test/config/shipped.test.ts",
    ],
    // Loading every module afresh for each file would take most of the time.
    isolate: false,
    sequence: { sequencer: QuickFirst },
  },
});
