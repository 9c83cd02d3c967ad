// Draws the pictures of docs/gallery.md: runs what is missing of each experiment that comes with the tool, below
// results/gallery, and writes one of its figures as a small SVG file. Names on the command line: these experiments alone.
// Usage: npm run build && node scripts/gallery.js [name…] [--results directory], the latter to look for runs first
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { builtIn } from "../dist/built-in/built-in.js";
import { readExperiment } from "../dist/report/experiment-results.js";
import { makeFigures } from "../dist/report/report.js";
import { renderSvg } from "../dist/report/svg.js";
import { compactSvg } from "./gallery/compact.js";
import { exhibitsOf, galleryPage, pictureOf } from "./gallery/page.js";

/** @typedef {import("./gallery/page.js").Exhibit} Exhibit */
/** @typedef {import("./gallery/page.js").Gallery} Gallery */

const root = fileURLToPath(new URL("..", import.meta.url));
const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: { results: { type: "string", default: join(root, "results/gallery") } },
});

/** @type {Gallery} */
const gallery = parse(readFileSync(join(root, "scripts/gallery/gallery.yaml"), "utf8"));

/** Makes the runs of these configs. @param {readonly string[]} paths @param {readonly string[]} [set] */
function run(paths, set = []) {
  if (paths.length === 0) return;
  const options = ["--out", values.results, "--quiet", ...set.flatMap((assignment) => ["--set", assignment])];
  const { status } = spawnSync(process.execPath, [join(root, "bin/run-experiment.js"), ...paths, ...options], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`not all runs of ${paths.join(", ")} could be made`);
}

/** @param {Exhibit} exhibit */
async function draw(exhibit) {
  const figures = makeFigures(readExperiment(join(values.results, exhibit.name), builtIn.bounds), builtIn);
  const wanted = exhibit.choice.figure ? [exhibit.choice.figure] : gallery.figures;
  const figure = wanted.flatMap((id) => figures.filter((one) => one.id === id))[0];
  if (!figure) {
    const there = figures.map(({ id }) => id).join(", ");
    throw new Error(`${exhibit.config}: there is no figure ${wanted.join(" or ")}; there are ${there}`);
  }
  const picture = compactSvg(await renderSvg(figure), `${exhibit.name}: ${figure.title}`);
  writeFileSync(join(root, pictureOf(exhibit)), picture);
  console.log(`${pictureOf(exhibit)}: ${figure.id}, ${(picture.length / 1000).toFixed(1)} kB`);
}

const exhibits = exhibitsOf(gallery);
const shown = exhibits.filter(({ choice }) => !choice.omit);
const pictures = join(root, "docs/pictures/gallery");
mkdirSync(pictures, { recursive: true });
const wanted = shown.filter(({ name }) => names.length === 0 || names.includes(name));
run(wanted.filter(({ choice }) => !choice.set).map(({ path }) => path));
for (const { path, choice } of wanted) if (choice.set) run([path], choice.set);
for (const exhibit of wanted) await draw(exhibit);
const kept = new Set(shown.map((exhibit) => join(root, pictureOf(exhibit))));
for (const file of readdirSync(pictures).map((name) => join(pictures, name))) if (!kept.has(file)) rmSync(file);
const missing = shown.filter((exhibit) => !existsSync(join(root, pictureOf(exhibit))));
if (missing.length > 0) console.log(`not drawn yet: ${missing.map(({ name }) => name).join(", ")}`);
writeFileSync(join(root, "docs/gallery.md"), galleryPage(gallery));
