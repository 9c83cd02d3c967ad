// Makes the pictures of docs/theory.md anew, each from runs of a config that comes with the tool: `npm run pictures`, or
// `npm run pictures -- t4d` for those whose names begin so. Takes half a minute.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtIn } from "../dist/built-in/built-in.js";
import { readExperiment } from "../dist/report/experiment-results.js";
import { Traces } from "../dist/results/traces.js";
import { drawn } from "./pictures/draw.js";
import { theoryPictures } from "./pictures/theory.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const tool = join(root, "bin/run-experiment.js");
const target = join(root, "docs/pictures/theory");

/**
 * Runs a picture's config in a directory, and reads what came out.
 *
 * @param {import("./pictures/theory.js").Picture} picture
 * @param {string} directory
 */
function resultsOf({ config, set = [], sweep = [], seeds = [0] }, directory) {
  const values = [...set, "expect=[]"].flatMap((one) => ["--set", one]);
  const axes = sweep.flatMap((one) => ["--sweep", one]);
  const randomness = seeds.flatMap((seed) => ["--seed", String(seed)]);
  execFileSync(process.execPath, [tool, config, ...values, ...axes, ...randomness, "--quiet", "--out", directory]);
  const experiment = join(directory, String(config.split("/").at(-1)));
  return { manifests: readExperiment(experiment, builtIn.bounds).manifests, traces: new Traces(experiment) };
}

const wanted = process.argv.slice(2);
const pictures = theoryPictures.filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)),
);
mkdirSync(target, { recursive: true });
for (const picture of pictures) {
  const directory = mkdtempSync(join(tmpdir(), "run-experiment-pictures-"));
  try {
    const svg = await drawn(picture, resultsOf(picture, directory));
    writeFileSync(join(target, `${picture.name}.svg`), svg);
    console.log(`docs/pictures/theory/${picture.name}.svg, ${Math.round(svg.length / 1000)} kB`);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
