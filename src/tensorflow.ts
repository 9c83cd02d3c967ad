import { adagrad as adagradRule } from "./optimizers/adagrad.js";
import { adam as adamRule } from "./optimizers/adam.js";
import { adamw as adamwRule } from "./optimizers/adamw.js";
import { fromage as fromageRule } from "./optimizers/fromage.js";
import { lamb as lambRule } from "./optimizers/lamb.js";
import { lans as lansRule } from "./optimizers/lans.js";
import { larc as larcRule } from "./optimizers/larc.js";
import { lars as larsRule } from "./optimizers/lars.js";
import { lion as lionRule } from "./optimizers/lion.js";
import { madam as madamRule } from "./optimizers/madam.js";
import { muon as muonRule } from "./optimizers/muon.js";
import { nadam as nadamRule } from "./optimizers/nadam.js";
import { nero as neroRule } from "./optimizers/nero.js";
import { normalizedGradientDescent as normalizedGradientDescentRule } from "./optimizers/normalized-gradient-descent.js";
import { novograd as novogradRule } from "./optimizers/novograd.js";
import { percentDelta as percentDeltaRule } from "./optimizers/percent-delta.js";
import { percentDeltaElementwise as percentDeltaElementwiseRule } from "./optimizers/percent-delta-elementwise.js";
import { proportional as proportionalRule } from "./optimizers/proportional.js";
import { proportionalInfinity as proportionalInfinityRule } from "./optimizers/proportional-infinity.js";
import { rmsprop as rmspropRule } from "./optimizers/rmsprop.js";
import { scion as scionRule } from "./optimizers/scion.js";
import { sgd as sgdRule } from "./optimizers/sgd.js";
import { signDescent as signDescentRule } from "./optimizers/sign-descent.js";
import { tensorFlowOptimizer } from "./optimizers/tensorflow-optimizer.js";

/*
 * The tool's rules as optimizers of TensorFlow.js. Each sees every variable of a model as a layer of its own, unless
 * `scope` says otherwise.
 */

/** Gradient descent, Δw = −λ·g, with momentum, Nesterov momentum and weight decay. */
export const sgd = tensorFlowOptimizer(sgdRule);
/**
 * LARS, Δw = −λ·(‖w‖₂/‖g‖₂)·g: proportional updates in the L2 norm.
 *
 *     model.compile({ optimizer: lars({ learningRate: 0.02 }), loss: "meanSquaredError" });
 */
export const lars = tensorFlowOptimizer(larsRule);
/** PercentDelta, Δw = −λ·(‖w‖₁/‖g‖₁)·g: proportional updates in the L1 norm. */
export const percentDelta = tensorFlowOptimizer(percentDeltaRule);
/** Δw = −λ·(‖w‖∞/‖g‖∞)·g: proportional updates in the L∞ norm. */
export const proportionalInfinity = tensorFlowOptimizer(proportionalInfinityRule);
/** Δw = −λ·(‖w‖_p/‖g‖_p)·g: proportional updates in the Lp norm, for any p from 1 to ∞. */
export const proportional = tensorFlowOptimizer(proportionalRule);
/** PercentDelta as first published, Δw = −λ·g/mean_i |g_i/w_i|: the mean relative change of the weights is λ. */
export const percentDeltaElementwise = tensorFlowOptimizer(percentDeltaElementwiseRule);
/** Fromage: the step of LARS, then the weights divided by √(1 + λ²). */
export const fromage = tensorFlowOptimizer(fromageRule);
/** LAMB, Δw = −λ·(‖w‖₂/‖u‖₂)·u with Adam's direction u = m̂/(√v̂ + ε) + βw. */
export const lamb = tensorFlowOptimizer(lambRule);
/** LANS: LAMB on normalised gradients, with Nesterov's look-ahead. */
export const lans = tensorFlowOptimizer(lansRule);
/** LARC, Δw = −min(λ, c·‖w‖₂/‖g‖₂)·g: LARS that is never longer than gradient descent. */
export const larc = tensorFlowOptimizer(larcRule);
/** Madam: every weight is multiplied, its logarithm changes by about λ. */
export const madam = tensorFlowOptimizer(madamRule);
/** Muon: momentum with its singular values brought near to 1. */
export const muon = tensorFlowOptimizer(muonRule);
/** Nero: every neuron turns by about λ on the sphere of balanced weights. */
export const nero = tensorFlowOptimizer(neroRule);
/** NovoGrad: momentum of gradients that are divided by the average of their norms. */
export const novograd = tensorFlowOptimizer(novogradRule);
/** Scion: steps toward the point of a ball that lies farthest down the momentum. */
export const scion = tensorFlowOptimizer(scionRule);
/** Adam, Δw = −λ·m̂/(√v̂ + ε): every entry scaled by its own past gradients. */
export const adam = tensorFlowOptimizer(adamRule);
/** AdamW, Δw = −λ·(m̂/(√v̂ + ε) + βw): Adam with a weight decay that is not scaled. */
export const adamw = tensorFlowOptimizer(adamwRule);
/** NAdam: Adam with Nesterov's look-ahead. */
export const nadam = tensorFlowOptimizer(nadamRule);
/** Lion, Δw = −λ·sign(β₁m + (1 − β₁)g): the signs of an average gradient. */
export const lion = tensorFlowOptimizer(lionRule);
/** RMSProp, Δw = −λ·g/(√v + ε): every entry over the root of its average square. */
export const rmsprop = tensorFlowOptimizer(rmspropRule);
/** Adagrad, Δw = −λ·g/(√Σg² + ε): every entry over the root of the sum of its squares. */
export const adagrad = tensorFlowOptimizer(adagradRule);
/** Sign descent, Δw = −λ·sign(g): every weight moves by λ. */
export const signDescent = tensorFlowOptimizer(signDescentRule);
/** Normalized gradient descent, Δw = −λ·g/‖g‖₂: steps of length λ. */
export const normalizedGradientDescent = tensorFlowOptimizer(normalizedGradientDescentRule);
