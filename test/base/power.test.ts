import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { power } from "../../src/base/power.js";

it("is no farther than the nearest number from whole powers, which integers tell exactly", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 26 }), fc.integer({ min: 1, max: 30 }), (base, exponent) => {
      const exact = BigInt(base) ** BigInt(exponent);
      const value = power(base, exponent);
      const error = BigInt(value) > exact ? BigInt(value) - exact : exact - BigInt(value);
      // Half of the distance between neighbouring numbers of 53 binary digits, and a 128th more.
      const half = 2n ** BigInt(Math.max(0, exact.toString(2).length - 53)) / 2n;
      expect(error <= half + half / 128n).toBe(true);
      expect(power(-base, exponent)).toBe((-1) ** exponent * value);
      expect(power(base / 2 ** 20, exponent)).toBe(value / 2 ** (20 * exponent));
    }),
    { seed: 1, numRuns: 3000 },
  );
});

it("is the number nearest to roots, as the square root is by its definition", () => {
  fc.assert(
    fc.property(fc.double({ min: Number.MIN_VALUE, noNaN: true, noDefaultInfinity: true }), (x) => {
      expect(power(x, 0.5)).toBe(Math.sqrt(x));
    }),
    { seed: 2, numRuns: 3000 },
  );
});

it("makes powers of ten as they are written", () => {
  for (let n = -290; n <= 308; n++) expect(power(10, n)).toBe(Number(`1e${n}`));
});

it("is what the language says at zeros, infinities and where nothing is defined", () => {
  const special = [0, -0, 1, -1, 2, -2, 3, -3, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  for (const x of special) for (const y of special) expect(power(x, y), `${x}^${y}`).toBe(x ** y);
  expect([power(2, 1024), power(2, -1074), power(2, -1076)]).toEqual([Number.POSITIVE_INFINITY, 5e-324, 0]);
});

it("has the same bits on every engine", () => {
  let state = 12_345;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const values = Float64Array.from({ length: 20_000 }, () => power(20 * uniform(), 16 * uniform() - 8));
  // Written on Node 20; Math.pow has other bits there than on Node 24.
  expect(createHash("sha256").update(values).digest("hex").slice(0, 16)).toBe("3e30eaaba79fc71f");
});
