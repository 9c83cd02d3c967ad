import { execFileSync } from "node:child_process";
import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { sha256Of } from "../../src/data/download.js";
import { formatIdx } from "../../src/data/idx.js";
import { fileStems } from "../../src/data/idx-dataset.js";
import { loadMnist, type MnistOptions, mnist } from "../../src/data/mnist.js";
import { deadAddress, serve, setEnvironment, temporaryDirectory } from "./support.js";

/** Small files that stand in for the originals: 20 + 10 images of 2 × 2 pixels. */
const standIns = [
  formatIdx({ dimensions: [20, 2, 2], values: Uint8Array.from({ length: 80 }, (_, i) => 3 * i) }),
  formatIdx({ dimensions: [20], values: Uint8Array.from({ length: 20 }, (_, i) => i % 10) }),
  formatIdx({ dimensions: [10, 2, 2], values: Uint8Array.from({ length: 40 }, (_, i) => 5 * i) }),
  formatIdx({ dimensions: [10], values: Uint8Array.from({ length: 10 }, (_, i) => i) }),
];
const packed = standIns.map((bytes) => gzipSync(bytes));
const published = standIns.map((bytes, i) => ({
  packed: { bytes: packed[i]!.length, sha256: sha256Of(packed[i]!) },
  unpacked: { bytes: bytes.length, sha256: sha256Of(bytes) },
}));

/** A mirror of the stand-ins; `requested` lists what was asked for. */
async function mirror(): Promise<{ url: string; requested: string[] }> {
  const requested: string[] = [];
  const url = await serve((request, response) => {
    requested.push(request.url!);
    const index = fileStems.findIndex((stem) => request.url === `/mnist/${stem}.gz`);
    response.writeHead(index < 0 ? 404 : 200).end(packed[index]);
  });
  return { url: `${url}mnist/`, requested };
}

/** An empty cache and no MNIST_DIR for this test; what is announced is collected. */
async function surroundings() {
  const root = await temporaryDirectory();
  setEnvironment("RUN_EXPERIMENT_CACHE", root);
  setEnvironment("MNIST_DIR", undefined);
  const announced: string[] = [];
  return { cache: join(root, "mnist"), announced, context: { announce: (line: string) => void announced.push(line) } };
}

const options = (rest: object): MnistOptions => mnist.schema.parse({ name: "mnist", mirrors: [], ...rest });

async function directoryOf(files: Record<string, Uint8Array>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  return directory;
}

const mend = "Replace it with the original file, or remove it to have it downloaded.";

