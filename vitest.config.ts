import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Many tests wait for processes of the tool: one worker a core, where the default leaves a core free.
    maxWorkers: availableParallelism(),
    // Tests train real models: slow is not failing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
