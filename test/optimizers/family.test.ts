import { describe, expect, test } from "vitest";
import { descend } from "./rules.js";

const close = (actual: readonly number[] | undefined, wanted: readonly number[], digits = 14) => {
  expect(actual).toHaveLength(wanted.length);
  actual!.forEach((value, i) => {
    expect(value).toBeCloseTo(wanted[i]!, digits);
  });
};

// w = [3, 4], ‖w‖ = 5, and g = [0, 2], ‖g‖ = 2; λ = 0.1.
const steps = (config: object, count: number) => descend({ learningRate: 0.1, ...config }, [3, 4], count, () => [0, 2]);
const once = (config: object) => steps(config, 1)[0];

test("larc: the shorter of SGD's step and LARS'", () => {
  close(once({ name: "larc", epsilon: 0 }), [3, 3.9]); // 0.02·5/2 = 0.05 < 0.1: 4 − 0.05·2
  close(once({ name: "larc", epsilon: 0, trustCoefficient: 1 }), [3, 3.8]); // 2.5 > 0.1: 4 − 0.1·2
  close(once({ name: "larc", epsilon: 0, clip: false }), [3, 3.99]); // 4 − 0.1·0.05·2
  close(once({ name: "larc", epsilon: 0.5 }), [3, 3.92]); // 0.02·5/2.5 = 0.04
});

test("larc at a norm of 0 leaves the gradient as it is, without weight decay; LARS by timm keeps the decay", () => {
  const resting = (config: object) =>
    descend({ learningRate: 0.1, weightDecay: 0.5, ...config }, [3, 4], 1, () => [0, 0]);
  close(resting({ name: "larc" })[0], [3, 4]);
  close(resting({ name: "lars", convention: "timm" })[0], [3 * 0.95, 4 * 0.95]); // −0.1·1·0.5·w
  const atZero = (config: object) => descend({ learningRate: 0.1, ...config }, [0, 0], 1, () => [0, 2]);
  close(atZero({ name: "larc" })[0], [0, -0.2]);
  // Clipped by timm to 1/λ, also where the ratio is 1.
  close(atZero({ name: "larc", learningRate: 4 })[0], [0, -8]);
  close(atZero({ name: "larc", convention: "timm", weightDecay: 1, learningRate: 4 })[0], [0, -2]);
});

test("LARS by timm does not scale layers without weight decay", () => {
  close(once({ name: "lars", convention: "timm" }), [3, 3.8]);
});

test("lamb: u = g/|g| at the first step, at the length of w", () => {
  const lamb = { name: "lamb", epsilon: 0 };
  // ‖w_1‖ = √(9 + 3.5²)
  close(steps(lamb, 2)[0], [3, 3.5]);
  close(steps(lamb, 2)[1], [3, 3.5 - 0.1 * Math.sqrt(21.25)]);
  close(once({ ...lamb, clip: true }), [3, 3.9]); // ratio 5 → 1
  // u = [0, 1] + 0.5·[3, 4] = [1.5, 3], ‖u‖ = √11.25
  const ratio = (0.1 * 5) / Math.sqrt(11.25);
  close(once({ ...lamb, weightDecay: 0.5 }), [3 - ratio * 1.5, 4 - ratio * 3]);
  // m = 0.1·2, v = 0.001·4 without correction: u = 0.2/√0.004, of which the ratio leaves the direction
  close(once({ ...lamb, biasCorrection: false }), [3, 3.5]);
  close(once({ ...lamb, biasCorrection: false, scaleWithoutWeightDecay: false }), [
    3,
    4 - (0.1 * 0.2) / Math.sqrt(0.004),
  ]);
  close(once({ ...lamb, epsilon: 2, scaleWithoutWeightDecay: false }), [3, 3.95]); // 2/(2 + 2)
});

