/**
 * Mutation testing: `npm run mutate`, or for one folder `npm run mutate -- --mutate "src/bounds/**\/*.ts"`.
 *
 * @type {import("@stryker-mutator/api/core").PartialStrykerOptions}
 */
export default {
  mutate: ["optimizers", "bounds", "expectations", "training", "verification", "config"].map(
    (folder) => `src/${folder}/**/*.ts`,
  ),
  testRunner: "vitest",
  vitest: { configFile: "vitest.mutation.config.ts" },
  coverageAnalysis: "perTest",
  // What runs once, as a module is loaded, would need every test for each mutant, and a mutant that keeps the module from
  // loading passes for one that survived.
  ignoreStatic: true,
  plugins: ["@stryker-mutator/vitest-runner", "./scripts/mutation/prose.js"],
  ignorers: ["prose"],
  // Only preprocesses tsconfig files for type checks, which mutants do not get; nor can it read AssemblyScript.
  tsconfigFile: "none",
  disableTypeChecks: false,
  // What was built stays: the matrix product of WebAssembly is read from there.
  ignorePatterns: ["/results/*", "!/results/reference", "/reports"],
  concurrency: 1,
  incremental: true,
  incrementalFile: "reports/mutation/incremental.json",
  reporters: ["clear-text", "html", "progress-append-only"],
  htmlReporter: { fileName: "reports/mutation/mutation.html" },
  clearTextReporter: { allowColor: false, logTests: false },
  tempDirName: "reports/.stryker",
  thresholds: { high: 95, low: 85, break: null },
};
