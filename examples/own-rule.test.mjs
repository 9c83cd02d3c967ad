// Holds a rule of your own to what the built-in ones are held to: that it keeps the promises it makes, with its default
// options and with its `variants`, in every scope, and after an interruption. Run it with: node --test own-rule.test.mjs
import { test } from "node:test";
import { ruleChecks } from "run-experiment/testing";
import myRule from "./starter/my-rule.mjs";

for (const { name, run } of ruleChecks(myRule)) test(name, run);
