import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { formatNpy } from "../../src/base/npy.js";
import { readStoredWeights, weightsFor } from "../../src/problems/stored-weights.js";
import { weightsArchive } from "../../src/results/weights.js";
import { freshDirectory, runTool } from "../cli/tool.js";

const layers = [
  { name: "w", shape: [2, 3] },
  { name: "b", shape: [3] },
];
const weights = [Float64Array.of(1, 2, 3, 4, 5, 0.1), Float64Array.of(-1, 0, 1e-300)];

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(freshDirectory(), name);
  writeFileSync(path, content);
  return path;
}

describe("weights in a file", () => {
  test("are those that a run saved, to the bit, in either precision", () => {
    const stored = readStoredWeights(fileOf("weights.npz", weightsArchive(layers, weights)));
    expect(weightsFor(stored, layers)).toEqual(weights);
    expect(stored.sha256).toMatch(/^[0-9a-f]{64}$/);
    const single = weights.map((values) => Float32Array.from(values));
    const inSingle = readStoredWeights(fileOf("weights.NPZ", weightsArchive(layers, single)));
    expect(weightsFor(inSingle, layers)).toEqual(single.map((values) => Float64Array.from(values)));
  });

  test("are nested lists by layer in JSON, and one list where there is one layer", () => {
    const text = '{"b": [-1, 0, 1e-300], "w": [[1, 2, 3], [4, 5, 0.1]]}';
    expect(weightsFor(readStoredWeights(fileOf("weights.json", text)), layers)).toEqual(weights);
    expect(weightsFor(readStoredWeights(fileOf("w.json", "[7, 8]")), [{ name: "w", shape: [2] }])).toEqual([
      Float64Array.of(7, 8),
    ]);
  });

  const npz = (files: Record<string, Uint8Array>) => zipSync(files);
  const good = { "w.npy": formatNpy(weights[0]!, [2, 3]) };
  const b = formatNpy(weights[1]!, [3]);
  const edited = (from: string, to: string) =>
    Buffer.from(Buffer.from(b).toString("latin1").replace(from, to), "latin1");
  test.each<[what: string, name: string, content: string | Uint8Array, message: RegExp]>([
    ["another ending", "w.csv", "1,2", /w\.csv is neither \.npz nor \.json/],
    ["no zip file", "w.npz", "text", /w\.npz is no \.npz file, or a damaged one \(invalid zip data\)/],
    ["no JSON", "w.json", "{", /w\.json: /],
    ["a layer too few", "w.npz", npz(good), /has w; the problem's layers are w, b/],
    [
      "a layer too many",
      "w.npz",
      npz({ ...good, "b.npy": b, "c.npy": b }),
      /has w, b, c; the problem's layers are w, b/,
    ],
    ["a list without a name for two layers", "w.json", "[1]", /has one list without a name; the problem's layers/],
    ["another shape", "w.json", '{"w": [[1, 2], [3, 4]], "b": [1, 2, 3]}', /w has the shape \[2, 2\]; .*has \[2, 3\]/],
    ["uneven lists", "w.json", '{"w": [[1, 2], [3]], "b": [1]}', /lists are of different lengths/],
    ["a word", "w.json", '{"w": ["one"]}', /found "one" where a number belongs/],
    ["no number", "w.npz", npz({ ...good, "b.npy": formatNpy(Float64Array.of(1, Number.NaN, 2), [3]) }), /b holds NaN/],
    [
      "other bytes",
      "w.npz",
      npz({ ...good, "b.npy": Buffer.from("something else") }),
      /array b: it is no array in NumPy's format/,
    ],
    [
      "complex numbers",
      "w.npz",
      npz({ ...good, "b.npy": edited("<f8", "<c8") }),
      /array b: its array is of the type '<c8'; expected integers, float32 or float64/,
    ],
    [
      "a cut array",
      "w.npz",
      npz({ ...good, "b.npy": b.subarray(0, b.length - 1) }),
      /array b: its array has 23 bytes; its header promises 3 × 8 bytes/,
    ],
  ])("with %s is told in one line", (_, name, content, message) => {
    const path = fileOf(name, content);
    expect(() => weightsFor(readStoredWeights(path), layers)).toThrow(message);
  });

  test("that is not there is told", () => {
    expect(() => readStoredWeights("/nowhere/w.npz")).toThrow(
      /\/nowhere\/w\.npz does not exist: correct initialWeights/,
    );
  });
});

describe("a config's initialWeights", () => {
  const config = {
    name: "second",
    problem: { name: "least-squares", intercept: "layer" },
    optimizer: { name: "lars", learningRate: 0.1 },
    steps: 3,
    initialWeights: "start/weights.npz",
  };
  const readJson = (path: string) => JSON.parse(readFileSync(path, "utf8"));
  const manifestsOf = (directory: string, name: string) =>
    readdirSync(join(directory, "results", name, "runs")).map((id) =>
      readJson(join(directory, "results", name, "runs", id, "run.json")),
    );

  test("go on from where another run ended, and the file is part of what the run is", async () => {
    const cwd = freshDirectory();
    writeFileSync(join(cwd, "first.json"), JSON.stringify({ ...config, name: "first", initialWeights: undefined }));
    writeFileSync(join(cwd, "second.json"), JSON.stringify(config));
    expect((await runTool(["first.json"], { cwd })).code).toBe(0);
    const [first] = manifestsOf(cwd, "first");
    mkdirSync(join(cwd, "start"));
    const saved = readFileSync(join(cwd, "results/first/runs", first.id, "weights.npz"));
    writeFileSync(join(cwd, "start/weights.npz"), saved);
    expect((await runTool(["second.json"], { cwd })).code).toBe(0);
    const [second] = manifestsOf(cwd, "second");
    expect(second.initialWeights).toEqual({
      file: join(cwd, "start/weights.npz"),
      sha256: first.files["weights.npz"].sha256,
    });
    expect(second.id).not.toBe(first.id);
    const lossAt = (name: string, id: string, line: number) =>
      readFileSync(join(cwd, "results", name, "runs", id, "trace.csv"), "utf8")
        .split("\n")
        .at(line)!
        .split(",")[3];
    expect(lossAt("second", second.id, 1)).toBe(lossAt("first", first.id, -2));
    // Other weights make another run.
    writeFileSync(join(cwd, "start/weights.json"), '{"w": [1,2,3,4,5,6,7,8,9], "intercept": [0.5]}');
    const more = await runTool(["second.json", "--set", "initialWeights=start/weights.json"], { cwd });
    expect(more.code).toBe(0);
    expect(manifestsOf(cwd, "second")).toHaveLength(2);
    const wrong = await runTool(["second.json", "--set", "problem.intercept=false"], { cwd });
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(
      /^error: initialWeights: \S+weights\.npz has w, intercept; the problem's layers are w\n$/,
    );
  });

  test("are a network's too, on tensors, before anything is written where they do not fit", async () => {
    const cwd = freshDirectory();
    const network = {
      name: "network",
      problem: { name: "softmax-regression", bias: false },
      data: { name: "synthetic-digits", train: 20, test: 10 },
      optimizer: { name: "lars", learningRate: 0.1 },
      steps: 1,
      save: "weights",
      bounds: [],
      initialWeights: "w.json",
    };
    writeFileSync(join(cwd, "network.json"), JSON.stringify(network));
    writeFileSync(join(cwd, "w.json"), JSON.stringify(Array.from({ length: 784 }, () => Array(10).fill(0.25))));
    const { code, stderr } = await runTool(["network.json", "--backend", "cpu"], { cwd });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const [{ id }] = manifestsOf(cwd, "network");
    const layersCsv = readFileSync(join(cwd, "results/network/runs", id, "layers.csv"), "utf8").split("\n");
    // √7840/4
    expect(Number(layersCsv[1]!.split(",")[2])).toBeCloseTo(Math.sqrt(7840) / 4, 4);
    writeFileSync(join(cwd, "w.json"), "[1, 2]");
    const wrong = await runTool(["network.json", "--backend", "cpu"], { cwd });
    expect(wrong.stderr).toMatch(/dense_1\/kernel has the shape \[2\]; the problem's has \[784, 10\]/);
  });
});

const python = spawnSync("python3", ["-c", "import numpy"]).status === 0;
if (!python) console.log("weights saved by NumPy are not read: python3 with numpy is not installed");

test.skipIf(!python)("what NumPy saves is read", () => {
  const cwd = freshDirectory();
  const code =
    "import numpy as np; np.savez_compressed('w.npz', w=np.arange(6.).reshape(2, 3), b=np.float32([1, 2, 3]))";
  spawnSync("python3", ["-c", code], { cwd });
  expect(weightsFor(readStoredWeights(join(cwd, "w.npz")), layers)).toEqual([
    Float64Array.of(0, 1, 2, 3, 4, 5),
    Float64Array.of(1, 2, 3),
  ]);
});
