import { expect, it } from "vitest";
import { sharingMemory, withSharedMemory } from "../../src/compute/shared-memory.js";

const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** A section without meaning, longer than one byte can say. */
const custom = [0, 0x82, 0x01, 1, 0x78, ...new Array<number>(128).fill(0)];
/** One memory with these limits, exported as m. */
const withMemory = (...limits: number[]) =>
  Uint8Array.from([...header, ...custom, 5, limits.length + 1, 1, ...limits, 7, 5, 1, 1, 0x6d, 2, 0]);
const exported = (module: Uint8Array) =>
  new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module))).exports as { m: WebAssembly.Memory };

it("lets threads share the memory that a module declares with a maximum", () => {
  const module = withMemory(1, 1, 2);
  expect(exported(module).m.buffer).toBeInstanceOf(ArrayBuffer);
  const { m } = exported(withSharedMemory(module));
  expect(m.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(m.buffer.byteLength).toBe(2 ** 16);
  m.grow(1);
  expect(() => m.grow(1)).toThrow(RangeError);
});

it("leaves other modules as they are: without a maximum, shared already, without a memory", () => {
  for (const module of [withMemory(0, 1), withMemory(3, 1, 2), Uint8Array.from([...header, ...custom])]) {
    expect(withSharedMemory(module)).toEqual(module);
  }
});

it("has modules of TensorFlow.js share it that are made inside, and nothing else, and is undone by an error", async () => {
  const module = withMemory(1, 1, 2);
  const ofTensorFlow = { wasi_snapshot_preview1: {} };
  const kind = ({ exports }: WebAssembly.Instance) => (exports as { m: WebAssembly.Memory }).m.buffer.constructor;
  const make = async () => [
    kind((await WebAssembly.instantiate(module, ofTensorFlow)).instance),
    kind((await WebAssembly.instantiate(module)).instance),
    kind(await WebAssembly.instantiate(new WebAssembly.Module(module), ofTensorFlow)),
  ];
  await sharingMemory(async () => expect(await make()).toEqual([SharedArrayBuffer, ArrayBuffer, ArrayBuffer]));
  await expect(
    sharingMemory(() => {
      throw new Error("as it happens");
    }),
  ).rejects.toThrow("as it happens");
  expect(await make()).toEqual([ArrayBuffer, ArrayBuffer, ArrayBuffer]);
});
