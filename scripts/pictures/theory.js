// The pictures of docs/theory.md, a table: which config is run, with what changed, and which of its numbers are drawn.

/**
 * @typedef {object} Curve
 * @property {string} label
 * @property {string} column of trace.csv or layers.csv
 * @property {string} [layer] of layers.csv
 * @property {Readonly<Record<string, unknown>>} [runs] which run: optimizer, seed, swept values
 * @property {true} [theory] drawn dashed: what the theory says
 * @property {number} [over] the numbers are divided by it
 * @property {(value: number) => number} [map] what is drawn of a number
 * @property {"final" | "first" | "tail-maximum"} [statistic] of the column, where it is drawn against a swept value
 */

/**
 * @typedef {object} Picture
 * @property {string} name of the file; the theorem first
 * @property {string} config a name that the tool knows
 * @property {readonly string[]} [set] options --set: what is made shorter than in the config
 * @property {readonly string[]} [sweep] options --sweep
 * @property {readonly number[]} [seeds] 0 unless told otherwise
 * @property {string} [against] the swept value on the horizontal axis, instead of the step
 * @property {"x" | "y" | "xy"} [logarithmic]
 * @property {string} [x] title
 * @property {string} y title
 * @property {number} [floor] of the vertical axis
 * @property {number} [ceiling]
 * @property {number} [upTo] the last step that is drawn
 * @property {readonly Curve[]} curves
 * @property {readonly { at: number, axis?: "x" | "y", label: string }[]} [lines]
 */

const distance = "distance d = ‖w − w*‖₂";

