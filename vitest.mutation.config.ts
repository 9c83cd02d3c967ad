import { defineConfig, mergeConfig } from "vitest/config";
import base from "./vitest.config.js";

/**
 * The tests that mutants are put to: those that read `src` and are quick to repeat a thousand times. Tests of the built
 * product would never see a mutant, and those left out besides are long searches for counterexamples.
 */
export default mergeConfig(
  base,
  defineConfig({
    test: {
      isolate: false,
      include: ["optimizers", "bounds", "expectations", "training", "verification", "config"].map(
        (folder) => `test/${folder}/**/*.test.ts`,
      ),
      exclude: [
        "test/bounds/{held,real-loop}.test.ts",
        "test/expectations/unmet.test.ts",
        "test/training/scales.test.ts",
        "test/verification/verify.test.ts",
      ],
    },
  }),
);
