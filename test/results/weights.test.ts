import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { weightsArchive } from "../../src/results/weights.js";
import { freshDirectory, runTool } from "../cli/tool.js";
import { manifest, network, startTool, until, writeConfig } from "../execution/support.js";

interface Parsed {
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** CRC-32 of the zip format, bit by bit: polynomial 0x04C11DB7, reflected. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The stored files of a zip archive, by its central directory (APPNOTE 4.3.12 and 4.3.16). */
function unzipped(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    expect([archive.readUInt32LE(at), archive.readUInt16LE(at + 10)]).toEqual([0x02014b50, 0]);
    const [size, nameLength] = [archive.readUInt32LE(at + 24), archive.readUInt16LE(at + 28)];
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const content = archive.subarray(start, start + size);
    expect(crc32(content)).toBe(archive.readUInt32LE(at + 16));
    files.set(name, content);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return files;
}

/** An array in NumPy's format, version 1.0. */
function parsed(file: Buffer): Parsed {
  expect(file.toString("latin1", 0, 8)).toBe("\x93NUMPY\x01\x00");
  const start = 10 + file.readUInt16LE(8);
  expect(start % 64).toBe(0);
  const header = /^\{'descr': '(<f[48])', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n$/.exec(
    file.toString("latin1", 10, start),
  )!;
  const [, type, shape] = header as unknown as [string, string, string];
  const size = Number(type[2]);
  return {
    type,
    shape: shape
      .split(",")
      .filter((part) => part.trim() !== "")
      .map(Number),
    values: Array.from({ length: (file.length - start) / size }, (_, i) =>
      size === 4 ? file.readFloatLE(start + 4 * i) : file.readDoubleLE(start + 8 * i),
    ),
  };
}

const arraysOf = (archive: Uint8Array) =>
  new Map([...unzipped(Buffer.from(archive))].map(([name, file]) => [name.replace(/\.npy$/, ""), parsed(file)]));

const python = spawnSync("python3", ["-c", "import numpy"]).status === 0;
if (!python) process.stderr.write("skipped: weights read by NumPy: python3 with numpy is not installed\n");

const hexOf = (values: Float32Array | Float64Array) => Buffer.from(values.buffer).toString("hex");

const layer = fc.tuple(
  fc.stringMatching(/^[a-zé]{1,8}(\/[a-z_]{1,8})?$/),
  fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  fc.constantFrom("float32", "float64"),
);
const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

test("weights of any name, shape and precision read back to the bit", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(layer, { minLength: 1, maxLength: 4, selector: ([name]) => name }),
      fc.array(fc.double(), { minLength: 625, maxLength: 625 }),
      (layers, numbers) => {
        const weights = layers.map(([, shape, precision]) => {
          const values = numbers.slice(0, sizeOf(shape));
          return precision === "float32" ? Float32Array.from(values) : Float64Array.from(values);
        });
        const made = () =>
          weightsArchive(
            layers.map(([name, shape]) => ({ name, shape })),
            weights,
          );
        const arrays = arraysOf(made());
        expect([...arrays.keys()]).toEqual(layers.map(([name]) => name));
        layers.forEach(([name, shape, precision], i) => {
          const { type, shape: own, values } = arrays.get(name)!;
          expect([type, own]).toEqual([precision === "float32" ? "<f4" : "<f8", shape]);
          const back = precision === "float32" ? Float32Array.from(values) : Float64Array.from(values);
          expect(hexOf(back)).toBe(hexOf(weights[i]!));
        });
        expect(Buffer.from(made()).equals(Buffer.from(made()))).toBe(true);
      },
    ),
    { seed: 3, numRuns: 100 },
  );
});

const convex = { problem: { name: "block-quadratic" }, optimizer: { name: "lars", learningRate: 0.01 }, steps: 20 };

const runsOf = (directory: string, name: string) =>
  readdirSync(join(directory, name, "runs"))
    .filter((id) => !id.includes("~"))
    .map((id) => join(directory, name, "runs", id));
const weightsAt = (run: string) => arraysOf(readFileSync(join(run, "weights.npz")));
const lastNorms = (run: string) => {
  const rows = parse(readFileSync(join(run, "layers.csv")), { columns: true }) as Record<string, string>[];
  const last = rows.at(-1)!.step;
  return rows.filter(({ step }) => step === last).map((row) => [row.layer!, Number(row.weight_norm)] as const);
};

