import { copyFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { ImageSet } from "../../src/data/dataset.js";
import { sha256Of } from "../../src/data/download.js";
import { syntheticDigits } from "../../src/data/synthetic-digits.js";
import { setEnvironment, temporaryDirectory } from "./support.js";

async function emptyCache(): Promise<string> {
  const root = await temporaryDirectory();
  setEnvironment("RUN_EXPERIMENT_CACHE", root);
  return join(root, "synthetic-digits");
}

function load(options: object, announced: string[] = []) {
  const parsed = syntheticDigits.schema.parse({ name: "synthetic-digits", train: 200, test: 50, ...options });
  return syntheticDigits.load(parsed, { announce: (line) => void announced.push(line) });
}

/** Share of the test images whose nearest training image (Euclidean) shows the same digit. */
function nearestNeighbourAccuracy(train: ImageSet, test: ImageSet): number {
  const pixels = train.pixels.length / train.size;
  let correct = 0;
  for (let i = 0; i < test.size; i++) {
    let [best, nearest] = [Number.POSITIVE_INFINITY, 0];
    for (let j = 0; j < train.size; j++) {
      let distance = 0;
      for (let k = 0; k < pixels && distance < best; k++) {
        distance += (test.pixels[i * pixels + k]! - train.pixels[j * pixels + k]!) ** 2;
      }
      if (distance < best) [best, nearest] = [distance, j];
    }
    if (train.labels[nearest] === test.labels[i]) correct += 1;
  }
  return correct / test.size;
}

const contentOf = ({ pixels, labels }: ImageSet) => [sha256Of(pixels as Uint8Array), [...labels]];

const bytes = (set: ImageSet | undefined) => set!.pixels as Uint8Array;

describe("synthetic digits", () => {
  test("are the same bytes on every machine", async () => {
    await emptyCache();
    // If this changes, the generator gives other images: raise its version.
    expect((await load({})).checksum).toBe("b940c411da975516131a981779900f38669697394294673526cb58812841d02b");
  });

  test("are balanced, and train and test come from streams of their own", async () => {
    await emptyCache();
    const dataset = await load({ train: 205, test: 205 });
    expect(dataset).toMatchObject({ name: "synthetic-digits", height: 28, width: 28, classes: 10 });
    const counts = new Array<number>(10).fill(0);
    for (const label of dataset.train.labels) counts[label]! += 1;
    // 205 = 10 · 20 + 5
    expect(counts).toEqual([21, 21, 21, 21, 21, 20, 20, 20, 20, 20]);
    expect(dataset.train.labels).not.toEqual(dataset.test!.labels);
    const larger = await load({ train: 300, test: 205 });
    expect(Buffer.compare(bytes(larger.test), bytes(dataset.test))).toBe(0);
    expect(Buffer.compare(bytes(dataset.train), bytes(dataset.test))).not.toBe(0);
  });

  test("depend on the seed", async () => {
    await emptyCache();
    const checksums = await Promise.all([0, 1, -1].map(async (seed) => (await load({ seed })).checksum));
    expect(new Set(checksums).size).toBe(3);
  });

  test("come from the cache as they were generated, and are generated again where it is damaged", async () => {
    const cache = await emptyCache();
    const generated = await load({});
    const other = await load({ seed: 1 });
    const [zero, one] = (await readdir(cache)).sort();
    expect([zero, one]).toEqual(["v1-seed0-200-50", "v1-seed1-200-50"]);
    expect(await readdir(join(cache, zero!))).toHaveLength(4);
    const { train, test, ...facts } = await load({});
    expect({ ...facts, train: contentOf(train), test: contentOf(test!) }).toEqual({
      ...generated,
      train: contentOf(generated.train),
      test: contentOf(generated.test!),
    });
    const labels = "train-labels-idx1-ubyte.gz";
    // Labels of another seed show that the cache is what is read.
    await copyFile(join(cache, one!, labels), join(cache, zero!, labels));
    expect([...(await load({})).train.labels]).toEqual([...other.train.labels]);
    const announced: string[] = [];
    await writeFile(join(cache, zero!, labels), "damaged");
    expect((await load({}, announced)).checksum).toBe(generated.checksum);
    expect(announced).toHaveLength(1);
    expect(announced[0]).toMatch(/^A cached file is damaged and is generated again: .*train-labels/);
    expect((await load({}, announced)).checksum).toBe(generated.checksum);
    expect(announced).toHaveLength(1);
  });

  test("need no cache", async () => {
    const file = join(await temporaryDirectory(), "file");
    await writeFile(file, "");
    setEnvironment("RUN_EXPERIMENT_CACHE", file);
    const announced: string[] = [];
    expect((await load({}, announced)).train.size).toBe(200);
    expect(announced).toHaveLength(1);
    expect(announced[0]).toMatch(/^The cache cannot be written and is not used: .*ENOTDIR/);
  });

  test("can be told apart, but not by looking at a few examples", async () => {
    await emptyCache();
    const { train, test } = await load({ train: 2000, test: 300 });
    const accuracy = nearestNeighbourAccuracy(train, test!);
    expect(accuracy).toBeGreaterThan(0.85);
    expect(accuracy).toBeLessThan(0.99);
    const few = { size: 50, pixels: train.pixels.subarray(0, 50 * 784), labels: train.labels.subarray(0, 50) };
    expect(nearestNeighbourAccuracy(few, test!)).toBeLessThan(0.8);
  });
});
