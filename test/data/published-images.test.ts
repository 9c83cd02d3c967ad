import { mkdirSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { cifar10, loadCifar10 } from "../../src/data/cifar10.js";
import { sha256Of } from "../../src/data/download.js";
import { fashionMnist, loadFashionMnist } from "../../src/data/fashion-mnist.js";
import { formatIdx } from "../../src/data/idx.js";
import { fileStems } from "../../src/data/idx-dataset.js";
import { serve, setEnvironment, temporaryDirectory } from "./support.js";

/** An empty cache; what is announced is collected. */
async function surroundings(variable: string) {
  setEnvironment("RUN_EXPERIMENT_CACHE", await temporaryDirectory());
  setEnvironment(variable, undefined);
  const announced: string[] = [];
  return { announced, context: { announce: (line: string) => void announced.push(line) } };
}

async function directoryOf(files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  return directory;
}

const mend = "Replace it with the original, or remove it to have it downloaded.";

describe("CIFAR-10", () => {
  /** Two records a file; record i of file f has the label f and the bytes 10f + i + (0 red, 50 green, 100 blue). */
  const file = (f: number) =>
    Buffer.concat(
      [0, 1].map((i) => Buffer.concat([Buffer.of(f), ...[0, 50, 100].map((c) => Buffer.alloc(1024, 10 * f + i + c))])),
    );
  const names = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`), "test_batch.bin"];

  /** A tar archive of these files in a folder, with a note beside them. */
  function tar(files: Readonly<Record<string, Uint8Array>>): Buffer {
    const entry = (name: string, content: Uint8Array, type: string) => {
      const header = Buffer.alloc(512);
      header.write(name, 0);
      header.write(content.length.toString(8).padStart(11, "0"), 124);
      header.write(type, 156);
      return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
    };
    const entries = Object.entries(files).map(([name, content]) => entry(`cifar-10-batches-bin/${name}`, content, "0"));
    return Buffer.concat([entry("cifar-10-batches-bin/", new Uint8Array(), "5"), ...entries, Buffer.alloc(1024)]);
  }

  const binaries = Object.fromEntries(names.map((name, i) => [name, file(i + 1)]));
  const archive = gzipSync(tar({ ...binaries, "readme.html": Buffer.from("a note") }));
  const published = { bytes: archive.length, sha256: sha256Of(archive), examplesPerFile: 2 };
  const options = (rest: object) => cifar10.schema.parse({ name: "cifar10", mirrors: [], ...rest });
  const archiveName = "cifar-10-binary.tar.gz";

  test("is downloaded once, and read from the cache then", async () => {
    const { context, announced } = await surroundings("CIFAR10_DIR");
    const requested: string[] = [];
    const url = await serve((request, response) => {
      requested.push(request.url!);
      response.end(archive);
    });
    const first = await loadCifar10(options({ mirrors: [url] }), context, published);
    expect(first).toMatchObject({ name: "cifar10", height: 32, width: 32, channels: 3, classes: 10, source: url });
    expect([...first.train.labels]).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect([...first.test!.labels]).toEqual([6, 6]);
    // Red, green and blue of a pixel lie side by side: example 3 is the second record of the second file.
    expect([...first.train.pixels.subarray(3 * 3072, 3 * 3072 + 6)]).toEqual([21, 71, 121, 21, 71, 121]);
    expect(first.checksum).toBe(sha256Of(Buffer.concat(Object.values(binaries))));
    expect(announced).toEqual([`Downloaded ${url}${archiveName} (0.0 MB, checksum verified)`]);
    const again = await loadCifar10(options({ limit: { train: 3, test: 1 } }), context, published);
    expect([again.train.size, again.test!.size, again.checksum]).toEqual([3, 1, first.checksum]);
    expect(requested).toEqual([`/${archiveName}`]);
  });

  test("is found in a directory: the archive, or the files in it, in a folder or not", async () => {
    const { context, announced } = await surroundings("CIFAR10_DIR");
    const packed = await directoryOf({ [archiveName]: archive });
    const wanted = await loadCifar10(options({ directory: packed }), context, published);
    expect([wanted.source, announced]).toEqual([`directory ${packed}`, []]);
    const plain = await directoryOf(binaries);
    setEnvironment("CIFAR10_DIR", plain);
    expect((await loadCifar10(options({}), context, published)).checksum).toBe(wanted.checksum);
    const folder = await temporaryDirectory();
    mkdirSync(join(folder, "cifar-10-batches-bin"));
    for (const [name, bytes] of Object.entries(binaries))
      await writeFile(join(folder, "cifar-10-batches-bin", name), bytes);
    expect((await loadCifar10(options({ directory: folder }), context, published)).checksum).toBe(wanted.checksum);
    expect(announced[0]).toBe(
      `${plain}: no checksums of CIFAR-10's unpacked files are published; that of these is recorded`,
    );
  });

  test("that is damaged is refused, fallback or not", async () => {
    const { context } = await surroundings("CIFAR10_DIR");
    const load = (directory: string) =>
      loadCifar10(options({ directory, whenUnavailable: "synthetic-shapes" }), context, published);
    const cut = await directoryOf({ [archiveName]: archive.subarray(0, 100) });
    await expect(load(cut)).rejects.toThrow(
      new ExperimentError(
        `${join(cut, archiveName)}: found the SHA-256 ${sha256Of(archive.subarray(0, 100))}, the original has ${published.sha256}. ${mend}`,
      ),
    );
    const short = await directoryOf({ ...binaries, "test_batch.bin": file(6).subarray(1) });
    await expect(load(short)).rejects.toThrow(
      new ExperimentError(`${join(short, "test_batch.bin")}: found 6145 bytes, expected 6146. ${mend}`),
    );
    const wrong = await directoryOf({ ...binaries, "data_batch_2.bin": file(12) });
    await expect(load(wrong)).rejects.toThrow(
      new ExperimentError(`${join(wrong, "data_batch_2.bin")}: found the label 12, expected 0 … 9. ${mend}`),
    );
  });

  test("gives way to generated shapes in colour where a config says so, and says it", async () => {
    const { context, announced } = await surroundings("CIFAR10_DIR");
    const dataset = await loadCifar10(
      options({ limit: { train: 30, test: 20 }, whenUnavailable: "synthetic-shapes" }),
      context,
      published,
    );
    expect(dataset).toMatchObject({
      name: "synthetic-shapes",
      height: 32,
      channels: 3,
      classes: 10,
      train: { size: 30 },
    });
    expect(announced[0]).toMatch(
      /^CIFAR-10 is neither .*no mirror is configured.* Training on synthetic-shapes instead/,
    );
    await expect(loadCifar10(options({}), context, published)).rejects.toThrow(
      `Put ${archiveName} (or the six .bin files in it) into a directory and name it in CIFAR10_DIR or data.directory`,
    );
  });
});

