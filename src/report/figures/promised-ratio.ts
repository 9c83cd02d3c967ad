import type { Group } from "../../comparison/groups.js";
import type { GroupCurve } from "../curves.js";
import type { FigureSource } from "../figure.js";

/** What a rule promises of the norm ratio. */
export interface PromisedRatio {
  /** The promise over the steps, from λ_k over the steps. */
  of(rate: GroupCurve): GroupCurve & { readonly kind: string };
}

/**
 * What the rule of a group promises of ‖Δw‖_p/‖w‖_p of a layer: nothing where the layer is kept out of the rule, or seen
 * by it as a part of a larger block alone.
 */
export function promisedRatio({ optimizers }: FigureSource, { runs }: Group, layer: string): PromisedRatio | undefined {
  const { config, layers = [] } = runs[0]!;
  const included = layers.filter(({ excluded }) => !excluded);
  const isAlone = config.optimizer.scope !== "global" || included.length === 1;
  if (!isAlone || !included.some(({ name }) => name === layer)) return undefined;
  const promise = optimizers.find(({ name }) => name === config.optimizer.name)?.create(config.optimizer)
    .promises.proportion;
  if (!promise) return undefined;
  const { coefficient, is } = promise;
  const kind = `${is === "exactly" ? "promised" : "promised at most"} ${coefficient === 1 ? "λ_k" : `${coefficient}·λ_k`}`;
  return {
    of: ({ points, seeds }) => ({
      seeds,
      kind,
      points: points.map(({ step, value }) => ({ step, value: coefficient * value })),
    }),
  };
}