test("lans: m of unit gradients and the unit gradient itself, each at the length of w", () => {
  close(once({ name: "lans", epsilon: 0 }), [3, 3.5]);
  // g = [0, 2], then [2, 0], without correction, β₁ = β₂ = 0.5: m = [½, ¼], v = [½, ¼]; u ∝ [½/√½, ¼/√¼], u' ∝ [1/√½, 0]
  const moments = { beta1: 0.5, beta2: 0.5, biasCorrection: false };
  const [first, second] = descend({ name: "lans", learningRate: 0.1, epsilon: 0, ...moments }, [3, 4], 2, (_, k) =>
    k === 0 ? [0, 2] : [2, 0],
  );
  const length = 0.1 * Math.hypot(...first!);
  const u = [0.5 / Math.SQRT1_2, 0.5];
  close(second, [
    3 - length * ((0.5 * u[0]!) / Math.hypot(...u) + 0.5),
    first![1]! - (length * 0.5 * u[1]!) / Math.hypot(...u),
  ]);
});

test("fromage: LARS' step, then shrunk by √(1 + λ²)", () => {
  close(once({ name: "fromage" }), [3 / Math.sqrt(1.01), 3.5 / Math.sqrt(1.01)]);
  // Norms of 5 and 2 count as 10: −0.1·(10/10)·2
  close(once({ name: "fromage", minimumNorm: 10 }), [3 / Math.sqrt(1.01), 3.8 / Math.sqrt(1.01)]);
  const atZero = (zeroRule: string) =>
    descend({ name: "fromage", learningRate: 0.1, zeroRule }, [0, 0], 1, () => [0, 2]);
  close(atZero("stay")[0], [0, 0]);
  close(atZero("one")[0], [0, -0.2 / Math.sqrt(1.01)]);
});

describe("nero", () => {
  test("steps by λ‖w‖, centres and normalises", () => {
    // [3, 4 − 0.1·5·2/2] = [3, 3.5], about 3.25: ∓0.25
    close(once({ name: "nero" }), [-Math.SQRT1_2, Math.SQRT1_2]);
  });

  test("sees the columns of a kernel as neurons", () => {
    // Columns [3, 4] with the gradient [0, 2], as above, and [4, 0] with [1, 0]: [4 − 0.1·4, 0], about 1.8: ±1.8
    const kernel = descend({ name: "nero", learningRate: 0.1 }, [3, 4, 4, 0], 1, () => [0, 1, 2, 0], [2, 2]);
    close(kernel[0], [-Math.SQRT1_2, Math.SQRT1_2, Math.SQRT1_2, -Math.SQRT1_2]);
  });

  test("leaves a neuron of equal weights where its step leads", () => {
    close(descend({ name: "nero", learningRate: 0.1 }, [3], 1, () => [2])[0], [2.7]);
    close(descend({ name: "nero", learningRate: 0.1 }, [0, 0], 1, () => [1, 2])[0], [0, 0]);
  });

  test("moves excluded biases by λσ_b, each for itself", () => {
    const biases = { name: "nero", learningRate: 0.1, biasScale: 0.5, exclude: ["*"], excludedUpdate: "unscaled" };
    close(descend(biases, [3, 4, 0], 1, () => [0, 2, -1])[0], [3, 3.95, 0.05]);
  });
});

test("madam: factors of e^{∓λ}, no more than c of them, and the cap", () => {
  close(once({ name: "madam" }), [3, 4 * Math.exp(-0.1)]);
  close(once({ name: "madam", largestChange: 0.5 }), [3, 4 * Math.exp(-0.05)]);
  // rms [3, 4] = √12.5 = 3.54 < 4e^{−0.1} = 3.62
  close(once({ name: "madam", cap: 1 }), [3, Math.sqrt(12.5)]);
  close(descend({ name: "madam", learningRate: 0.1 }, [-3, 0], 1, () => [2, 2])[0], [-3 * Math.exp(0.1), 0]);
});

test("novograd: v = ‖g‖² at first, then an average; the momentum adds up", () => {
  const [first, second] = descend({ name: "novograd", learningRate: 0.1, epsilon: 0 }, [3, 4], 2, (_, k) => [
    0,
    2 + 2 * k,
  ]);
  close(first, [3, 3.9]);
  // v = 0.98·4 + 0.02·16 = 4.24; m = 0.95·1 + 4/√4.24
  close(second, [3, 3.9 - 0.1 * (0.95 + 4 / Math.sqrt(4.24))]);
  close(once({ name: "novograd", epsilon: 2, averaging: true }), [3, 4 - 0.1 * 0.05 * 0.5]);
});

