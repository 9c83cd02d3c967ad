import { ExperimentError } from "../base/errors.js";

type Json = Readonly<Record<string, unknown>>;

/** A layer, or a model in the place of one, as `model.toJSON` writes it. */
export interface LayerJson {
  readonly class_name: string;
  readonly config: Json;
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;
const isLayer = (value: unknown): value is LayerJson =>
  isObject(value) && typeof value.class_name === "string" && (isObject(value.config) || Array.isArray(value.config));

/** The layers of a model, in the order of its file; undefined for a layer that is no model. */
function partsOf({ config }: LayerJson): readonly LayerJson[] | undefined {
  // Old versions wrote the layers of a sequential model without a name around them.
  const layers = Array.isArray(config) ? config : config.layers;
  return Array.isArray(layers) ? layers.filter(isLayer) : undefined;
}

/** Every layer, those of models within the model in their place. */
export function layersIn(model: LayerJson): readonly LayerJson[] {
  const parts = partsOf(model);
  return parts ? parts.flatMap(layersIn) : [model];
}

/** The model with these layers in place of its parts. */
const withParts = (model: LayerJson, layers: readonly LayerJson[]): LayerJson => ({
  ...model,
  config: (Array.isArray(model.config) ? layers : { ...model.config, layers }) as Json,
});

/** The model with other classes for its layers, by the name of the class. */
export function withClasses(model: LayerJson, classes: ReadonlyMap<string, string>): LayerJson {
  const parts = partsOf(model);
  if (parts)
    return withParts(
      model,
      parts.map((part) => withClasses(part, classes)),
    );
  return { ...model, class_name: classes.get(model.class_name) ?? model.class_name };
}

/** What `model.save` and Keras put around a model: the model itself, or undefined if there is none. */
export function modelIn(topology: unknown): LayerJson | undefined {
  if (!isObject(topology)) return undefined;
  const inner = topology.model_config ?? topology;
  return isLayer(inner) && partsOf(inner) !== undefined ? inner : undefined;
}

/** Layers that draw random numbers of their own, so that no run could be repeated. */
const unrepeatable = ["GaussianNoise", "GaussianDropout", "AlphaDropout", "SpatialDropout1D", "RandomWidth"];

/** What a layer has that a run cannot keep to, and the mend; undefined if there is nothing. */
function obstacleOf({ class_name, config }: LayerJson): string | undefined {
  if (unrepeatable.includes(class_name)) return `is a ${class_name}, whose noise no run could repeat; use Dropout`;
  if (config.noise_shape) return "drops out along a noise_shape, which is not supported; leave it out";
  const drops = ["dropout", "recurrent_dropout"].find((key) => typeof config[key] === "number" && config[key] !== 0);
  if (drops) return `has a ${drops}, which no run could repeat; set it to 0`;
  if (config.stateful === true) return "keeps a state from batch to batch; set stateful: false";
  if (config.activity_regularizer) return "has an activity_regularizer, which is not supported; leave it out";
  const constraint = Object.keys(config).find((key) => key.endsWith("_constraint") && config[key]);
  return constraint && `has a ${constraint}, which no update rule keeps to; leave it out`;
}

/** @throws ExperimentError naming the first layer that cannot be trained here as the file has it */
export function checkLayers(path: string, model: LayerJson): void {
  checkNames(path, model);
  for (const layer of layersIn(model)) {
    const obstacle = obstacleOf(layer);
    if (obstacle) throw new ExperimentError(`${path}: layer ${layer.config.name} ${obstacle}`);
  }
}

/** @throws ExperimentError if two parts of a model have one name, which the library finds out at the first step */
function checkNames(path: string, model: LayerJson): void {
  const parts = partsOf(model) ?? [];
  const names = parts.map(({ config }) => config.name);
  const twice = names.find((name, i) => name !== undefined && names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ExperimentError(`${path} has two layers named ${twice}; give each a name of its own`);
  for (const part of parts) checkNames(path, part);
}

/** Whether some layer does something else in training than in evaluation. */
export const hasTrainingMode = (model: LayerJson): boolean =>
  layersIn(model).some(
    ({ class_name, config }) => class_name === "BatchNormalization" || (class_name === "Dropout" && config.rate !== 0),
  );

/** Whether the optimizer trains this weight, named `layer/weight`. */
export function isTrained(model: LayerJson, weight: string): boolean {
  const owner = layersIn(model).find(({ config }) => weight.startsWith(`${config.name}/`));
  if (owner?.config.trainable === false) return false;
  return !(owner?.class_name === "BatchNormalization" && /\/moving_(mean|variance)$/.test(weight));
}

/** Shape of one example as the model takes it, null for a length that is free; undefined if the file tells none. */
export function inputShapeOf(model: LayerJson): readonly (number | null)[] | undefined {
  const shapes = layersIn(model).map(({ config }) => config.batch_input_shape);
  return (shapes.find(Array.isArray) as (number | null)[] | undefined)?.slice(1);
}

/**
 * The model with logits for outputs: a softmax at its end, which the loss takes itself, left out.
 *
 * @throws ExperimentError if it ends in another activation
 */
export function withLogits(path: string, model: LayerJson): LayerJson {
  const parts = partsOf(model);
  if (!parts) return logitsLayer(path, model);
  const outputs = Array.isArray(model.config) ? undefined : (model.config.output_layers as unknown[][] | undefined);
  const last = outputs ? outputs[0]?.[0] : parts.at(-1)?.config.name;
  return withParts(
    model,
    parts.map((part) => (part.config.name === last ? withLogits(path, part) : part)),
  );
}

function logitsLayer(path: string, layer: LayerJson): LayerJson {
  const { class_name, config } = layer;
  if (class_name === "Softmax")
    return { class_name: "Activation", config: { name: config.name, activation: "linear" } };
  const { activation = "linear" } = config;
  if (activation === "softmax") return { ...layer, config: { ...config, activation: "linear" } };
  if (activation === "linear" || !["Dense", "Activation"].includes(class_name)) return layer;
  throw new ExperimentError(`${path} ends in ${activation}; expected softmax, or no activation for logits`);
}
