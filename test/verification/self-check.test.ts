import { afterEach, expect, it } from "vitest";
import { tolerance } from "../../src/bounds/bound.js";
import { failuresIn } from "../../src/expectations/claims.js";
import { selfCheckClaims, selfChecks } from "../../src/verification/self-check.js";

const right = { ...tolerance };
afterEach(() => {
  Object.assign(tolerance, right);
});

it("runs that are known to be bad are noticed, and the same runs without the error are not", async () => {
  const checks = await selfChecks();
  expect(checks.map(({ outcome, detail }) => [outcome, detail])).toEqual([
    ["passed", "found to violate norm-ratio and linear-rate"],
    ["passed", "found to violate norm-ratio and one-dimensional-step"],
    ["passed", "found to violate elementwise-proportionality"],
    ["passed", "found to violate one-step-contraction and linear-rate"],
  ]);
  for (const check of checks) expect(check).toMatchObject({ experiment: "self-check", kind: "self-check" });
  expect(failuresIn(selfCheckClaims(checks))).toBe(0);
});

it.each(["float64", "float32"] as const)(
  "a %s tolerance a hundred times as wide lets them pass, and is told",
  async (precision) => {
    Object.assign(tolerance, { [precision]: 100 * right[precision] });
    const checks = await selfChecks();
    expect(checks.map(({ outcome }) => outcome)).toEqual(["failed", "failed", "failed", "failed"]);
    for (const { detail } of checks) expect(detail).toContain(`holds in ${precision}`);
    expect(failuresIn(selfCheckClaims(checks))).toBe(4);
  },
);

it("a tolerance below rounding finds fault with runs that are right", async () => {
  Object.assign(tolerance, { float64: -1e-3 });
  const details = (await selfChecks()).map(({ detail }) => detail);
  expect(details[0]).toMatch(/ by a run that is right; [\w-]+ is violated in float64 by a run that is right/);
  expect(details.join("; ")).toMatch(/norm-ratio is violated in float64 by a run that is right/);
});
