import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { formatNpy } from "../../src/base/npy.js";
import type { ImageDataset } from "../../src/data/dataset.js";
import { sha256Of } from "../../src/data/download.js";
import { formatIdx } from "../../src/data/idx.js";
import { loadDataset, withPreparation } from "../../src/data/preparation.js";
import { datasets } from "../../src/data/registry.js";
import { temporaryDirectory } from "./support.js";

type Files = Readonly<Record<string, string | Uint8Array>>;

/** The data set that a config beside these files would name. */
async function load(files: Files, data: { name: string; [option: string]: unknown }): Promise<ImageDataset> {
  const directory = await temporaryDirectory();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  mkdirSync(join(directory, "folder"));
  const definition = datasets.find(({ name }) => name === data.name)!;
  const options = withPreparation(definition).parse(data) as Record<string, unknown>;
  try {
    return await loadDataset(definition, options, { announce: () => {}, directory });
  } catch (error) {
    // The directory's name is another one every time.
    if (error instanceof ExperimentError) throw new ExperimentError(error.message.replaceAll(`${directory}/`, ""));
    throw error;
  }
}

const numbers = (array: ArrayLike<number> | undefined) => Array.from(array ?? []);

const npz = (arrays: Readonly<Record<string, readonly [shape: number[], values: number[]]>>) =>
  zipSync(
    Object.fromEntries(
      Object.entries(arrays).map(([name, [shape, values]]) => [
        `${name}.npy`,
        formatNpy(Float64Array.from(values), shape),
      ]),
    ),
  );

