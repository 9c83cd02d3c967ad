import module from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Resolve = (
  specifier: string,
  context: { parentURL?: string | undefined },
  next: (specifier: string, context?: object) => unknown,
) => unknown;

/** Hooks that Node runs in this thread, from 22.15 on. */
const { registerHooks } = module as unknown as { registerHooks?: (hooks: { resolve: Resolve }) => void };

/** Begins what stands for a package seen from a directory. */
const fromDirectory = "run-experiment-from:";

/**
 * What plugins share with the tool, wherever they lie: there must be one TensorFlow.js in a process, and one set of
 * definitions. A plugin need not be in a directory with node_modules for that.
 */
const shared = /^(run-experiment|@tensorflow\/tfjs-(core|layers))(\/|$)/;

/** Node's hook for the resolution of modules; for Nodes without `registerHooks` it runs in a thread of its own. */
export const resolve: Resolve = (specifier, context, next) => {
  if (specifier.startsWith(fromDirectory)) {
    const { directory, name } = JSON.parse(decodeURIComponent(specifier.slice(fromDirectory.length))) as {
      directory: string;
      name: string;
    };
    return next(name, { ...context, parentURL: pathToFileURL(join(directory, "plugin.js")).href });
  }
  return shared.test(specifier)
    ? next(specifier, { ...context, parentURL: import.meta.url })
    : next(specifier, context);
};

let isShared = false;

/** From now on plugins import the tool's own copies of what they share with it. */
export function shareModules(): void {
  if (isShared) return;
  isShared = true;
  if (registerHooks) registerHooks({ resolve });
  else module.register(new URL("./module-sharing.js", import.meta.url));
}

/** The URL of a package's entry, looked for as a module in that directory would. */
export function resolvedFrom(directory: string, name: string): string {
  shareModules();
  return import.meta.resolve(`${fromDirectory}${encodeURIComponent(JSON.stringify({ directory, name }))}`);
}