describe("muon", () => {
  const plain = { name: "muon", epsilon: 0, learningRate: 0.1 };

  test("with the polynomial p(s) = s only divides by the norm; scales go by the shape", () => {
    const identity = { ...plain, coefficients: [1, 0, 0] };
    const gradient = () => [0, 3, 0, 0, 0, 4]; // 2 × 3, norm 5
    const step = (scale: string, shape: number[]) =>
      descend({ ...identity, scale }, [0, 0, 0, 0, 0, 0], 1, gradient, shape)[0];
    close(step("none", [2, 3]), [0, -0.06, 0, 0, 0, -0.08]);
    close(step("width", [2, 3]), [0, -0.06 * Math.sqrt(1.5), 0, 0, 0, -0.08 * Math.sqrt(1.5)]);
    close(step("width", [3, 2]), [0, -0.06, 0, 0, 0, -0.08]);
    close(
      step("root-mean-square", [3, 2]),
      [0, -0.06, 0, 0, 0, -0.08].map((x) => 0.2 * Math.sqrt(3) * x),
    );
  });

  test("applies the polynomial to the singular values", () => {
    // diag(3, 4)/5: p(0.6), p(0.8) with p(s) = 1.5s − 0.5s³, once and twice
    const p = (s: number) => 1.5 * s - 0.5 * s ** 3;
    const cubic = { ...plain, scale: "none", coefficients: [1.5, -0.5, 0] };
    const step = (iterations: number) =>
      descend({ ...cubic, iterations }, [0, 0, 0, 0], 1, () => [3, 0, 0, 4], [2, 2])[0];
    close(step(1), [-0.1 * p(0.6), 0, 0, -0.1 * p(0.8)]);
    close(step(2), [-0.1 * p(p(0.6)), 0, 0, -0.1 * p(p(0.8))]);
    // A vector has a single one, 1: p(1) = 1.
    close(descend({ ...cubic, iterations: 3 }, [0, 0], 1, () => [3, 4])[0], [-0.06, -0.08]);
  });

  test("looks ahead", () => {
    // μ = 0.5; g = [2, 0], then [0, 2]: m = [1, 0], [½, 1]; ahead ½m + ½g = [¼, 3/2]
    const half = { ...plain, momentum: 0.5, coefficients: [1, 0, 0] };
    const turning = (config: object) =>
      descend({ ...half, ...config }, [0, 0], 2, (_, k) => (k === 0 ? [2, 0] : [0, 2])).at(-1)!;
    const leadingTo = (direction: readonly [number, number]) => [
      -0.1 - (0.1 * direction[0]) / Math.hypot(...direction),
      (-0.1 * direction[1]) / Math.hypot(...direction),
    ];
    close(turning({}), leadingTo([0.25, 1.5]));
    close(turning({ nesterov: false }), leadingTo([0.5, 1]));
    close(turning({ averaging: false }), leadingTo([0.25, 1.5])); // the sum is twice the average
    // ½m/(1 − ⅛) + ½g/(1 − ¼)
    close(turning({ biasCorrection: true }), leadingTo([0.25 / 0.875, 0.5 / 0.875 + 1 / 0.75]));
  });
});

test("scion: toward −ρ times the unit vector, the signs, or the singular vectors", () => {
  close(once({ name: "scion", ball: "euclidean" }), [2.7, 3.5]); // −0.1·([3, 4] + [0, 1])
  close(once({ name: "scion", ball: "largest-entry", radius: 2 }), [2.7, 3.4]);
  // One singular value, 1: p(1) = 1.
  close(once({ name: "scion", coefficients: [1.5, -0.5, 0] }), [2.7, 3.5]);
  // α = ¼; g = [0, 2], then [2, 0]: m = [0, ½], then [½, ⅜], of length ⅝
  const config = { name: "scion", ball: "euclidean", averaging: 0.25, learningRate: 0.1 };
  const [first, second] = descend(config, [3, 4], 2, (_, k) => (k === 0 ? [0, 2] : [2, 0]));
  close(second, [0.9 * first![0]! - 0.1 * 0.8, 0.9 * first![1]! - 0.1 * 0.6]);
});
