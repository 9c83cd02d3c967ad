import { adagrad as adagradRule } from "./optimizers/adagrad.js";
import { adam as adamRule } from "./optimizers/adam.js";
import { adamw as adamwRule } from "./optimizers/adamw.js";
import { lars as larsRule } from "./optimizers/lars.js";
import { lion as lionRule } from "./optimizers/lion.js";
import { nadam as nadamRule } from "./optimizers/nadam.js";
import { normalizedGradientDescent as normalizedGradientDescentRule } from "./optimizers/normalized-gradient-descent.js";
import { percentDelta as percentDeltaRule } from "./optimizers/percent-delta.js";
import { percentDeltaElementwise as percentDeltaElementwiseRule } from "./optimizers/percent-delta-elementwise.js";
import { proportional as proportionalRule } from "./optimizers/proportional.js";
import { proportionalInfinity as proportionalInfinityRule } from "./optimizers/proportional-infinity.js";
import { rmsprop as rmspropRule } from "./optimizers/rmsprop.js";
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
