/** The section of a module that declares its own memory, and the kinds of limits there. */
const memorySection = 5;
const withMaximum = 1;
const sharedWithMaximum = 3;

/** A number in groups of seven bits, the lowest first, and where what follows it begins. */
function numberAt(bytes: Uint8Array, first: number): readonly [value: number, next: number] {
  let value = 0;
  for (let at = first, unit = 1; ; at++, unit *= 128) {
    value += (bytes[at]! & 127) * unit;
    if (bytes[at]! < 128) return [value, at + 1];
  }
}

/**
 * The same module with a memory that threads can share, where it declares one that has a maximum: one byte of it.
 *
 * @see WebAssembly core specification, binary format of modules and limits
 */
export function withSharedMemory(module: Uint8Array): Uint8Array {
  const sections = 8;
  for (let at = sections; at < module.length; ) {
    const [size, content] = numberAt(module, at + 1);
    if (module[at] === memorySection) {
      const [, limits] = numberAt(module, content);
      if (module[limits] !== withMaximum) return module;
      const copy = new Uint8Array(module);
      copy[limits] = sharedWithMaximum;
      return copy;
    }
    at = content + size;
  }
  return module;
}

/** What a module of TensorFlow.js imports, as those of Emscripten do, and others that may be made meanwhile do not. */
const importedFrom = "wasi_snapshot_preview1";

/**
 * Has the modules of TensorFlow.js that f makes share their memory with threads. It makes them of a file that it finds by
 * itself, and takes no other bytes.
 */
export async function sharingMemory(f: () => Promise<void>): Promise<void> {
  const { instantiate } = WebAssembly;
  const instantiateShared = (source: Uint8Array<ArrayBuffer> | WebAssembly.Module, imports?: WebAssembly.Imports) =>
    source instanceof Uint8Array && imports && importedFrom in imports
      ? instantiate(withSharedMemory(source) as typeof source, imports)
      : instantiate(source as WebAssembly.Module, imports);
  WebAssembly.instantiate = instantiateShared as typeof instantiate;
  try {
    await f();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}
