/**
 * Joins what tsc has built, and the packages that it needs, into few files: Node spends more time on finding and linking
 * four hundred modules than on most commands. All of them lie in one folder as deep below the package as the modules do, so
 * that what is looked up beside them is found from either.
 *
 *     npm run build:bundle
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** @type {{ peerDependencies: object }} */
const { peerDependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Packages that look for files of their own beside them, or that a user may install. */
const apart = ["piscina", "vega", "vega-embed", "vega-lite", ...Object.keys(peerDependencies)];

/** Packages that a process must have once, whoever loads them. */
const shared = ["core", "layers", "backend-cpu", "backend-wasm"].map((name) => `@tensorflow/tfjs-${name}`);

const built = (/** @type {string} */ path) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Has CommonJS packages that stay outside loaded by `require`, by the names that they export now: `import` reads such a
 * package three times, to find out what it is, what it exports, and to run it.
 *
 * @type {import("rolldown").Plugin}
 */
const byRequire = {
  name: "by-require",
  resolveId: (name) => (shared.includes(name) ? { id: `\0${name}`, moduleSideEffects: true } : undefined),
  load(id) {
    const name = id.slice(1);
    if (!(id.startsWith("\0") && shared.includes(name))) return undefined;
    const exported = Object.keys(require(name)).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
    return [
      'import { createRequire } from "node:module";',
      `const all = createRequire(import.meta.url)(${JSON.stringify(name)});`,
      ...exported.map((key) => `const ${key}$ = all.${key};\nexport { ${key}$ as ${key} };`),
    ].join("\n");
  },
};

/** @type {import("rolldown").InputOptions} */
const input = {
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
  external: (name) => apart.some((one) => name === one || name.startsWith(`${one}/`)),
  plugins: [byRequire],
  treeshake: { propertyReadSideEffects: false },
};

/**
 * The modules that are loaded with one of them, itself included, from chunks that are split in every place where some
 * command needs the one half alone.
 *
 * @param {readonly import("rolldown").OutputChunk[]} chunks
 * @param {string} path of the module below dist
 */
function loadedWith(chunks, path) {
  const found = new Set(chunks.filter(({ moduleIds }) => moduleIds.includes(built(path))));
  for (const { imports } of found) for (const chunk of chunks) if (imports.includes(chunk.fileName)) found.add(chunk);
  return new Set([...found].flatMap(({ moduleIds }) => moduleIds));
}

/** @type {import("rolldown").OutputOptions} */
const files = { dir: built("bundle"), format: "esm", chunkFileNames: "[name].js" };
const bundle = await rolldown(input);
const split = (await bundle.generate(files)).output.filter((one) => one.type === "chunk");
// What `--help` loads is one file, and what `run` loads besides, of which most commands need most, another.
const groups = Object.entries({ help: "cli/main.js", run: "cli/commands/run.js" }).map(([name, path]) => {
  const modules = loadedWith(split, path);
  return { name, test: (/** @type {string} */ id) => modules.has(id) };
});
const { output } = await bundle.write({ ...files, codeSplitting: { groups } });
await bundle.close();

/** The directories of the packages that were joined. */
const joined = new Set(
  output.flatMap((one) =>
    one.type === "chunk"
      ? one.moduleIds.flatMap((id) => /^.*[\\/]node_modules[\\/](@[^\\/]+[\\/])?[^\\/]+/.exec(id)?.[0] ?? [])
      : [],
  ),
);

/** What each of them asks to be passed on with it. */
const licenses = [...joined].sort().map((directory) => {
  const { name, version } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  return [`${name} ${version}`, ...files.map((file) => readFileSync(join(directory, file), "utf8").trim())].join(
    "\n\n",
  );
});
writeFileSync(built("bundle/LICENSES.txt"), `${licenses.join(`\n\n${"-".repeat(80)}\n\n`)}\n`);
