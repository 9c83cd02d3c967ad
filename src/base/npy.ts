import { ExperimentError } from "./errors.js";

/** An array of NumPy's, its entries row by row. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** Bytes and float32 as they are; every other kind of number as float64, which holds it exactly. */
  readonly values: Uint8Array | Float32Array | Float64Array;
}

/** What every .npy file begins with, before the two bytes of the format's version. */
const magic = "\x93NUMPY";

/** The header of an array must end where 64 divides the position. */
const alignment = 64;

/**
 * An array in NumPy's format .npy, version 1.0: a magic number, the length of the header, the header, which is a literal
 * of Python, and the entries, row by row, little-endian.
 *
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function formatNpy(values: Float32Array | Float64Array, shape: readonly number[]): Uint8Array {
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

/** The number at a byte of a file. */
type Read = (view: DataView, at: number, isLittleEndian: boolean) => number;

/** Numbers beyond 2⁵³ would be rounded. */
function exactly(integer: bigint): number {
  const number = Number(integer);
  if (Number.isSafeInteger(number)) return number;
  throw new ExperimentError(`it holds the integer ${integer}, which float64 cannot; store the array as float64`);
}

/** How the kinds of numbers are read, by their names in the header. */
const readers: Readonly<Record<string, Read>> = {
  b1: (view, at) => view.getUint8(at),
  u1: (view, at) => view.getUint8(at),
  i1: (view, at) => view.getInt8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  i2: (view, at, little) => view.getInt16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  u8: (view, at, little) => exactly(view.getBigUint64(at, little)),
  i8: (view, at, little) => exactly(view.getBigInt64(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
};

interface Header {
  readonly kind: string;
  readonly isLittleEndian: boolean;
  readonly byColumns: boolean;
  readonly shape: readonly number[];
  /** Where the entries begin. */
  readonly start: number;
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 12 || file.toString("latin1", 0, 6) !== magic) {
    throw new ExperimentError("it is no array in NumPy's format .npy");
  }
  const isFirstVersion = view.getUint8(6) === 1;
  const preamble = isFirstVersion ? 10 : 12;
  const start = preamble + (isFirstVersion ? view.getUint16(8, true) : view.getUint32(8, true));
  const text = file.toString("latin1", preamble, start);
  const type = /'descr': *'([<>|=])([a-zA-Z]\d*)'/.exec(text);
  const order = /'fortran_order': *(True|False)/.exec(text);
  const shape = /'shape': *\(([\d, ]*)\)/.exec(text);
  if (start > file.length || !order || !shape) throw new ExperimentError("the header of its array is damaged");
  const [, endian, kind = ""] = type ?? [];
  if (!(kind in readers)) {
    const found = /'descr': *(.*?), *'fortran_order'/.exec(text)?.[1] ?? "unknown";
    const mend = /'[<>|=]?[US]/.test(found) ? "np.unique(names, return_inverse=True)[1]" : 'array.astype("float32")';
    throw new ExperimentError(
      `its array is of the type ${found}; expected integers, float32 or float64 (in NumPy: ${mend})`,
    );
  }
  return {
    kind,
    isLittleEndian: endian !== ">",
    byColumns: order[1] === "True",
    shape: shape[1]!
      .split(",")
      .filter((part) => part.trim() !== "")
      .map(Number),
    start,
  };
}

/** Where the entries of a file in Fortran's order, the first index fastest, go in ours, the last index fastest. */
function* placesByColumns(shape: readonly number[]): Generator<number> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const index = shape.map(() => 0);
  let place = 0;
  for (let left = shape.reduce((product, size) => product * size, 1); left > 0; left--) {
    yield place;
    for (let axis = 0; axis < shape.length; axis++) {
      index[axis]! += 1;
      place += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      place -= index[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
}

/** @param kind of the numbers, as the header names it */
function arrayFor(kind: string, length: number): NpyArray["values"] {
  if (kind === "u1") return new Uint8Array(length);
  return kind === "f4" ? new Float32Array(length) : new Float64Array(length);
}

/**
 * The array in a .npy file of any version: integers of up to 64 bits, float32, float64, either byte order, by rows or by
 * columns.
 *
 * @throws ExperimentError saying what is wrong with it; the caller says where it lies
 */
export function parseNpy(bytes: Uint8Array): NpyArray {
  const { kind, isLittleEndian, byColumns, shape, start } = readHeader(bytes);
  const length = shape.reduce((product, size) => product * size, 1);
  const size = Number(kind.slice(1));
  if (bytes.length - start !== length * size) {
    throw new ExperimentError(
      `its array has ${bytes.length - start} bytes; its header promises ${[...shape, `${size} bytes`].join(" × ")}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  const read = readers[kind]!;
  const values = arrayFor(kind, length);
  if (byColumns && shape.length > 1) {
    let i = 0;
    for (const place of placesByColumns(shape)) values[place] = read(view, size * i++, isLittleEndian);
  } else {
    for (let i = 0; i < length; i++) values[i] = read(view, size * i, isLittleEndian);
  }
  return { shape, values };
}
