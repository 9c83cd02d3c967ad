import { type StartedBackend, startBackend } from "../compute/backends.js";
import { canonicalJson } from "../config/identity.js";
import type { Named } from "../config/schema.js";
import type { ImageDataset } from "../data/dataset.js";
import { loadDataset } from "../data/preparation.js";
import type { Problem } from "../problems/problem.js";
import { readStoredWeights, type StoredWeights } from "../problems/stored-weights.js";
import type { Registry } from "../registry/registry.js";

/** Problems kept for the next run: neighbours in a sweep mostly share theirs. */
const keptProblems = 8;

/** What of a planned run tells its data set. */
export interface DatasetUse {
  readonly run: { readonly config: { readonly data?: Named | undefined }; readonly directory: string };
  readonly plugins: Registry["plugins"];
}

const datasetKey = (data: Named, directory: string, plugins: Registry["plugins"]) =>
  canonicalJson([data, directory, plugins]);

/** What runs share: data sets and backends, each had once, and the problems used last. */
export class Resources {
  private readonly problems = new Map<string, Promise<Problem>>();
  private readonly loaded = new Map<string, Promise<ImageDataset>>();
  private readonly stored = new Map<string, Promise<StoredWeights>>();
  private readonly started = new Map<string, Promise<StartedBackend>>();

  /**
   * @param announce prints one line for the user
   * @param signal ends what takes long to load
   */
  constructor(
    private readonly announce: (line: string) => void,
    private readonly signal?: AbortSignal,
  ) {}

  /** @param directory where relative paths of the config start */
  dataset({ datasets, plugins }: Registry, data: Named, directory: string): Promise<ImageDataset> {
    return this.once(this.loaded, datasetKey(data, directory, plugins), () => {
      const definition = datasets.find(({ name }) => name === data.name)!;
      return loadDataset(definition, data, { announce: this.announce, directory, signal: this.signal });
    });
  }

  /** The data set of a planned run, if it has one; it was loaded to plan it. */
  async plannedDataset({ run, plugins }: DatasetUse): Promise<ImageDataset | undefined> {
    const { config, directory } = run;
    return config.data && this.loaded.get(datasetKey(config.data, directory, plugins));
  }

  /** Uses, for this run and those that share it, a data set that another thread has loaded. */
  adoptDataset({ run, plugins }: DatasetUse, dataset: ImageDataset): void {
    const { config, directory } = run;
    if (config.data) this.loaded.set(datasetKey(config.data, directory, plugins), Promise.resolve(dataset));
  }

  /**
   * @param facts everything the problem is made from
   * @param create makes it, if it is not at hand
   */
  problem(facts: readonly unknown[], create: () => Promise<Problem>): Promise<Problem> {
    const key = canonicalJson(facts);
    const problem = this.problems.get(key) ?? create();
    this.problems.delete(key);
    this.problems.set(key, problem);
    if (this.problems.size > keptProblems) this.problems.delete(this.problems.keys().next().value!);
    return problem;
  }

  /** The weights in a file. */
  storedWeights(path: string): Promise<StoredWeights> {
    return this.once(this.stored, path, async () => readStoredWeights(path));
  }

  /** A running backend of this name ("auto": the first that is available), the active one from now on. */
  async backend(choice: string): Promise<StartedBackend> {
    const started = await this.once(this.started, choice, async () => {
      const backend = await startBackend(choice);
      const others = backend.notChosen.map(({ name, reason }) => `${name}: ${reason}`).join("; ");
      this.announce(`backend ${backend.name} (${backend.device})${others && ` — not chosen: ${others}`}`);
      // A run asks for the one that "auto" came to by its name.
      this.started.set(backend.name, Promise.resolve(backend));
      return backend;
    });
    await started.activate();
    return started;
  }

  private once<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
    const known = cache.get(key);
    if (known) return known;
    const made = make();
    cache.set(key, made);
    return made;
  }
}
