import { markdownTable, markdownText } from "../base/markdown.js";
import { printable } from "../base/text.js";
import type { Check } from "./check.js";

const xmlEntities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text in XML; control characters, which XML 1.0 cannot express at all, become visible signs. */
const xml = (text: string) =>
  printable(text.replace(/[\n\r\t]/g, " ")).replace(/[&<>"]/g, (sign) => xmlEntities[sign]!);

const by = (checks: readonly Check[], outcome: Check["outcome"]) => checks.filter((check) => check.outcome === outcome);

/** "212 passed, 1 failed, 30 not checked" */
export function countsText(checks: readonly Check[]): string {
  const outcomes = ["passed", "failed", "not checked"] as const;
  return outcomes
    .map((outcome) => [by(checks, outcome).length, outcome] as const)
    .filter(([count, outcome]) => count > 0 || outcome === "passed")
    .map(([count, outcome]) => `${count} ${outcome}`)
    .join(", ");
}

/** JUnit XML: an experiment is a suite, a check is a case. */
export function junit(checks: readonly Check[]): string {
  const experiments = [...new Set(checks.map(({ experiment }) => experiment))];
  const suites = experiments.map((experiment) => {
    const own = checks.filter((check) => check.experiment === experiment);
    const cases = own.map(({ kind, name, outcome, detail }) => {
      const element = `    <testcase classname="${xml(`${experiment}.${kind}`)}" name="${xml(name)}"`;
      if (outcome === "passed") return `${element}/>`;
      const inner =
        outcome === "failed" ? `<failure message="${xml(detail)}"/>` : `<skipped message="${xml(detail)}"/>`;
      return `${element}>${inner}</testcase>`;
    });
    const counts = `tests="${own.length}" failures="${by(own, "failed").length}" skipped="${by(own, "not checked").length}"`;
    return `  <testsuite name="${xml(experiment)}" ${counts}>\n${cases.join("\n")}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join("\n")}\n</testsuites>\n`;
}

/** A step summary: failures in full, the rest counted by experiment. */
export function markdownSummary(checks: readonly Check[]): string {
  const failed = by(checks, "failed");
  const experiments = [...new Set(checks.map(({ experiment }) => experiment))];
  const counts = experiments.map((experiment) => {
    const own = checks.filter((check) => check.experiment === experiment);
    return [
      markdownText(experiment),
      ...(["passed", "failed", "not checked"] as const).map((outcome) => String(by(own, outcome).length)),
    ];
  });
  const failures = failed.map(({ experiment, kind, name, detail }) =>
    [experiment, kind, name, detail].map(markdownText),
  );
  return [
    `## Verification ${failed.length > 0 ? "failed" : "passed"}: ${countsText(checks)}`,
    "",
    ...(failed.length > 0 ? [markdownTable(["experiment", "kind", "check", "found"], failures), ""] : []),
    markdownTable(["experiment", "passed", "failed", "not checked"], counts),
    "",
  ].join("\n");
}
