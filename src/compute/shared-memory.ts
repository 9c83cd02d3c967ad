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
      return Uint8Array.from(module, (byte, i) => (i === limits ? sharedWithMaximum : byte));
    }
    at = content + size;
  }
  return module;
}

/**
 * Has the modules that f makes share their memory with threads. TensorFlow.js makes its own of a file that it finds by
 * itself, and takes no other bytes.
 */
export async function sharingMemory(f: () => Promise<void>): Promise<void> {
  const { instantiate } = WebAssembly;
  const instantiateShared = (bytes: Uint8Array<ArrayBuffer>, imports?: WebAssembly.Imports) =>
    instantiate(withSharedMemory(new Uint8Array(bytes)) as typeof bytes, imports);
  WebAssembly.instantiate = instantiateShared as typeof instantiate;
  try {
    await f();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}