describe("Fashion-MNIST", () => {
  const plain = [
    formatIdx({ dimensions: [20, 2, 2], values: Uint8Array.from({ length: 80 }, (_, i) => 3 * i) }),
    formatIdx({ dimensions: [20], values: Uint8Array.from({ length: 20 }, (_, i) => i % 10) }),
    formatIdx({ dimensions: [10, 2, 2], values: Uint8Array.from({ length: 40 }, (_, i) => 5 * i) }),
    formatIdx({ dimensions: [10], values: Uint8Array.from({ length: 10 }, (_, i) => i) }),
  ];
  const packed = plain.map((bytes) => gzipSync(bytes));
  const published = plain.map((bytes, i) => ({
    packed: { bytes: packed[i]!.length, sha256: sha256Of(packed[i]!) },
    unpacked: { bytes: bytes.length },
  }));
  const options = (rest: object) => fashionMnist.schema.parse({ name: "fashion-mnist", mirrors: [], ...rest });
  const files = (contents: readonly Uint8Array[], suffix: string) =>
    Object.fromEntries(contents.map((bytes, i) => [`${fileStems[i]}${suffix}`, bytes]));

  test("is downloaded, and recognised by the checksums of its packed files", async () => {
    const { context, announced } = await surroundings("FASHION_MNIST_DIR");
    const url = await serve((request, response) => {
      response.end(packed[fileStems.findIndex((stem) => request.url === `/${stem}.gz`)]);
    });
    const first = await loadFashionMnist(options({ mirrors: [url] }), context, published);
    expect(first).toMatchObject({ name: "fashion-mnist", height: 2, channels: 1, classes: 10, source: url });
    expect(announced).toHaveLength(4);
    const again = await loadFashionMnist(options({}), context, published);
    expect([again.checksum, announced.length]).toEqual([first.checksum, 4]);
    const altered = await directoryOf(files([gzipSync(plain[0]!, { level: 1 })], ".gz"));
    await expect(loadFashionMnist(options({ directory: altered }), context, published)).rejects.toThrow(
      /a well-formed IDX file, but not that of Fashion-MNIST \(it has the SHA-256 /,
    );
  });

  test("unpacked has no published checksum: it is taken if its length is right, and that is said", async () => {
    const { context, announced } = await surroundings("FASHION_MNIST_DIR");
    const directory = await directoryOf(files(plain, ""));
    setEnvironment("FASHION_MNIST_DIR", directory);
    const dataset = await loadFashionMnist(options({}), context, published);
    expect(dataset.checksum).toBe(sha256Of(Buffer.concat(plain)));
    expect(announced[0]).toBe(
      `${join(directory, fileStems[0])}: no checksum of the unpacked file is published; that of this one is recorded`,
    );
    await writeFile(join(directory, fileStems[1]), formatIdx({ dimensions: [1], values: Uint8Array.of(1) }));
    await expect(loadFashionMnist(options({}), context, published)).rejects.toThrow(/the original 28 bytes\)/);
    expect(await readdir(directory)).toHaveLength(4);
  });
});
