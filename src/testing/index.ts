/**
 * What the tool's own definitions are tested with, for those of others.
 *
 * @module run-experiment/testing
 */
export { type RuleCheck, ruleChecks } from "./rule-checks.js";
export { type Drive, trajectory } from "./trajectory.js";
