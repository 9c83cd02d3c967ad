import type * as tfl from "@tensorflow/tfjs-layers";
import { z } from "zod";
import { ExperimentError, messageOf } from "../base/errors.js";
import { type ImageDataset, imageSize } from "../data/dataset.js";
import { type ModelFile, readModelFile } from "./model-file.js";
import { checkLayers, hasTrainingMode, inputShapeOf, isTrained, withClasses, withLogits } from "./model-topology.js";
import { type BuiltNetwork, classification, type Network, type Toolbox } from "./network.js";
import { defineProblem } from "./problem.js";

const schema = z.strictObject({
  name: z.literal("model"),
  file: z
    .string()
    .min(1)
    .describe("the model.json that TensorFlow.js's model.save writes, relative to the config's directory"),
});

const written = (shape: readonly (number | null)[]) => `[${shape.map((length) => length ?? "any").join(", ")}]`;

/**
 * How the model takes the images: as they are, without their one channel, or as one axis.
 *
 * @throws ExperimentError if it takes something else
 */
function inputOf({ path, model }: ModelFile, dataset: ImageDataset): readonly number[] {
  const { height, width, channels = 1 } = dataset;
  const image = [height, width, channels];
  const forms = [image, ...(channels === 1 ? [[height, width]] : []), [imageSize(dataset)]];
  const taken = inputShapeOf(model);
  const fits = (form: readonly number[]) =>
    taken?.length === form.length && taken.every((length, i) => length === null || length === form[i]);
  const form = forms.find(fits);
  if (form) return form;
  const found = taken ? `takes examples of ${written(taken)}` : "says not what examples it takes";
  throw new ExperimentError(
    `${path} ${found}, and the images of ${dataset.name} are ${written(image)}; expected one of ${forms.map(written).join(", ")}`,
  );
}

/** The model's variable of this name. */
function variableNamed(variables: readonly tfl.LayerVariable[], name: string, path: string): tfl.LayerVariable {
  const variable = variables.find(({ originalName }) => originalName === name);
  if (variable) return variable;
  throw new ExperimentError(`${path} lists a weight ${name}, which its layers do not have; save the model again`);
}

/** @throws ExperimentError if the library cannot make the model, or not with these weights */
async function load(file: ModelFile, { library, own }: Toolbox): Promise<tfl.LayersModel> {
  const { path, model: topology, weights, data } = file;
  const { io, dispose } = await import("@tensorflow/tfjs-core");
  const classes = new Map(Object.entries(own.replacements).map(([name, { className }]) => [name, className]));
  const modelTopology = withClasses(topology, classes);
  const values = io.decodeWeights(
    Uint8Array.from(data).buffer,
    weights.map(({ name, shape }) => ({ name, shape: [...shape], dtype: "float32" })),
  );
  let model: tfl.LayersModel | undefined;
  try {
    model = await library.models.modelFromJSON({ modelTopology } as never);
    model.loadWeights(values);
    return model;
  } catch (cause) {
    model?.dispose();
    if (cause instanceof ExperimentError) throw new ExperimentError(`${path}: ${cause.message}`, { cause });
    // What the library guesses at beyond its first sentence is not the case here.
    const [finding] = messageOf(cause).split(/\n| This may be due/);
    throw new ExperimentError(`${path} cannot be loaded: ${finding}`, { cause });
  } finally {
    dispose(values);
  }
}

/** @throws ExperimentError if the model has not one input, and one output of a logit for each class */
function checkOutputs(path: string, model: tfl.LayersModel, { name, classes }: ImageDataset): void {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new ExperimentError(
      `${path} has ${model.inputs.length} inputs and ${model.outputs.length} outputs; expected one of each`,
    );
  }
  const shape = model.outputs[0]!.shape.slice(1);
  if (shape.length === 1 && shape[0] === classes) return;
  throw new ExperimentError(
    `${path} gives ${written(shape)} for an example, and ${name} has ${classes} classes; expected [${classes}]`,
  );
}

/** The network that a file describes, with the weights of the file. */
function networkOf(file: ModelFile, dataset: ImageDataset): Network {
  const { path, weights } = file;
  checkLayers(path, file.model);
  const model = withLogits(path, file.model);
  const trained = weights.filter(({ name }) => isTrained(model, name));
  const kept = weights.filter(({ name }) => !isTrained(model, name));
  if (trained.length === 0) throw new ExperimentError(`${path} has no weights to train`);
  return {
    inputShape: inputOf(file, dataset),
    weights: trained,
    nonTrainable: kept,
    hasTrainingMode: hasTrainingMode(model),
    async build(tools): Promise<BuiltNetwork> {
      const built = await load({ ...file, model }, tools);
      checkOutputs(path, built, dataset);
      const [trainable, nonTrainable] = [built.trainableWeights, built.nonTrainableWeights];
      return {
        model: built,
        trained: trained.map(({ name }) => variableNamed(trainable, name, path)),
        kept: kept.map(({ name }) => variableNamed(nonTrainable, name, path)),
      };
    },
  };
}

/** A model of the user's, trained on from the weights it was saved with. */
export const model = defineProblem({
  name: "model",
  summary: "a TensorFlow.js layers model of yours, softmax cross-entropy",
  version: 2,
  formula: "f(w) = mean_i −log softmax(model(x_i))[y_i] + the model's penalties on its weights",
  needsData: true,
  schema,
  // Whether it has kinks, its file alone could tell.
  gradientJumps: () => true,
  create({ file }, context) {
    const read = readModelFile(file, context.directory);
    return { ...classification(networkOf(read, context.dataset!), context), checksum: read.checksum };
  },
});