/** @type {readonly Picture[]} */
export const theoryPictures = [
  {
    name: "t1",
    config: "deep-linear",
    set: ["steps=600"],
    logarithmic: "y",
    y: "of each layer",
    curves: [
      ...[1, 2, 3].map((i) => ({
        label: `s_k, layer ${i}`,
        column: "effective_learning_rate",
        layer: `W${i}`,
        runs: { optimizer: "lars" },
      })),
      { label: "‖Δw‖/‖w‖, all layers", column: "norm_ratio", layer: "W1", runs: { optimizer: "lars" } },
    ],
  },
  {
    name: "t2a",
    config: "scalar-constant",
    set: ["steps=150", "problem.start=20"],
    logarithmic: "y",
    y: "weight w (w* = 1)",
    curves: [0.03, 0.1, 0.3].map((rate) => ({
      label: `λ = ${rate}`,
      column: "weight",
      runs: { "optimizer.learningRate": rate, "problem.start": 20 },
    })),
    lines: [0.9, 1.1].map((at) => ({ at, label: "" })),
  },
  {
    name: "t2b",
    config: "sign-trap",
    set: ["steps=300"],
    y: "weight w (w* = 1)",
    curves: [
      { label: "equation (1)", column: "weight", runs: { optimizer: "eq. (1)" } },
      { label: "with the threshold guard", column: "weight", runs: { optimizer: "threshold guard" } },
      { label: "gradient descent", column: "weight", runs: { optimizer: "sgd" } },
    ],
    lines: [{ at: 0, label: "0" }],
  },
  {
    name: "t2c",
    config: "scalar-decaying",
    set: ["trace.every=1", "steps=5000"],
    logarithmic: "xy",
    y: "distance |w − w*|",
    floor: 1e-7,
    curves: ["inverse-time", "inverse-sqrt", "polynomial", "summable"].map((optimizer) => ({
      label: optimizer,
      column: "distance",
      runs: { optimizer },
    })),
  },
  {
    name: "t3",
    config: "absolute-loss",
    set: ["sweep={}", "steps=3000"],
    logarithmic: "xy",
    y: "f(w) − f*",
    curves: [
      { label: "every iterate", column: "gap", runs: { optimizer: "lars" } },
      { label: "the best so far", column: "best_gap", runs: { optimizer: "lars" } },
      { label: "the best so far", column: "best_iterate_bound", runs: { optimizer: "lars" }, theory: true },
    ],
  },
  {
    name: "t3-a-priori",
    config: "a-priori",
    logarithmic: "y",
    y: "f(w) − f*, the best so far",
    curves: [
      { label: "f(w) − f*", column: "best_gap" },
      { label: "after the run (T3)", column: "best_iterate_bound", theory: true },
      { label: "before the run (T3)", column: "best_iterate_a_priori_bound", theory: true },
    ],
  },
  {
    name: "t4a",
    config: "schedules",
    upTo: 60,
    set: ["trace.every=1", "steps=60"],
    logarithmic: "y",
    y: distance,
    curves: [
      { label: "LARS, λ = 0.05", column: "distance", runs: { optimizer: "constant" } },
      { label: "LARS, λ = 0.05", column: "one_step_distance_bound", runs: { optimizer: "constant" }, theory: true },
    ],
  },
  {
    name: "t4b",
    config: "centred-rate",
    logarithmic: "y",
    y: distance,
    floor: 1e-16,
    curves: [4, 10, 100].flatMap((kappa) => [
      { label: `κ = ${kappa}, λ = c`, column: "distance", runs: { "problem.conditionNumber": kappa } },
      {
        label: `κ = ${kappa}, λ = c`,
        column: "linear_rate_distance",
        runs: { "problem.conditionNumber": kappa },
        theory: true,
      },
    ]),
  },
  {
    name: "t4b-frontier",
    config: "centred-frontier",
    sweep: ["optimizer.learningRate=linspace:0.05:1.6:32"],
    against: "optimizer.learningRate",
    x: "λ",
    y: "distance after one step from 1",
    curves: [
      { label: "the worst start", column: "distance" },
      { label: "the worst start", column: "linear_rate_distance", theory: true },
    ],
    lines: [
      { at: 1, label: "" },
      { at: 0.574959574576069, axis: "x", label: "c" },
      { at: 1.149919149152138, axis: "x", label: "2c" },
    ],
  },
  {
    name: "t4b-above",
    config: "centred-rate",
    set: ["sweep={grid: {optimizer.learningRate: [0.5, 1.1, 1.3, 1.6]}}", "problem.conditionNumber=10", "steps=60"],
    logarithmic: "y",
    y: distance,
    curves: [0.5, 1.1, 1.3, 1.6].map((rate) => ({
      label: `λ = ${rate}${rate > 1.15 ? " > 2c" : ""}`,
      column: "distance",
      runs: { "optimizer.learningRate": rate },
    })),
  },
  {
    name: "t4c",
    config: "shifted-radius",
    set: ["steps=5000"],
    against: "optimizer.learningRate",
    logarithmic: "xy",
    x: "λ",
    y: "largest distance, second half",
    curves: [
      { label: "LARS", column: "distance", statistic: "tail-maximum" },
      { label: "LARS", column: "distance_radius", theory: true },
    ],
  },
  {
    name: "t4d",
    config: "shifted-decaying",
    set: ["steps=10000", "trace.every=5"],
    logarithmic: "xy",
    y: distance,
    floor: 1e-6,
    curves: ["inverse-sqrt", "inverse-time", "polynomial"].flatMap((optimizer) => [
      { label: optimizer, column: "distance", runs: { optimizer } },
      { label: optimizer, column: "envelope_distance", runs: { optimizer }, theory: true },
    ]),
  },
  {
    name: "t5",
    config: "objective-frontier",
    sweep: ["optimizer.learningRate=linspace:0.05:0.8:31"],
    against: "optimizer.learningRate",
    x: "λ",
    y: "f after one step from f = 1",
    curves: [{ label: "the worst start", column: "loss" }],
    lines: [
      { at: 1, label: "" },
      { at: 0.488754, axis: "x", label: "the frontier, 0.4888" },
    ],
  },
  {
    name: "t6",
    config: "norms-sparse-spectrum",
    set: [
      "sweep={grid: {optimizer.p: [1, 2, infinity]}}",
      "problem.rotation=none",
      "optimizer={name: proportional, p: 2, learningRate: {schedule: constant, initial: 0.1}}",
    ],
    seeds: [10],
    logarithmic: "y",
    y: "step length over λ‖w‖₂",
    curves: [1, 2, "infinity"].map((p) => ({
      label: `p = ${p === "infinity" ? "∞" : p}`,
      column: "norm_ratio_l2",
      runs: { "optimizer.p": p },
      over: 0.1,
    })),
    lines: [
      { at: Math.sqrt(50), label: "√n" },
      { at: 1 / Math.sqrt(50), label: "1/√n" },
    ],
  },
  {
    name: "t7",
    config: "scale-invariance",
    y: distance,
    ceiling: 0.8,
    floor: 0,
    curves: [
      { label: "LARS, f", column: "distance", runs: { optimizer: "lars", "problem.lossScale": 1 } },
      { label: "LARS, 10⁶·f", column: "distance", runs: { optimizer: "lars", "problem.lossScale": 1e6 }, theory: true },
      { label: "gradient descent, f", column: "distance", runs: { optimizer: "sgd", "problem.lossScale": 1 } },
      { label: "gradient descent, 10⁶·f", column: "distance", runs: { optimizer: "sgd", "problem.lossScale": 1e6 } },
    ],
  },
  {
    name: "t8",
    config: "layer-wise-nonconvex",
    logarithmic: "xy",
    y: "smallest Σ η‖g‖₂ so far",
    curves: [
      { label: "LARS, layer-wise", column: "smallest_first_order_decrease" },
      { label: "LARS, layer-wise", column: "first_order_decrease_bound", theory: true },
    ],
  },
  {
    name: "t9",
    config: "mini-batches",
    set: ["steps=20000", "trace.every=50"],
    y: "weight w",
    curves: [
      { label: "batch size 1", column: "weight", runs: { batchSize: 1 } },
      { label: "batch size 101", column: "weight", runs: { batchSize: 101 } },
      { label: "full batch", column: "weight", runs: { batchSize: "full" } },
    ],
    lines: [
      { at: 2.1607, label: "mean of the targets" },
      { at: 1.3782, label: "median" },
    ],
  },
  {
    name: "t10",
    config: "elementwise",
    set: ["steps=300"],
    logarithmic: "y",
    y: "‖Δw‖₂/‖w‖₂ at λ = 0.02",
    curves: [
      { label: "as first published", column: "norm_ratio_l2", runs: { optimizer: "percent-delta-elementwise" } },
      { label: "equation (1), p = 1", column: "norm_ratio_l2", runs: { optimizer: "percent-delta" } },
    ],
    lines: [{ at: 0.02, label: "λ" }],
  },
  {
    name: "t11",
    config: "reference/family-options",
    y: "‖Δw‖₂/‖w‖₂ of the first layer",
    curves: [
      { label: "LAMB", column: "norm_ratio_l2", layer: "W1", runs: { optimizer: "lamb" } },
      { label: "LANS", column: "norm_ratio_l2", layer: "W1", runs: { optimizer: "lans" } },
      { label: "λ", column: "learning_rate", runs: { optimizer: "lamb" }, theory: true },
    ],
  },
  {
    name: "t12",
    config: "larc",
    set: ["steps=600", "trace.every=2"],
    logarithmic: "y",
    y: distance,
    floor: 1e-13,
    curves: [
      { label: "LARS", column: "distance", runs: { optimizer: "lars" } },
      { label: "LARC", column: "distance", runs: { optimizer: "larc" } },
      { label: "LARC", column: "clipped_envelope_distance", runs: { optimizer: "larc" }, theory: true },
      { label: "gradient descent", column: "distance", runs: { optimizer: "sgd" } },
    ],
  },
  {
    name: "t13a",
    config: "fromage",
    logarithmic: "y",
    y: distance,
    floor: 1e-16,
    ceiling: 1e3,
    curves: [
      ...[0.1, 0.5, 3].flatMap((rate) => [
        { label: `Fromage, λ = ${rate}`, column: "distance", runs: { optimizer: `fromage ${rate}` } },
        /** @type {Curve} */ ({
          label: `Fromage, λ = ${rate}`,
          column: "shrunk_rate_distance",
          runs: { optimizer: `fromage ${rate}` },
          theory: true,
        }),
      ]),
      { label: "LARS, λ = 3", column: "distance", runs: { optimizer: "lars 3" } },
    ],
  },
  {
    name: "t13b",
    config: "larc",
    set: ["trace.every=5"],
    logarithmic: "xy",
    y: distance,
    curves: [
      { label: "Fromage, λ = 0.1", column: "distance", runs: { optimizer: "fromage" } },
      { label: "Fromage, λ = 0.1", column: "shrunk_envelope_distance", runs: { optimizer: "fromage" }, theory: true },
      { label: "Fromage, decaying", column: "distance", runs: { optimizer: "fromage, decaying" } },
      {
        label: "Fromage, decaying",
        column: "shrunk_envelope_distance",
        runs: { optimizer: "fromage, decaying" },
        theory: true,
      },
    ],
  },
  {
    name: "t14",
    config: "momentum",
    set: ["sweep={}", "trace.every=4"],
    logarithmic: "xy",
    y: "f(w) − f*",
    floor: 1e-9,
    curves: [
      { label: "LARS, momentum 0.9", column: "gap", runs: { optimizer: "lars" } },
      { label: "LARS, momentum 0.9", column: "heavy_ball_bound", runs: { optimizer: "lars" }, theory: true },
      { label: "SGD, momentum 0.9", column: "gap", runs: { optimizer: "sgd" } },
      { label: "SGD, momentum 0.9", column: "heavy_ball_bound", runs: { optimizer: "sgd" }, theory: true },
    ],
  },
  {
    name: "t15",
    config: "scale-invariant-loss",
    set: ["steps=600", "trace.every=2"],
    logarithmic: "y",
    y: "‖w‖₂",
    curves: [
      { label: "LARS", column: "weight_norm", runs: { optimizer: "lars" } },
      { label: "Fromage", column: "weight_norm", runs: { optimizer: "fromage" } },
      { label: "LARS with weight decay", column: "weight_norm", runs: { optimizer: "lars with decay" } },
      {
        label: "LARS with weight decay",
        column: "equilibrium_norm",
        runs: { optimizer: "lars with decay" },
        theory: true,
      },
    ],
  },
];
