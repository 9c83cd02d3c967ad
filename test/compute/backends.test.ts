import { afterEach, describe, expect, it, vi } from "vitest";
import { backendNames, startBackend } from "../../src/compute/backends.js";
import { diagnose, renderDiagnosis } from "../../src/compute/doctor.js";
import { ExperimentError } from "../../src/errors.js";
import { problems } from "../../src/problems/registry.js";

// Must come first: the modules imported above have not loaded TensorFlow.js if its global engine is not there.
const loadedEarly = Reflect.has(globalThis, "_tfengine");

const nodeVersions = Object.getOwnPropertyDescriptor(process, "versions")!;
const nativePackage: string = "@tensorflow/tfjs-node-gpu";
/** What stands in the way of the native backend on this machine, if anything. */
const obstacle: unknown = await import(nativePackage).then(
  () => undefined,
  (error) => error,
);
const isAbsent = obstacle instanceof Error && "code" in obstacle && obstacle.code === "ERR_MODULE_NOT_FOUND";

function pretendNode(node: string): void {
  Object.defineProperty(process, "versions", { ...nodeVersions, value: { ...process.versions, node } });
}

afterEach(() => {
  Object.defineProperty(process, "versions", nodeVersions);
  vi.restoreAllMocks();
});

const absent =
  "@tensorflow/tfjs-node-gpu is not installed (it is optional); npm install @tensorflow/tfjs-node-gpu, or use backend wasm";
const broken = `${nativePackage} cannot be loaded \\(.*[^ .]\\); install it again, or use backend wasm`;
const tooNew =
  "tfjs-node 4.22 does not run on Node 24.1.0 (it calls util.isNullOrUndefined, removed in Node 23); use Node 20 or 22";

describe("backends", () => {
  it("have names that cost no TensorFlow.js", () => {
    expect(backendNames).toEqual(["tensorflow", "cuda", "wasm", "cpu"]);
    expect(problems.map(({ name }) => name)).toContain("mlp");
    expect(loadedEarly).toBe(false);
  });

  it("are refused by an unknown name", async () => {
    const failure = startBackend("metal");
    await expect(failure).rejects.toBeInstanceOf(ExperimentError);
    await expect(failure).rejects.toThrow(
      /^backend metal is unknown; expected auto or one of tensorflow, cuda, wasm, cpu$/,
    );
  });

  it("say when Node is too new for the native one", async () => {
    pretendNode("24.1.0");
    const failure = startBackend("tensorflow");
    await expect(failure).rejects.toBeInstanceOf(ExperimentError);
    await expect(failure).rejects.toThrow(`backend tensorflow: ${tooNew}`);
  });

  it.runIf(obstacle)("say why the native one cannot be loaded (skipped where it can)", async () => {
    pretendNode("20.20.2");
    for (const name of ["tensorflow", "cuda"]) {
      const message = await startBackend(name).catch((error: Error) => error.message);
      if (isAbsent) expect(message).toBe(`backend ${name}: ${absent}`);
      else expect(message).toMatch(new RegExp(`^backend ${name}: ${broken}$`));
    }
  });

  it("are tried in order by auto, which tells why a better one was not chosen", async () => {
    pretendNode("24.1.0");
    const { name, device, version, notChosen } = await startBackend("auto");
    expect({ name, device, version, notChosen }).toEqual({
      name: "wasm",
      device: "CPU, WebAssembly with SIMD",
      version: "4.22.0",
      notChosen: [{ name: "tensorflow", reason: tooNew }],
    });
  });

  it("start without a word and without touching how the process ends", async () => {
    const spies = (["log", "info", "warn", "error"] as const).map((method) => vi.spyOn(console, method));
    const listeners = () => ["uncaughtException", "unhandledRejection"].map((event) => process.listenerCount(event));
    const before = listeners();
    for (const name of ["cpu", "wasm"]) {
      const { algebra } = await startBackend(name);
      expect(await algebra.read([algebra.scalar(3)])).toEqual([3]);
    }
    expect(spies.flatMap((spy) => spy.mock.calls)).toEqual([]);
    expect(listeners()).toEqual(before);
  });
});

it("the doctor reports on every backend, with a time for those that work", async () => {
  pretendNode("24.1.0");
  const diagnosis = await diagnose();
  expect(diagnosis.backends.map(({ name }) => name)).toEqual(backendNames);
  expect(diagnosis.backends.filter(({ available }) => available).map(({ name }) => name)).toEqual(["wasm", "cpu"]);
  for (const backend of diagnosis.backends) if (backend.available) expect(backend.stepMilliseconds).toBeGreaterThan(0);
  const lines = renderDiagnosis(diagnosis);
  expect(lines[0]).toMatch(/^run-experiment \d.*, Node v\d.*, TensorFlow\.js 4\.22\.0$/);
  expect(lines).toContain(`  tensorflow  unavailable: ${tooNew}`);
  expect(lines.find((line) => line.startsWith("  wasm"))).toMatch(
    /^ {2}wasm {8}\d+\.\d ms a step {2}CPU, WebAssembly with SIMD, 4\.22\.0$/,
  );
});
