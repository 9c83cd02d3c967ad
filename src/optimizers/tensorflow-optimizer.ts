import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import { ExperimentError } from "../base/errors.js";
import { type Scalar, tensorAlgebra } from "../compute/tensors.js";
import type { gradientClipSchema } from "./gradient-clip.js";
import {
  createOptimizer,
  type Optimizer,
  type OptimizerConfig,
  optimizerSchema,
  type Rules,
  type Scope,
} from "./optimizer.js";
import { schedules } from "./schedules/registry.js";
import type { OptimizerDefinition, RuleState, TypedOptimizerDefinition } from "./update-rule.js";

type Tensor = tf.Tensor;

interface NamedTensor {
  name: string;
  tensor: Tensor;
}

/** What a rule remembers of the variables it sees as one vector, by their names. */
type States = Map<string, RuleState<Tensor, Tensor>>;

/** The rule laid over the variables of one call, in their order. */
interface Laid {
  readonly names: readonly string[];
  readonly optimizer: Optimizer;
}

/** Options that every rule has as an optimizer of TensorFlow.js. */
export interface CommonOptions {
  /** λ: a number, or a schedule with its options, for which `steps` is to be given. */
  readonly learningRate: number | { readonly schedule: string; readonly [option: string]: unknown };
  /** K, the number of updates that a schedule stretches over. */
  readonly steps?: number;
  /** What the rule sees as one vector; default: each layer. */
  readonly scope?: Scope;
  /** Layers kept out of the rule: names of variables, or patterns such as "*bias". */
  readonly exclude?: readonly string[];
  /** The rule as another implementation has it: options of that name's, where none are given here. */
  readonly convention?: string;
  /** What excluded layers do; default: plain gradient steps. */
  readonly excludedUpdate?: OptimizerConfig["excludedUpdate"];
  /** How gradients are clipped before the rule sees them; default: not. */
  readonly clipGradient?: z.input<typeof gradientClipSchema>;
}

/** The options of a rule as an optimizer of TensorFlow.js: those it has in a config. */
export type TensorFlowOptions<Schema extends z.ZodObject = z.ZodObject> = Omit<z.input<Schema>, "name"> & CommonOptions;

const separator = "/state/";

/**
 * The name that a layer gave its variable, such as "dense_1/kernel": TensorFlow.js adds a number where another variable
 * is called so, and a model that is loaded beside the one it was saved from has "dense_1/kernel_1".
 */
const original = (name: string) => name.replace(/(\/.*)_\d+$/, "$1");

/** The names by which patterns know these variables; those that would fall together keep their numbers. */
function layerNames(variables: readonly string[]): string[] {
  const names = variables.map(original);
  return names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : variables[i]!));
}

/** In a model's file, strings lose their underscores unless they are called `name`. */
const patternsToSave = (patterns: readonly string[]) => patterns.map((name) => ({ name }));
const savedPatterns = (patterns: unknown) =>
  Array.isArray(patterns) ? patterns.map((pattern) => (pattern as { name?: string }).name ?? pattern) : patterns;

const memoryOf = (variables: readonly string[]) => variables.join("\n");

/**
 * An update rule as an optimizer of TensorFlow.js, for `model.compile` and `optimizer.minimize`. Each variable is a layer
 * of the rule. What the rule remembers is kept by the variables' names, so that neither their order nor their number
 * matters from call to call.
 */
export class TensorFlowOptimizer extends tf.Optimizer {
  private readonly algebra = tensorAlgebra();
  private readonly rules: Rules;
  private readonly config: OptimizerConfig;
  private readonly steps: number;
  private readonly states: States = new Map();
  private laid: Laid | undefined;
  /** State of a loaded model, until the variables it belongs to are seen. */
  private loaded: States = new Map();
  private counter: Tensor | undefined;

  /** @throws ExperimentError if an option is not one of the rule's */
  constructor(
    private readonly definition: OptimizerDefinition,
    { steps, ...options }: TensorFlowOptions,
  ) {
    super();
    this.rules = { optimizers: [definition], schedules };
    const given = { ...options, name: definition.name, exclude: savedPatterns(options.exclude) ?? [] };
    const parsed = optimizerSchema(this.rules).safeParse(given);
    if (!parsed.success) throw new ExperimentError(`${definition.name}: ${z.prettifyError(parsed.error)}`);
    this.config = parsed.data;
    if (steps === undefined && typeof this.config.learningRate !== "number") {
      throw new ExperimentError(`${definition.name}: a schedule needs the number of updates; give it as steps`);
    }
    this.steps = steps ?? Number.POSITIVE_INFINITY;
  }

