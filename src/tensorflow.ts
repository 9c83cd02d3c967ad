import { lars as larsRule } from "./optimizers/lars.js";
import { percentDelta as percentDeltaRule } from "./optimizers/percent-delta.js";
import { percentDeltaElementwise as percentDeltaElementwiseRule } from "./optimizers/percent-delta-elementwise.js";
import { proportionalInfinity as proportionalInfinityRule } from "./optimizers/proportional-infinity.js";
import { sgd as sgdRule } from "./optimizers/sgd.js";
import { tensorFlowOptimizer } from "./optimizers/tensorflow-optimizer.js";

/** The tool's rules as optimizers of TensorFlow.js: `model.compile({ optimizer: lars({ learningRate: 0.02 }) })`. */
export const sgd = tensorFlowOptimizer(sgdRule);
export const lars = tensorFlowOptimizer(larsRule);
export const percentDelta = tensorFlowOptimizer(percentDeltaRule);
export const proportionalInfinity = tensorFlowOptimizer(proportionalInfinityRule);
export const percentDeltaElementwise = tensorFlowOptimizer(percentDeltaElementwiseRule);
