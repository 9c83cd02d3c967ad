/**
 * Joins what tsc has built into few files: Node spends more time on finding and linking two hundred modules than on most
 * commands. All of them lie in one folder as deep below the package as the modules do, so that what is looked up beside
 * them is found from either. Dependencies stay what npm installs.
 *
 *     npm run build:bundle
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** @type {{ dependencies: object, peerDependencies: object }} */
const { dependencies, peerDependencies } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
);
const packages = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];

const built = (/** @type {string} */ path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));

const bundle = await rolldown({
  input: {
    main: built("cli/main.js"),
    index: built("index.js"),
    plugin: built("plugin.js"),
    testing: built("testing/index.js"),
    // Started or registered by their place.
    worker: built("execution/worker.js"),
    "product-helper": built("compute/product-helper.js"),
    check: built("native/check.js"),
    "module-sharing": built("registry/module-sharing.js"),
  },
  platform: "node",
  external: (name) => packages.some((one) => name === one || name.startsWith(`${one}/`)),
});
await bundle.write({ dir: built("bundle"), format: "esm", chunkFileNames: "[name].js" });
await bundle.close();