test("a run keeps its final weights in its precision, one that diverged those it had, and show says where", async () => {
  const directory = freshDirectory();
  const optimizers = [
    { name: "lars", learningRate: 0.01 },
    { name: "sgd", learningRate: 30 },
  ];
  const config = { ...convex, optimizer: undefined, optimizers, stop: { lossAbove: 1e6 } };
  expect((await runTool([writeConfig(directory, { ...config, name: "double" }), "-o", directory])).code).toBe(0);
  const single = { ...network, ...{ optimizers: optimizers.slice(0, 1), name: "single", steps: 5 } };
  expect((await runTool([writeConfig(directory, single), "-o", directory])).code).toBe(0);
  const runs = [...runsOf(directory, "double"), ...runsOf(directory, "single")];
  expect(runs).toHaveLength(3);
  const statuses = runs.map((run) => {
    const { precision, status, files } = manifest(join(run, "..", ".."), run.split("/").at(-1)!);
    const arrays = weightsAt(run);
    for (const [layer, norm] of lastNorms(run)) {
      const { type, values } = arrays.get(layer)!;
      expect(type).toBe(precision === "float32" ? "<f4" : "<f8");
      expect(Math.hypot(...values) / norm).toBeCloseTo(1, precision === "float32" ? 6 : 14);
    }
    expect(Object.keys(files as object).sort()).toEqual(["layers.csv", "trace.csv", "weights.npz"]);
    return status;
  });
  expect(statuses.sort()).toEqual(["completed", "completed", "diverged"]);
  expect(weightsAt(runs[2]!).get("dense_1/kernel")!.shape).toEqual([784, 8]);
  expect((await runTool(["show", runs[0]!])).stdout).toContain(join(runs[0]!, "weights.npz"));

  if (!python) return;
  const program =
    "import numpy, sys; a = numpy.load(sys.argv[1]); print([(k, a[k].dtype.name, a[k].shape) for k in a.files])";
  const read = spawnSync("python3", ["-c", program, join(runs[2]!, "weights.npz")]).stdout.toString();
  expect(read).toBe("[('dense_1/kernel', 'float32', (784, 8)), ('dense_2/kernel', 'float32', (8, 10))]\n");
});

test("what save asks for is kept, is no part of a run's identity, and is made up for", async () => {
  const directory = freshDirectory();
  const large = { ...network, name: "large", steps: 1, problem: { ...network.problem, hidden: [15] } };
  const args = [writeConfig(directory, { ...large, optimizer: convex.optimizer }), "-o", directory];
  const [auto, always, nothing] = [[], ["--set", "save=weights"], ["--set", "save=nothing"]];
  // 784·15 + 15·10 = 11,910 weights
  await runTool([...args, ...auto]);
  const [run] = runsOf(directory, "large");
  expect(existsSync(join(run!, "weights.npz"))).toBe(false);
  expect((await runTool(["show", run!])).stdout).toMatch(/weights +not saved: they are many; save: weights/);
  expect((await runTool([...args, ...always])).stderr).toContain("its weights were not saved: it is made again");
  expect(weightsAt(run!).get("dense_1/kernel")!.values).toHaveLength(11_760);
  expect((await runTool([...args, ...always])).stdout).toContain("1 of the runs had been made before");
  expect((await runTool([...args, ...nothing])).stdout).toContain("1 of the runs had been made before");

  truncateSync(join(run!, "weights.npz"), 1000);
  expect((await runTool(["verify", join(directory, "large")])).stdout).toMatch(
    /weights\.npz has 1000 bytes in place of/,
  );
  expect((await runTool([...args, ...auto])).stderr).toContain("weights.npz has 1000 bytes");
});

test("a run that was killed and resumed ends with the same weights, and one that stopped has none yet", async () => {
  const [directory, other] = [freshDirectory(), freshDirectory()];
  const config = { ...convex, name: "cut", steps: 60_000, trace: { every: 500 }, checkpoint: { everySteps: 1000 } };
  const args = [writeConfig(directory, config), "-o", directory];
  const { child, ended } = startTool(args);
  const runs = join(directory, "cut", "runs");
  const isSaved = () => existsSync(runs) && readdirSync(runs).some((id) => existsSync(join(runs, id, "checkpoint")));
  await until("a checkpoint", isSaved);
  process.kill(-child.pid!, "SIGKILL");
  await ended;
  const [run] = runsOf(directory, "cut");
  expect(existsSync(join(run!, "weights.npz"))).toBe(false);
  expect((await runTool(args)).stderr).toContain("going on from step");
  await runTool([writeConfig(other, config), "-o", other]);
  const [whole] = runsOf(other, "cut");
  expect(readFileSync(join(run!, "weights.npz")).equals(readFileSync(join(whole!, "weights.npz")))).toBe(true);
});

test("a divergence at a step that was not measured leaves no weights, and says so", async () => {
  const directory = freshDirectory();
  const config = { ...convex, name: "unseen", optimizer: { name: "sgd", learningRate: 30 }, bounds: [] };
  const rhythm = { evaluate: "end", trace: { every: 1000 }, steps: 3000 };
  await runTool([writeConfig(directory, { ...config, ...rhythm }), "-o", directory]);
  const [run] = runsOf(directory, "unseen");
  expect(readdirSync(run!).sort()).toEqual(["layers.csv", "run.json", "timing.csv", "trace.csv"]);
  expect((await runTool(["show", run!])).stdout).toMatch(
    /weights +not saved: it diverged at a step that was not traced/,
  );
});