  /** Δw of all variables, and w ← w + Δw. Variables without a gradient are left as they are. */
  applyGradients(gradients: tf.NamedTensorMap | NamedTensor[] | Record<string, Tensor>): void {
    const pairs: [string, Tensor | null][] = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor])
      : Object.entries(gradients);
    const given = pairs.filter((pair): pair is [string, Tensor] => pair[1] != null);
    const variables = given.map(([name]) => tf.engine().registeredVariables[name]!);
    const { optimizer } = this.over(variables);
    const { algebra, states } = this;
    const groups = optimizer.blocks.map(({ layers }) => memoryOf(layers.map((i) => variables[i]!.name)));
    const initial = optimizer.blocks.map((_, i) => states.get(groups[i]!));
    const next = algebra.scope(() => {
      const fresh = initial.includes(undefined) ? optimizer.initialState(algebra, variables) : [];
      const before = initial.map((state, i) => state ?? fresh[i]!);
      const output = optimizer.updates(
        algebra,
        this.iterations,
        variables,
        given.map(([, gradient]) => gradient),
        before,
      );
      variables.forEach((variable, i) => {
        variable.assign(algebra.add(variable, output.updates[i]!));
      });
      return output.state;
    });
    next.forEach((state, i) => {
      this.remember(groups[i]!, state);
    });
    this.incrementIterations();
  }

  override async getWeights(): Promise<NamedTensor[]> {
    this.counter?.dispose();
    const iterations = await this.saveIterations();
    this.counter = iterations.tensor;
    const remembered = [...this.states].flatMap(([variables, state]) =>
      Object.entries(state).map(([name, tensor]) => ({ name: `${variables}${separator}${name}`, tensor })),
    );
    return [iterations, ...remembered];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const remembered = await this.extractIterations(weights);
    this.forget();
    for (const { name, tensor } of remembered) {
      const [variables, part] = name.split(separator) as [string, string];
      this.loaded.set(variables, { ...this.loaded.get(variables), [part]: tf.keep(tf.clone(tensor)) });
    }
  }

  override dispose(): void {
    this.forget();
    this.counter?.dispose();
    this.counter = undefined;
  }

  getConfig(): tf.serialization.ConfigDict {
    const { name: _, exclude, ...options } = this.config as OptimizerConfig & Record<string, unknown>;
    return {
      ...options,
      exclude: patternsToSave(exclude),
      ...(Number.isFinite(this.steps) && { steps: this.steps }),
    } as unknown as tf.serialization.ConfigDict;
  }

  override getClassName(): string {
    return classNameOf(this.definition);
  }

  /** The rule over these variables; what is remembered of them is found again. */
  private over(variables: readonly tf.Variable[]): Laid {
    const names = variables.map(({ name }) => name);
    if (this.laid?.names.length !== names.length || !names.every((name, i) => name === this.laid!.names[i])) {
      const layers = layerNames(names).map((name, i) => ({ name, shape: variables[i]!.shape }));
      this.laid = { names, optimizer: createOptimizer(this.rules, this.config, layers, this.steps) };
      this.adoptLoaded();
    }
    return this.laid;
  }

  /** Gives what was loaded to the variables of the same name, or of the name that a copy of it has. */
  private adoptLoaded(): void {
    const { names, optimizer } = this.laid!;
    for (const { layers } of optimizer.blocks) {
      const own = layers.map((i) => names[i]!);
      const found = [...this.loaded].find(([saved]) => saved === memoryOf(own)) ?? this.loadedUnderOriginal(own);
      if (!found) continue;
      this.loaded.delete(found[0]);
      this.remember(memoryOf(own), found[1]);
    }
  }

  private loadedUnderOriginal(own: readonly string[]) {
    const canonical = (variables: string) => memoryOf(variables.split("\n").map(original));
    const candidates = [...this.loaded].filter(([saved]) => canonical(saved) === memoryOf(own.map(original)));
    return candidates.length === 1 ? candidates[0] : undefined;
  }

  private remember(variables: string, output: RuleState<Tensor, Scalar>): void {
    const state: RuleState<Tensor, Tensor> = Object.fromEntries(
      Object.entries(output).map(([name, value]) => [name, typeof value === "number" ? tf.scalar(value) : value]),
    );
    const earlier = this.states.get(variables) ?? {};
    const kept = new Set(Object.values(state));
    tf.dispose(Object.values(earlier).filter((tensor) => !kept.has(tensor)));
    for (const tensor of kept) tf.keep(tensor);
    this.states.set(variables, state);
  }

  private forget(): void {
    for (const states of [this.states, this.loaded]) {
      for (const state of states.values()) tf.dispose(Object.values(state));
      states.clear();
    }
    this.laid = undefined;
  }
}

/** Names of the optimizers of TensorFlow.js itself, by which saved models ask for them. */
const taken = new Set(["Adadelta", "Adagrad", "Adam", "Adamax", "Momentum", "RMSProp", "SGD"]);

/** "percent-delta" → "PercentDelta", and "adam" → "RunExperimentAdam" beside the Adam of TensorFlow.js. */
function classNameOf({ name }: OptimizerDefinition): string {
  const words = name.split("-").map((word) => word[0]!.toUpperCase() + word.slice(1));
  return taken.has(words.join("")) ? `RunExperiment${words.join("")}` : words.join("");
}

/**
 * A rule as a factory of TensorFlow.js optimizers, known to TensorFlow.js by the rule's name so that models compiled
 * with it can be saved and loaded.
 *
 *     model.compile({ optimizer: tensorFlowOptimizer(lars)({ learningRate: 0.02 }), loss: "meanSquaredError" });
 */
export function tensorFlowOptimizer<Schema extends z.ZodObject>(
  definition: TypedOptimizerDefinition<Schema>,
): (options: TensorFlowOptions<Schema>) => TensorFlowOptimizer {
  class Named extends TensorFlowOptimizer {
    static readonly className = classNameOf(definition);
    static override fromConfig<T extends tf.serialization.Serializable>(
      __: tf.serialization.SerializableConstructor<T>,
      config: tf.serialization.ConfigDict,
    ): T {
      // TensorFlow.js hands its table of classes over among the options.
      const { customObjects: _, ...options } = config as unknown as TensorFlowOptions;
      return new Named(options as TensorFlowOptions) as unknown as T;
    }
    constructor(options: TensorFlowOptions) {
      super(definition, options);
    }
  }
  tf.serialization.registerClass(Named as unknown as tf.serialization.SerializableConstructor<Named>);
  return (options) => new Named(options as TensorFlowOptions);
}
