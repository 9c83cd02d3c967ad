import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import base from "./vitest.config.js";

/** Searches over random runs, and tests on tensors: what is quick kills most mutants before them. */
const slow = /(resume|evaluation|train|tensorflow-optimizer|every-rule)\.test\.ts$/;

class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => Number(slow.test(a.moduleId)) - Number(slow.test(b.moduleId)));
  }
}

/**
 * The tests that mutants are put to: those that read `src` and are quick to repeat a thousand times. Tests of the built
 * product would never see a mutant, and those left out besides are long searches for counterexamples.
 */
export default defineConfig({
  test: {
    ...base.test,
    include: ["optimizers", "bounds", "expectations", "training", "verification", "config"].map(
      (folder) => `test/${folder}/**/*.test.ts`,
    ),
    exclude: [
      "test/bounds/{held,real-loop}.test.ts",
      "test/expectations/unmet.test.ts",
      "test/training/scales.test.ts",
      "test/verification/verify.test.ts",
    ],
    // Loading every module afresh for each file would take most of the time.
    isolate: false,
    sequence: { sequencer: QuickFirst },
  },
});