describe("a CSV file", () => {
  const flowers = "width,length,species\n1,2,rose\n3,4,lily\n5,6,rose\n";

  test("of classes: features are the channels of one pixel, classes are numbered in the order of their names", async () => {
    const dataset = await load({ "a.csv": flowers }, { name: "csv", file: "a.csv", target: "species" });
    expect(dataset).toMatchObject({ name: "csv", height: 1, width: 1, channels: 2, classes: 2 });
    expect(numbers(dataset.train.pixels)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(dataset.train.labels)).toEqual([1, 0, 1]);
    expect(dataset.test).toBeUndefined();
    expect(dataset.source).toMatch(new RegExp(`a\\.csv, SHA-256 ${sha256Of(Buffer.from(flowers))}$`));
  });

  test("of numbers to predict, from the columns that are named, with a test file of its own", async () => {
    const files = { "a.csv": "y;x;z\n0.5;1;2\n-1;3;4\n", "b.csv": "z;y;x\n6;2;5\n" };
    const options = { name: "csv", file: "a.csv", target: "y", delimiter: ";", task: "regression", test: "b.csv" };
    const all = await load(files, options);
    expect([all.classes, all.channels, numbers(all.train.labels)]).toEqual([0, 2, [0.5, -1]]);
    // By their names: the test file has another order.
    expect([numbers(all.test?.pixels), numbers(all.test?.labels)]).toEqual([[5, 6], [2]]);
    const one = await load(files, { ...options, features: ["z"] });
    expect([numbers(one.train.pixels), numbers(one.test?.pixels)]).toEqual([[2, 4], [6]]);
    expect(one.checksum).not.toBe(all.checksum);
  });

  test("classes that are numbers are ordered as numbers", async () => {
    const dataset = await load({ "a.csv": "x,y\n0,10\n0,9\n0,10\n" }, { name: "csv", file: "a.csv", target: "y" });
    expect(numbers(dataset.train.labels)).toEqual([1, 0, 1]);
  });

  test("is split at random, or its last rows are the test set", async () => {
    const rows = Array.from({ length: 10 }, (_, i) => `${i},${i % 2}`);
    const files = { "a.csv": `x,y\n${rows.join("\n")}\n` };
    const options = { name: "csv", file: "a.csv", target: "y" };
    const drawn = await load(files, { ...options, split: 0.3 });
    const [train, test] = [numbers(drawn.train.pixels), numbers(drawn.test?.pixels)];
    expect([train.length, test.length]).toEqual([7, 3]);
    expect([...train, ...test].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(numbers((await load(files, { ...options, split: 0.3 })).test?.pixels)).toEqual(test);
    const other = await load(files, { ...options, split: { examples: 3, seed: 1 } });
    expect(numbers(other.test?.pixels)).not.toEqual(test);
    const last = await load(files, { ...options, split: { examples: 3, shuffle: false } });
    expect(numbers(last.test?.pixels)).toEqual([7, 8, 9]);
    expect(new Set([drawn.checksum, other.checksum, last.checksum]).size).toBe(3);
  });
});

describe("a .npz file", () => {
  test("of images in colour", async () => {
    const images = Array.from({ length: 24 }, (_, i) => i);
    const files = { "a.npz": npz({ x: [[2, 2, 2, 3], images], y: [[2], [7, 3]] }) };
    const dataset = await load(files, { name: "npz", file: "a.npz" });
    expect(dataset).toMatchObject({ height: 2, width: 2, channels: 3, classes: 2 });
    expect(numbers(dataset.train.pixels)).toEqual(images);
    expect(numbers(dataset.train.labels)).toEqual([1, 0]);
  });

  test("of features, with test arrays, for regression", async () => {
    const arrays = {
      a: [
        [2, 1],
        [1, 2],
      ],
      b: [
        [2, 1],
        [0.5, 2],
      ],
      c: [[1, 1], [3]],
      d: [[1], [4]],
    } as const;
    const files = { "a.npz": npz(arrays as unknown as Parameters<typeof npz>[0]) };
    const test = { inputs: "c", targets: "d" };
    const dataset = await load(files, {
      name: "npz",
      file: "a.npz",
      inputs: "a",
      targets: "b",
      test,
      task: "regression",
    });
    expect([numbers(dataset.train.labels), numbers(dataset.test?.pixels), dataset.classes]).toEqual([[0.5, 2], [3], 0]);
  });
});

describe("IDX files", () => {
  const images = (...shape: number[]) =>
    formatIdx({ dimensions: shape, values: Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i) });
  const labels = (...values: number[]) => formatIdx({ dimensions: [values.length], values: Uint8Array.from(values) });

  test("of grey-scale images, or of three dimensions and channels", async () => {
    const files = {
      i: images(2, 1, 2),
      l: gzipSync(labels(0, 4)),
      I: gzipSync(images(2, 1, 2, 3)),
      t: images(1, 1, 2),
    };
    const grey = await load(
      { ...files, tl: labels(4) },
      {
        ...{ name: "idx", images: "i", labels: "l", test: { images: "t", labels: "tl" } },
      },
    );
    expect(grey).toMatchObject({ height: 1, width: 2, channels: 1, classes: 2, test: { size: 1 } });
    expect(numbers(grey.train.labels)).toEqual([0, 1]);
    const colour = await load(files, { name: "idx", images: "I", labels: "l" });
    expect(colour).toMatchObject({ height: 1, width: 2, channels: 3 });
  });

  const refusals: [title: string, files: Files, options: object, message: string][] = [
    ["no such file", {}, {}, "i does not exist: correct data.images (relative to the config's directory)"],
    [
      "something else",
      { i: "some text, which is no image", l: labels(0, 1) },
      {},
      "i: found the magic number 0x736f6d65, expected 0x00000803 (IDX, unsigned bytes, dimensions: 3). Correct data.images or the file.",
    ],
    [
      "too few labels",
      { i: images(2, 1, 2), l: labels(1) },
      {},
      "l: found 1 labels, expected 2: one for each image of i. Correct data.labels or the file.",
    ],
  ];
  test.each(refusals)("refused: %s", async (_, files, options, message) => {
    const loading = load(files, { name: "idx", images: "i", labels: "l", ...options });
    await expect(loading).rejects.toThrow(new ExperimentError(message));
  });
});

