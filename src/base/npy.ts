/** An array as NumPy stores it, its entries row by row. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Float32Array | Float64Array;
}

/** The header of an array must end where 64 divides the position. */
const alignment = 64;

const magic = "\x93NUMPY";

/**
 * An array in NumPy's format .npy, version 1.0: a magic number, the length of the header, the header, which is a literal
 * of Python, and the entries, row by row, little-endian.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function formatNpy({ shape, values }: NpyArray): Uint8Array {
  const type = values instanceof Float32Array ? "<f4" : "<f8";
  const tuple = `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const description = `{'descr': '${type}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const preamble = 10;
  const length = Math.ceil((preamble + description.length + 1) / alignment) * alignment - preamble;
  const array = Buffer.alloc(preamble + length + values.byteLength);
  array.write(`${magic}\x01\x00`, "latin1");
  array.writeUInt16LE(length, 8);
  array.write(`${description.padEnd(length - 1)}\n`, preamble, "latin1");
  values.forEach((value, i) => {
    const at = preamble + length + i * values.BYTES_PER_ELEMENT;
    if (values instanceof Float32Array) array.writeFloatLE(value, at);
    else array.writeDoubleLE(value, at);
  });
  return array;
}

/**
 * The inverse of `formatNpy`, for arrays of float32 and float64 in any version of the format.
 *
 * @throws Error that says what is wrong with the bytes
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 12 || buffer.toString("latin1", 0, 6) !== magic) throw new Error("is no array of NumPy's");
  // From version 2 on the length takes four bytes.
  const preamble = buffer[6] === 1 ? 10 : 12;
  const length = preamble === 10 ? buffer.readUInt16LE(8) : buffer.readUInt32LE(8);
  const header = buffer.toString("latin1", preamble, preamble + length);
  const type = /'descr': *'([^']*)'/.exec(header)?.[1];
  const sizes = /'shape': *\(([^)]*)\)/.exec(header)?.[1];
  if (type === undefined || sizes === undefined) throw new Error("has a header that is not NumPy's");
  if (type !== "<f4" && type !== "<f8") throw new Error(`holds ${type}; expected float32 or float64 (<f4, <f8)`);
  const shape = sizes
    .split(",")
    .map(Number)
    .slice(0, sizes.trim().endsWith(",") || sizes.trim() === "" ? -1 : undefined);
  const count = shape.reduce((product, size) => product * size, 1);
  if (/'fortran_order': *True/.test(header) && shape.length > 1) {
    throw new Error("is stored column by column; save numpy.ascontiguousarray of it");
  }
  const start = preamble + length;
  const bytesEach = type === "<f4" ? 4 : 8;
  if (!Number.isSafeInteger(count) || buffer.length !== start + count * bytesEach) {
    throw new Error(
      `has ${buffer.length - start} bytes of entries; its shape ${shape.join(" × ")} makes ${count * bytesEach}`,
    );
  }
  const entry = (i: number) =>
    type === "<f4" ? buffer.readFloatLE(start + 4 * i) : buffer.readDoubleLE(start + 8 * i);
  const values = type === "<f4" ? new Float32Array(count) : new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = entry(i);
  return { shape, values };
}
