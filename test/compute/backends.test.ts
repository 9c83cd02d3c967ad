import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { type BackendName, backendNames, startBackend } from "../../src/compute/backends.js";
import { nativeDirectory } from "../../src/compute/native-addon.js";
import { diagnose, renderDiagnosis } from "../../src/doctor/doctor.js";
import { nextSteps } from "../../src/doctor/next-steps.js";
import { problems } from "../../src/problems/registry.js";
import { wasmBackends } from "../wasm-backends.js";

// Must come first: the modules imported above have not loaded TensorFlow.js if its global engine is not there.
const loadedEarly = Reflect.has(globalThis, "_tfengine");

const cache = mkdtempSync(join(tmpdir(), "run-experiment-"));
process.env.RUN_EXPERIMENT_CACHE = cache;
afterAll(() => rmSync(cache, { recursive: true }));
// So that the outcome does not depend on the machine's GPU.
process.env.RUN_EXPERIMENT_WEBGPU_ADAPTER = "no such adapter";

/** What is missing differs from machine to machine. */
const noAdapter =
  /^(no adapter's name contains "no such adapter" \(RUN_EXPERIMENT_WEBGPU_ADAPTER\)|the Vulkan loader libvulkan\.so\.1 is missing; install it|no Vulkan driver is installed; install the GPU's)/;

afterEach(() => {
  vi.restoreAllMocks();
});

const absent = "not installed; run-experiment native builds it, or use backend wasm";

describe("backends", () => {
  it("have names that cost no TensorFlow.js", () => {
    expect(backendNames).toEqual(["tensorflow", "cuda", "webgpu", "wasm", "wasm-fma", "cpu"]);
    expect(problems.map(({ name }) => name)).toContain("mlp");
    expect(loadedEarly).toBe(false);
  });

  it("are refused by an unknown name", async () => {
    const failure = startBackend("metal");
    await expect(failure).rejects.toBeInstanceOf(ExperimentError);
    await expect(failure).rejects.toThrow(
      /^backend metal is unknown; expected auto or one of tensorflow, cuda, webgpu, wasm, wasm-fma, cpu$/,
    );
  });

  // A package without the addon, as `npm ci --ignore-scripts` leaves it, may be there.
  it("say that the native one is not installed", async () => {
    await expect(startBackend("tensorflow")).rejects.toThrow(`backend tensorflow: ${absent}`);
    await expect(startBackend("cuda")).rejects.toThrow(`backend cuda: ${absent}`);
  });

  it("say when the native one cannot be loaded", async () => {
    mkdirSync(join(nativeDirectory(), "addon"), { recursive: true });
    mkdirSync(join(nativeDirectory(), "node_modules/@tensorflow/tfjs"), { recursive: true });
    writeFileSync(join(nativeDirectory(), "node_modules/@tensorflow/tfjs/index.js"), "module.exports = {};");
    writeFileSync(
      join(nativeDirectory(), "native.json"),
      '{ "tensorflow": "2.0", "source": "a wheel", "cuda": false }',
    );
    writeFileSync(join(nativeDirectory(), "addon/quiet.node"), "no library");
    await expect(startBackend("tensorflow")).rejects.toThrow(
      /^backend tensorflow: the native addon cannot be loaded, .*quiet\.node: .*: run-experiment native builds it anew$/,
    );
    rmSync(nativeDirectory(), { recursive: true });
  });

  it("are tried in order by auto, which tells why a better one was not chosen", async () => {
    const { name, device, version, notChosen } = await startBackend("auto");
    expect({ name, device, version, notChosen }).toEqual({
      name: "wasm",
      device: expect.stringMatching(/^CPU, WebAssembly with SIMD of (128|256) bits$/),
      version: "4.22.0",
      notChosen: [
        { name: "tensorflow", reason: absent },
        { name: "webgpu", reason: expect.stringMatching(noAdapter) },
      ],
    });
  });

  it("start without a word and without touching how the process ends", async () => {
    const spies = (["log", "info", "warn", "error"] as const).map((method) => vi.spyOn(console, method));
    const listeners = () => ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
    const before = listeners();
    for (const name of ["cpu", ...wasmBackends]) {
      const { algebra } = await startBackend(name);
      expect(await algebra.read([algebra.scalar(3)])).toEqual([3]);
    }
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
    expect(listeners()).toEqual(before);
  });
});