const table = "x,y\n1,a\n2,b\n3,a\n";
const csvRefusals: [title: string, content: string | Uint8Array, options: object, message: string][] = [
  [
    "no such file",
    table,
    { file: "b.csv" },
    "b.csv does not exist: correct data.file (relative to the config's directory)",
  ],
  [
    "a directory",
    table,
    { file: "folder" },
    "folder is a directory: correct data.file (relative to the config's directory)",
  ],
  ["nothing in it", "x,y\n", {}, "a.csv holds no examples: expected a header line and at least one line of numbers"],
  [
    "a row of another length",
    "x,y\n1,a\n2\n",
    {},
    "a.csv is not a valid CSV file: Invalid Record Length: expect 2, got 1 on line 3",
  ],
  [
    "no such column",
    table,
    { target: "z" },
    'a.csv has no column "z"; its first line names x, y: correct the name, the line or the delimiter',
  ],
  [
    "no such feature",
    table,
    { features: ["w"] },
    'a.csv has no column "w"; its first line names x, y: correct the name, the line or the delimiter',
  ],
  [
    "two columns of one name",
    "x,x,y\n1,2,a\n3,4,b\n",
    {},
    'a.csv has several columns "x"; give each a name of its own',
  ],
  [
    "row numbers without a name, which tell the order of the rows",
    ",x,y\n0,1,a\n1,2,b\n",
    {},
    "a.csv: column 1 has no name; give it one, or name the features (row numbers of pandas: to_csv(…, index=False))",
  ],
  [
    "UTF-16",
    Buffer.from("\ufeffx,y\n1,a\n2,b\n", "utf16le"),
    {},
    "a.csv is not text in UTF-8: save it as CSV in UTF-8",
  ],
  [
    "UTF-16 without a mark, which is UTF-8 too",
    Buffer.from("x,y\n1,a\n2,b\n", "utf16le"),
    {},
    "a.csv is not text in UTF-8: save it as CSV in UTF-8",
  ],
  [
    "numbers for classes",
    "x,y\n1,2\n2,0.5\n",
    {},
    'a.csv:3, column "y": expected a class, a name or a whole number, found 0.5 (data.task: regression predicts numbers)',
  ],
  ["a feature that is the target", table, { features: ["y"] }, 'data.features: "y" is what is to be predicted'],
  ["no feature", "y\na\nb\n", {}, 'a.csv has no column besides "y" to predict it from'],
  ["a cell that is no number", "x,y\n1,a\n?,b\n", {}, 'a.csv:3, column "x": expected a finite number, found "?"'],
  ["an empty cell", "x,y\n1,a\n,b\n", {}, 'a.csv:3, column "x": expected a finite number, found ""'],
  ["no class", "x,y\n1,a\n2,\n", {}, 'a.csv:3, column "y": expected the name of a class, found nothing'],
  [
    "a class to predict as a number",
    table,
    { task: "regression" },
    'a.csv:2, column "y": expected a finite number, found "a"',
  ],
  [
    "a single class",
    "x,y\n1,a\n2,a\n",
    {},
    'a.csv:2, column "y": every example is of the class a; expected two or more',
  ],
  [
    "a class that only the test file has",
    table,
    { test: "test.csv" },
    'test.csv:2, column "y": the class c does not occur among the training examples, whose classes are a, b',
  ],
  [
    "two test sets",
    table,
    { test: "test.csv", split: 1 },
    "data.split: the test set has a file of its own; leave split or test out",
  ],
  ["too large a split", table, { split: 3 }, "data.split: got 3 of 3 examples; expected at least 1 and at most 2"],
  [
    "too small a share for validation",
    table,
    { validation: 0.1 },
    "data.validation: a share of 0.1 is 0 of 3 examples; expected at least 1 and at most 2",
  ],
  [
    "augmentation",
    table,
    { augment: { shift: 1 } },
    "data.augment: tables have no images to shift or flip; leave it out",
  ],
  [
    "a mean for another number of features",
    table,
    { normalize: { mean: [0, 1], std: 1 } },
    "data.normalize.mean: got 2 numbers for 1 channel; give one number, or one a channel",
  ],
];

test.each(csvRefusals)("a CSV file is refused: %s", async (_, content, options, message) => {
  const files = { "a.csv": content, "test.csv": "x,y\n1,c\n" };
  const loading = load(files, { name: "csv", file: "a.csv", target: "y", ...options });
  await expect(loading).rejects.toThrow(new ExperimentError(message));
});

