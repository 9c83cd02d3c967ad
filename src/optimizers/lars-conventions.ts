import type { Convention } from "./update-rule.js";

/** How LARS is written elsewhere; besides these options all have weight decay and momentum. */
export const larsConventions = {
  paper: { source: "arXiv:1801.03137, eq. (1)", options: {} },
  authors: {
    source: "TensorFlow code of the authors of arXiv:1801.03137",
    options: { trustCoefficient: 1e-4, epsilon: 1e-9, threshold: 1e-2, momentumOrder: "learning-rate-outside" },
  },
  you2017: {
    source: "You, Gitman & Ginsburg, arXiv:1708.03888, algorithm 1",
    options: { trustCoefficient: 1e-3 },
  },
  optax: {
    source: "optax.lars",
    options: { trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "one" },
  },
  simclr: {
    source: "SimCLR's LARSOptimizer, classic momentum",
    options: { trustCoefficient: 1e-3, weightDecayNorm: "combined", zeroRule: "one" },
  },
  "tf-contrib": {
    source: "tf.contrib.opt.LARSOptimizer of TensorFlow 1.15",
    options: { trustCoefficient: 1e-3, weightDecayInGradient: false, zeroRule: "one", momentumOrder: "gradient" },
  },
  timm: {
    source: "timm.optim.Lars",
    options: {
      trustCoefficient: 1e-3,
      epsilon: 1e-8,
      zeroRule: "one",
      scaleWithoutWeightDecay: false,
      momentumOrder: "learning-rate-outside",
    },
  },
  apex: {
    source: "apex.parallel.LARC(clip=False) around torch.optim.SGD",
    options: { trustCoefficient: 0.02, epsilon: 1e-8, zeroRule: "gradient", momentumOrder: "learning-rate-outside" },
  },
  chainer: {
    source: "chainer.optimizer_hooks.GradientLARS with MomentumSGD",
    options: { epsilon: 1e-9, threshold: 1e-2 },
  },
} as const satisfies Readonly<Record<string, Convention>>;
