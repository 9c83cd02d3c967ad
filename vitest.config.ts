import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Tests train real models: slow is not failing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