const features = [
  [2, 2],
  [1, 2, 3, 4],
] as const;
/** NumPy's array of two names, as its format has it. */
const names = Buffer.from(formatNpy(new Float64Array(2), [2]));
names.write("'<U2'", names.indexOf("'<f8'"));

/** A .npz file with one bit of an input turned. */
const turned = Buffer.from(zipSync({ "x.npy": formatNpy(Float64Array.of(1, 2, 3, 4), [2, 2]) }, { level: 0 }));
turned[turned.indexOf("PK\x01\x02") - 1]! ^= 1;

const npzRefusals: [title: string, content: Uint8Array | string, options: object, message: string][] = [
  [
    "no such file",
    "",
    { file: "b.npz" },
    "b.npz does not exist: correct data.file (relative to the config's directory)",
  ],
  [
    "something else",
    "x,y\n1,2\n",
    {},
    "a.npz is no .npz file, or a damaged one (invalid zip data); write it with NumPy's savez",
  ],
  [
    "a bit has turned",
    turned,
    {},
    "a.npz is no .npz file, or a damaged one (the checksum of x.npy is wrong); write it with NumPy's savez",
  ],
  [
    "names for classes",
    zipSync({ "x.npy": formatNpy(Float64Array.of(1, 2), [2, 1]), "y.npy": names }),
    {},
    "a.npz, array y: its array is of the type '<U2'; expected integers, float32 or float64 (in NumPy: np.unique(names, return_inverse=True)[1])",
  ],
  [
    "numbers for classes",
    npz({ x: features as never, y: [[2], [0, Number.NaN]] }),
    {},
    "a.npz, array y, example 1: expected a class, a name or a whole number, found NaN (data.task: regression predicts numbers)",
  ],
  [
    "no such array",
    npz({ X: [[1], [1]], Y: [[1], [1]] }),
    {},
    'a.npz has no array "x"; it has X, Y: correct data.inputs',
  ],
  [
    "no such test array",
    npz({ x: features as never, y: [[2], [0, 1]] }),
    { test: { inputs: "x", targets: "yy" } },
    'a.npz has no array "yy"; it has x, y: correct data.test.targets',
  ],
  [
    "inputs without features",
    npz({ x: [[2], [1, 2]], y: [[2], [0, 1]] }),
    {},
    "a.npz, array x has the shape (2,); expected examples × features, or examples × height × width (× channels)",
  ],
  ["no examples", npz({ x: [[0, 3], []], y: [[0], []] }), {}, "a.npz, array x is empty: its shape is (0, 3)"],
  [
    "another number of targets",
    npz({ x: features as never, y: [[3], [0, 1, 0]] }),
    {},
    "a.npz, array y has the shape (3,); expected (2,): one target for each example of x",
  ],
  [
    "an input that is no number",
    npz({
      x: [
        [2, 2],
        [1, 2, 3, Number.NaN],
      ],
      y: [[2], [0, 1]],
    }),
    {},
    "a.npz, array x, example 1: an input is NaN; expected finite numbers",
  ],
  [
    "a target that is none",
    npz({ x: features as never, y: [[2], [0, Number.POSITIVE_INFINITY]] }),
    { task: "regression" },
    "a.npz, array y, example 1: expected a finite number to predict, found Infinity",
  ],
  [
    "test examples of another size",
    npz({
      x: features as never,
      y: [[2], [0, 1]],
      u: [
        [1, 1, 2],
        [1, 2],
      ],
      v: [[1], [0]],
    }),
    { test: { inputs: "u", targets: "v" } },
    "a.npz, array u, example 0: found 1 × 2; expected 2 features, as the training examples have",
  ],
];

test.each(npzRefusals)("a .npz file is refused: %s", async (_, content, options, message) => {
  const loading = load({ "a.npz": content }, { name: "npz", file: "a.npz", ...options });
  await expect(loading).rejects.toThrow(new ExperimentError(message));
});
