import { lars as larsRule } from "./optimizers/lars.js";
import { percentDelta as percentDeltaRule } from "./optimizers/percent-delta.js";
import { percentDeltaElementwise as percentDeltaElementwiseRule } from "./optimizers/percent-delta-elementwise.js";
import { proportional as proportionalRule } from "./optimizers/proportional.js";
import { proportionalInfinity as proportionalInfinityRule } from "./optimizers/proportional-infinity.js";
import { sgd as sgdRule } from "./optimizers/sgd.js";
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
