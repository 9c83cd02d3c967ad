import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { ExperimentError } from "../../src/base/errors.js";
import { formatNpy, parseNpy } from "../../src/base/npy.js";
import { parseNpz } from "../../src/base/npz.js";

/** A .npy file by hand: a header of this text and these bytes. */
function npy(description: string, bytes: readonly number[], version = 1): Uint8Array {
  const header = Buffer.from(`${description}\n`, "latin1");
  const length = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  return Buffer.concat([
    Buffer.from([0x93]),
    Buffer.from("NUMPY"),
    Buffer.of(version, 0),
    length,
    header,
    Buffer.from(bytes),
  ]);
}

const header = (type: string, shape: string, order = "False") =>
  `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape}), }`;

describe("an array in a .npy file", () => {
  test("is read as it was written", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 });
    const property = fc.property(shapes, fc.boolean(), fc.infiniteStream(fc.double()), (shape, single, numbers) => {
      const length = shape.reduce((product, size) => product * size, 1);
      const taken = [...numbers.take(length)];
      const values = single ? Float32Array.from(taken) : Float64Array.from(taken);
      expect(parseNpy(formatNpy(values, shape))).toEqual({ shape, values });
    });
    fc.assert(property, { seed: 1 });
  });

  test.each([
    ["|u1", [255, 0], Uint8Array.of(255, 0)],
    ["|b1", [1, 0], Float64Array.of(1, 0)],
    ["|i1", [255, 127], Float64Array.of(-1, 127)],
    // 0x0102 = 258; read the other way about, 0x0201 = 513
    [">u2", [1, 2, 0, 5], Float64Array.of(258, 5)],
    ["<u2", [1, 2, 0, 5], Float64Array.of(513, 1280)],
    ["<i2", [254, 255, 1, 0], Float64Array.of(-2, 1)],
    [">i4", [255, 255, 255, 255, 0, 0, 1, 0], Float64Array.of(-1, 256)],
    ["<u4", [255, 255, 255, 255, 1, 0, 0, 0], Float64Array.of(4294967295, 1)],
    ["<i8", [254, ...Array(7).fill(255), 3, ...Array(7).fill(0)], Float64Array.of(-2, 3)],
    [">u8", [0, 0x1f, ...Array(6).fill(255), ...Array(7).fill(0), 1], Float64Array.of(2 ** 53 - 1, 1)],
    // 1.5 = 0x3fc00000, −2 = 0xc0000000
    ["<f4", [0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0], Float32Array.of(1.5, -2)],
    [">f4", [0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0], Float32Array.of(1.5, -2)],
    [">f8", [0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], Float64Array.of(1.5, -2)],
  ])("of the type %s", (type, bytes, values) => {
    expect(parseNpy(npy(header(type, "2,"), bytes))).toEqual({ shape: [2], values });
    expect(parseNpy(npy(header(type, "2,"), bytes, 2)).values).toEqual(values);
  });

  test("by columns becomes one by rows", () => {
    // a[i][j] = 10i + j for i < 2, j < 3: column by column 0, 10, 1, 11, 2, 12.
    const matrix = parseNpy(npy(header("|u1", "2, 3", "True"), [0, 10, 1, 11, 2, 12]));
    expect(matrix).toEqual({ shape: [2, 3], values: Uint8Array.of(0, 1, 2, 10, 11, 12) });
    // a[i][j][k] = 4i + 2j + k: the first index changes fastest in the file.
    const cube = parseNpy(npy(header("|u1", "2, 2, 2", "True"), [0, 4, 2, 6, 1, 5, 3, 7]));
    expect(cube.values).toEqual(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
  });

  const refusals: [title: string, bytes: Uint8Array, message: string][] = [
    ["text", Buffer.from("a,b,c\n1,2,3\n"), "it is no array in NumPy's format .npy"],
    ["a damaged header", npy("{'descr': '<f8'}", []), "the header of its array is damaged"],
    [
      "Python objects",
      npy(header("|O", "1,"), [0]),
      `its array is of the type '|O'; expected integers, float32 or float64 (in NumPy: array.astype("float32"))`,
    ],
    [
      "records",
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", [0, 0, 0, 0]),
      `its array is of the type [('a', '<f4')]; expected integers, float32 or float64 (in NumPy: array.astype("float32"))`,
    ],
    ["too few bytes", npy(header("<f4", "2, 3"), [0, 0]), "its array has 2 bytes; its header promises 2 × 3 × 4 bytes"],
    [
      "integers beyond 2⁵³",
      npy(header("<i8", "1,"), [0, 0, 0, 0, 0, 0, 0, 127]),
      "it holds the integer 9151314442816847872, which float64 cannot; store the array as float64",
    ],
  ];
  test.each(refusals)("refuses %s", (_, bytes, message) => {
    expect(() => parseNpy(bytes)).toThrow(new ExperimentError(message));
  });
});

describe("arrays in a .npz file", () => {
  const two = zipSync({
    "x.npy": formatNpy(Float32Array.of(1, 2), [2]),
    "y.npy": formatNpy(Float64Array.of(3), [1]),
    "bad.npy": strToU8("no array"),
  });

  test("are read by name, packed or not; those that are not asked for are only named", () => {
    const { arrays, present } = parseNpz(two, "data.npz", ["y", "z"]);
    expect([...arrays]).toEqual([["y", { shape: [1], values: Float64Array.of(3) }]]);
    expect(present).toEqual(["x", "y", "bad"]);
  });

  test("that are none are refused with their place", () => {
    expect(() => parseNpz(two, "data.npz", ["bad"])).toThrow(
      new ExperimentError("data.npz, array bad: it is no array in NumPy's format .npy"),
    );
    for (const bytes of [strToU8("x,y\n1,2"), two.subarray(0, two.length - 30)]) {
      expect(() => parseNpz(bytes, "data.npz", ["x"])).toThrow(
        new ExperimentError(
          "data.npz is no .npz file, or a damaged one (invalid zip data); write it with NumPy's savez",
        ),
      );
    }
  });
});
