import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Many tests wait for processes of the tool, and some for a scheduler: one worker more than there are cores.
    maxWorkers: availableParallelism() + 1,
    // Tests train real models: slow is not failing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