describe("the mnist loader", () => {
  test("downloads once, from whichever mirror delivers, and then reads its cache", async () => {
    const { cache, context, announced } = await surroundings();
    const dead = await deadAddress();
    const { url, requested } = await mirror();
    const first = await loadMnist(options({ mirrors: [dead, url.slice(0, -1)] }), context, published);
    expect(first).toMatchObject({ name: "mnist", height: 2, width: 2, classes: 10, source: url });
    expect(first.checksum).toBe(sha256Of(Buffer.concat(standIns)));
    expect(requested).toEqual(fileStems.map((stem) => `/mnist/${stem}.gz`));
    expect(announced[0]).toBe(`Downloaded ${url}${fileStems[0]}.gz (0.0 MB, checksum verified)`);
    expect((await readdir(cache)).sort()).toEqual(fileStems.map((stem) => `${stem}.gz`).sort());
    const again = await loadMnist(options({ mirrors: [dead] }), context, published);
    expect(again).toEqual({ ...first, source: `directory ${cache}` });
  });

  test("may run twice at once", async () => {
    const { cache, context } = await surroundings();
    const { url } = await mirror();
    const loads = [1, 2, 3].map(() => loadMnist(options({ mirrors: [url] }), context, published));
    const [one, two, three] = await Promise.all(loads);
    expect([two!.checksum, three!.checksum]).toEqual([one!.checksum, one!.checksum]);
    expect(await readdir(cache)).toHaveLength(4);
  });

  test("replaces a damaged file of its cache", async () => {
    const { cache, context, announced } = await surroundings();
    const { url, requested } = await mirror();
    await loadMnist(options({ mirrors: [url] }), context, published);
    await writeFile(join(cache, `${fileStems[2]}.gz`), packed[2]!.subarray(0, 30));
    requested.length = 0;
    await loadMnist(options({ mirrors: [url] }), context, published);
    expect(requested).toEqual([`/mnist/${fileStems[2]}.gz`]);
    expect(announced.at(-2)).toMatch(/^A file in the cache is damaged and is downloaded again\. .*t10k-images/);
    expect(await readFile(join(cache, `${fileStems[2]}.gz`))).toEqual(packed[2]);
  });

  test("leaves nothing behind of a file that is not the original", async () => {
    const { cache, context } = await surroundings();
    const url = await serve((_, response) => void response.end(gzipSync(Buffer.from("something else"))));
    await expect(loadMnist(options({ mirrors: [url] }), context, published)).rejects.toThrow(ExperimentError);
    await expect(access(cache)).rejects.toThrow("ENOENT");
  });

  test("goes on without a cache that cannot be written", async () => {
    const { context, announced } = await surroundings();
    const { url } = await mirror();
    setEnvironment("RUN_EXPERIMENT_CACHE", join(await directoryOf({ file: Buffer.of(1) }), "file"));
    const dataset = await loadMnist(options({ mirrors: [url] }), context, published);
    expect(dataset.train.size).toBe(20);
    expect(announced.join("\n")).toMatch(/The cache cannot be written and is not used: .*ENOTDIR/);
  });

  test("reads a named directory, packed or plain, under either name, relative to the config file", async () => {
    const { context } = await surroundings();
    const directory = await directoryOf({
      [`${fileStems[0]}.gz`]: packed[0]!,
      "train-labels.idx1-ubyte": standIns[1]!,
      "t10k-images.idx3-ubyte.gz": packed[2]!,
      [fileStems[3]]: standIns[3]!,
    });
    // Some archives unpack a file into a directory of its name.
    await mkdir(join(directory, fileStems[1]));
    const limited = options({ directory: ".", limit: { train: 5, test: 2 } });
    const dataset = await loadMnist(limited, { ...context, directory }, published);
    expect(dataset).toMatchObject({ train: { size: 5 }, test: { size: 2 }, source: `directory ${directory}` });
    setEnvironment("MNIST_DIR", directory);
    expect((await loadMnist(options({}), context, published)).train.size).toBe(20);
  });

  test("says that files are missing from the named directory before it looks elsewhere", async () => {
    const { context, announced } = await surroundings();
    const { url } = await mirror();
    const directory = await directoryOf({ [fileStems[0]]: standIns[0]!, [fileStems[3]]: standIns[3]! });
    const dataset = await loadMnist(options({ directory, mirrors: [url] }), context, published);
    expect(announced[0]).toBe(
      `${directory} lacks ${fileStems[1]}, ${fileStems[2]}: looking in the cache and at the mirrors`,
    );
    expect(dataset.source).toBe(`directory ${directory}, ${url}`);
  });

  test("refuses a damaged or altered file in the named directory, fallback or not", async () => {
    const { context } = await surroundings();
    const { url } = await mirror();
    const load = (directory: string) =>
      loadMnist(options({ directory, mirrors: [url], whenUnavailable: "synthetic-digits" }), context, published);
    const truncated = await directoryOf({ [fileStems[0]]: standIns[0]!.subarray(0, 50) });
    await expect(load(truncated)).rejects.toThrow(
      new ExperimentError(
        `${join(truncated, fileStems[0])}: found 34 bytes after the header, which promises 20 × 2 × 2 = 80. ${mend}`,
      ),
    );
    const labels = Buffer.from(standIns[1]!);
    labels[10]! ^= 1;
    const altered = await directoryOf({ [fileStems[1]]: labels });
    await expect(load(altered)).rejects.toThrow(
      new ExperimentError(
        `${join(altered, fileStems[1])}: a well-formed IDX file, but not that of MNIST (its unpacked content has the SHA-256 ` +
          `${sha256Of(labels)}, the original ${published[1]!.unpacked.sha256}). ${mend}`,
      ),
    );
  });

  test("unpacks no further than the original's length, and waits for no pipe", async () => {
    const { context } = await surroundings();
    const load = (directory: string) => loadMnist(options({ directory }), context, published);
    const bomb = await directoryOf({ [`${fileStems[0]}.gz`]: gzipSync(Buffer.alloc(1_000_000)) });
    await expect(load(bomb)).rejects.toThrow(
      new ExperimentError(
        `${join(bomb, fileStems[0])}.gz: found gzip data of more than 96 bytes, expected no more. ${mend}`,
      ),
    );
    const long = await directoryOf({ [fileStems[0]]: Buffer.alloc(100_000) });
    await expect(load(long)).rejects.toThrow(
      new ExperimentError(`${join(long, fileStems[0])}: it has 100000 bytes, more than 65632. ${mend}`),
    );
    const piped = await directoryOf({});
    execFileSync("mkfifo", [join(piped, fileStems[0])]);
    await expect(load(piped)).rejects.toThrow("it is no ordinary file");
  });

  test("says why MNIST is unavailable and how to mend it", async () => {
    const { context } = await surroundings();
    for (const name of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY"]) setEnvironment(name, undefined);
    setEnvironment("http_proxy", "http://proxy.invalid/");
    const dead = await deadAddress();
    await expect(loadMnist(options({ mirrors: [dead] }), context, published)).rejects.toThrow(
      new ExperimentError(
        `MNIST is neither on this machine nor to be downloaded: ${new URL(dead).host}: ECONNREFUSED (http_proxy is set, but ` +
          "Node's fetch does not use it). Put the four files into a directory and name it in MNIST_DIR or data.directory, or set " +
          "data.whenUnavailable: synthetic-digits",
      ),
    );
  });

  test("falls back to synthetic digits only when told to, and says so", async () => {
    const { context, announced } = await surroundings();
    const wanted = options({ limit: { train: 30, test: 20 }, whenUnavailable: "synthetic-digits" });
    const dataset = await loadMnist(wanted, context, published);
    expect(dataset).toMatchObject({ name: "synthetic-digits", train: { size: 30 }, test: { size: 20 } });
    expect(announced).toHaveLength(1);
    expect(announced[0]).toMatch(/^MNIST is neither .*no mirror is configured.* Training on synthetic-digits instead/);
  });

  test("falls back to as many synthetic digits as it is told", async () => {
    const { context } = await surroundings();
    const wanted = options({ limit: { train: 9 }, whenUnavailable: { name: "synthetic-digits", train: 40, test: 30 } });
    const dataset = await loadMnist(wanted, context, published);
    expect(dataset).toMatchObject({ name: "synthetic-digits", train: { size: 40 }, test: { size: 30 } });
  });
});

test("the options are strict", () => {
  const rejected = [
    { directories: "x" },
    { limit: { train: 0 } },
    { mirrors: ["ftp://host/"] },
    { whenUnavailable: "" },
  ];
  for (const wrong of rejected) expect(mnist.schema.safeParse({ name: "mnist", ...wrong }).success).toBe(false);
  expect(mnist.schema.parse({ name: "mnist" })).toMatchObject({ timeoutSeconds: 5 });
});

const original = process.env.MNIST_DIR;
if (!original) console.log("MNIST_DIR is not set: the tests of the original MNIST files are skipped");

describe.skipIf(!original)("the original files", () => {
  test("are MNIST", async () => {
    const dataset = await mnist.load(options({ directory: original }), { announce: () => {} });
    expect(dataset).toMatchObject({
      name: "mnist",
      height: 28,
      width: 28,
      train: { size: 60000 },
      test: { size: 10000 },
    });
    // The first training labels, known from every introduction to MNIST
    expect([...dataset.train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    // Mean and standard deviation of the training pixels, as commonly used to normalise them: 0.1307, 0.3081
    const intensities = dataset.train.pixels;
    let [sum, squares] = [0, 0];
    for (const byte of intensities) [sum, squares] = [sum + byte, squares + byte * byte];
    const mean = sum / intensities.length / 255;
    expect(mean).toBeCloseTo(0.1307, 4);
    expect(Math.sqrt(squares / intensities.length / 255 ** 2 - mean ** 2)).toBeCloseTo(0.3081, 4);
  });

  test("are recognised when a single pixel differs", async () => {
    const name = fileStems[2];
    const bytes = gunzipSync(await readFile(join(original!, `${name}.gz`)));
    bytes[5000]! ^= 1;
    const directory = await directoryOf({ [name]: bytes });
    await expect(mnist.load(options({ directory }), { announce: () => {} })).rejects.toThrow(/not that of MNIST/);
  });
});