it("the doctor reports on every backend, with a time for those that work", async () => {
  const diagnosis = await diagnose();
  expect(diagnosis.backends.map(({ name }) => name)).toEqual(backendNames);
  const available = diagnosis.backends.filter(({ available }) => available).map(({ name }) => name);
  expect(available).toEqual([...wasmBackends, "cpu"]);
  for (const backend of diagnosis.backends) if (backend.available) expect(backend.stepMilliseconds).toBeGreaterThan(0);
  const lines = renderDiagnosis(diagnosis);
  expect(lines[0]).toMatch(/^run-experiment \d.*, Node v\d.*, TensorFlow\.js 4\.22\.0$/);
  expect(lines).toContain(`  tensorflow  unavailable: ${absent}`);
  expect(lines.find((line) => line.startsWith("  wasm "))).toMatch(
    /^ {2}wasm {8}\d+\.\d ms a step {2}CPU, WebAssembly with SIMD of (128|256) bits, \d+ threads?, 4\.22\.0$/,
  );
});

describe("the doctor's next steps", () => {
  const absent = (name: BackendName, reason = "not installed") => ({ name, available: false, reason }) as const;
  const present = (name: BackendName, device: string, stepMilliseconds = 1) =>
    ({ name, available: true, device, version: "4.22.0", stepMilliseconds }) as const;
  const surroundings = { nvidiaGpus: [], showsGpu: false, node: "v20.20.2" };
  const nvidiaGpus = [{ name: "NVIDIA A100", memoryMebibytes: 81920, driver: "550.1" }];
  const native = [present("tensorflow", "CPU, native"), absent("cuda")];
  const neither = [absent("tensorflow"), absent("cuda")];
  const noWebgpu = absent("webgpu", "the Vulkan loader is missing");

  it.each([
    ["nothing where the native backend works and there is no GPU", [...native, noWebgpu], {}, []],
    ["the native backend", [...neither, noWebgpu], { node: "v24.1.0" }, [/^run-experiment native {4}/]],
    [
      "fused multiply-add where it was faster",
      [...neither, noWebgpu, present("wasm", "CPU", 2), present("wasm-fma", "CPU", 1.9)],
      { node: "v24.1.0" },
      [/^run-experiment native {4}/, /^run-experiment <config> --backend wasm-fma {4}/],
    ],
    [
      "nothing of it where it was not",
      [...neither, noWebgpu, present("wasm", "CPU", 2), present("wasm-fma", "CPU", 2)],
      { node: "v24.1.0" },
      [/^run-experiment native {4}/],
    ],
    ["or a newer Node", [...neither, noWebgpu], {}, [/^run-experiment native {4}/, /^Node 24 or newer {4}/]],
    [
      "CUDA for an NVIDIA GPU",
      [...native, noWebgpu],
      { nvidiaGpus },
      [/^run-experiment native --cuda .* A100$/, /loader/],
    ],
    ["WebGPU on a GPU", [...native, present("webgpu", "GPU, WebGPU, X")], { showsGpu: true }, [/--backend webgpu/]],
    ["no WebGPU in software", [...native, present("webgpu", "CPU, WebGPU in software, X")], {}, []],
    ["what WebGPU lacks for a GPU", [...native, noWebgpu], { showsGpu: true }, [/^for --backend webgpu: the Vulkan/]],
  ])("are %s", (_, backends, changes, expected) => {
    const found = nextSteps({ backends, ...surroundings, ...changes });
    expect(found).toHaveLength(expected.length);
    expected.forEach((pattern, i) => {
      expect(found[i]).toMatch(pattern);
    });
  });
});
