import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main as compileAssembly } from "assemblyscript/asc";
import fc from "fast-check";
import { expect, it, vi } from "vitest";
import { Unavailable } from "../../src/compute/activation.js";
import { kernelMemory } from "../../src/compute/kernel-module.js";
import { type MatrixKernel, prepareMatrixKernel } from "../../src/compute/matrix-kernel.js";
import { lineBytes, MatrixProduct, type MatrixProductOptions, type Product } from "../../src/compute/matrix-product.js";
import { asked, begun, done, notReady, signalBytes } from "../../src/compute/product-signal.js";
import { root } from "../cli/tool.js";

interface Tested {
  readonly backend: string;
  readonly kernel: MatrixKernel;
  /** What becomes of a sum when x·y is added to it. */
  plus(sum: number, x: number, y: number): number;
  /** A number between −1 and 1 that tests multiply by others. */
  entry(x: number): number;
}

const separate: Tested = {
  backend: "wasm",
  kernel: await prepareMatrixKernel("separate"),
  plus: (sum, x, y) => Math.fround(sum + Math.fround(x * y)),
  entry: Math.fround,
};
const { kernel } = separate;

/**
 * Products of its entries are multiples of 2⁻³⁰, which have up to 30 digits, and so are their sums, also rounded to float32:
 * double precision adds to them without rounding.
 */
const fused: Omit<Tested, "kernel"> = {
  backend: "wasm-fma",
  plus: (sum, x, y) => Math.fround(sum + x * y),
  entry: (x) => Math.round(x * 2 ** 15) / 2 ** 15,
};

const fusedKernel = await prepareMatrixKernel("fused").catch((error: Error) => error);
const tested = fusedKernel instanceof Error ? [separate] : [separate, { ...fused, kernel: fusedKernel }];
if (fusedKernel instanceof Error) console.log(`Fused multiply-add is not tested: ${fusedKernel.message}`);

it("has no fused multiply-add where Node has none, and says so", () => {
  const node = process.versions.node;
  if (Number.parseInt(node, 10) >= 22) expect(fusedKernel).toMatchObject({ module: expect.anything() });
  else {
    expect(fusedKernel).toBeInstanceOf(Unavailable);
    expect((fusedKernel as Error).message).toBe(
      `WebAssembly in Node ${node} has no relaxed SIMD; use Node 22 or later, or backend wasm`,
    );
  }
});

/** A product C = bias + A·B in a memory of its own; the layout of each operand is chosen by its strides. */
function multiply(
  { kernel, entry }: Tested,
  { rows, inner, columns, transposeA, transposeB, bias, relu, seed }: Case,
  hasWideTiles: boolean,
) {
  const memory = kernelMemory(160);
  let free = 16;
  const allocate = (bytes: number) => {
    const address = free;
    free += Math.ceil(bytes / 16) * 16;
    return address;
  };
  const exports = kernel.instantiate(memory);
  const product = new MatrixProduct({ exports, memory, allocate, hasWideTiles });
  const vector = (size: number) => {
    // A guard of one entry after each operand shows what is written beyond it.
    const values = new Float32Array(memory.buffer, allocate(4 * (size + 1)), size + 1);
    return values.fill(guard, size);
  };
  const [a, b, start, c] = [vector(rows * inner), vector(inner * columns), vector(columns), vector(rows * columns)];
  let state = seed;
  for (const operand of [a, b, start]) {
    for (let i = 0; i < operand.length - 1; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      operand[i] = entry(state / 2 ** 31);
    }
  }
  c.fill(Number.NaN, 0, -1);
  const strideA = transposeA ? { a: 1, inner: rows } : { a: inner, inner: 1 };
  const strideB = transposeB ? { b: 1, column: inner } : { b: columns, column: 1 };
  product.multiply({
    a: a.byteOffset,
    b: b.byteOffset,
    c: c.byteOffset,
    bias: bias ? start.byteOffset : undefined,
    relu,
    rows: [{ length: rows, a: strideA.a, c: columns }],
    inner: [{ length: inner, a: strideA.inner, b: strideB.b }],
    columns: { length: columns, b: strideB.column },
  });
  expect([a, b, start, c].map((operand) => operand.at(-1))).toEqual([guard, guard, guard, guard]);
  return {
    c: c.subarray(0, -1),
    /** The factors of the k-th summand of an element, and what its sum begins with. */
    a: (i: number, k: number) => a[i * strideA.a + k * strideA.inner]!,
    b: (k: number, j: number) => b[k * strideB.b + j * strideB.column]!,
    start: (j: number) => (bias ? start[j]! : 0),
  };
}
const guard = 12345;

/** Sizes about the edges of tiles and blocks: 5 rows, 8 and 16 columns, 32 gathered; 160 rows, 320 steps, 1024 columns. */
const size = (edges: readonly number[]) =>
  fc.oneof(fc.integer({ min: 0, max: 40 }), ...edges.map((edge) => fc.integer({ min: edge - 1, max: edge + 9 })));
const matrices = fc
  .record({
    rows: size([160]),
    inner: size([320, 640]),
    columns: size([1024]),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    bias: fc.boolean(),
    relu: fc.boolean(),
    seed: fc.integer(),
  })
  // The expectation is computed in JavaScript, which takes its time.
  .filter(({ rows, inner, columns }) => rows * inner * columns < 4e5);
type Case = typeof matrices extends fc.Arbitrary<infer T> ? T : never;

it.each(tested)(
  "makes each element the chain of additions that it is defined to be, to the bit, whatever the tiles: $backend",
  (one) => {
    fc.assert(
      fc.property(matrices, fc.boolean(), (drawn, hasWideTiles) => {
        const { c, a, b, start } = multiply(one, drawn, hasWideTiles);
        const expected = Float32Array.from(c, (_, at) => {
          const [i, j] = [Math.floor(at / drawn.columns), at % drawn.columns];
          let sum = start(j);
          for (let k = 0; k < drawn.inner; k++) sum = one.plus(sum, a(i, k), b(k, j));
          return drawn.relu && sum < 0 ? 0 : sum;
        });
        const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
        if (!bytes(c).equals(bytes(expected))) expect(Array.from(c)).toEqual(Array.from(expected));
      }),
      { seed: 1, numRuns: 300 },
    );
  },
);

it.each(tested)("errs by no more than the rounding of so many additions: $backend", (one) => {
  fc.assert(
    fc.property(matrices, fc.boolean(), (drawn, hasWideTiles) => {
      const { c, a, b, start } = multiply(one, { ...drawn, relu: false }, hasWideTiles);
      c.forEach((value, at) => {
        const [i, j] = [Math.floor(at / drawn.columns), at % drawn.columns];
        let [sum, magnitudes] = [start(j), Math.abs(start(j))];
        for (let k = 0; k < drawn.inner; k++) {
          sum += a(i, k) * b(k, j);
          magnitudes += Math.abs(a(i, k) * b(k, j));
        }
        // Every summand passes through at most n + 1 roundings of 2⁻²⁴: γ = (n + 1)u / (1 − (n + 1)u).
        const roundings = (drawn.inner + 1) * 2 ** -24;
        if (!(Math.abs(value - sum) <= (roundings / (1 - roundings)) * magnitudes)) {
          expect.fail(`${value} is too far from ${sum}, element ${i}, ${j} of ${JSON.stringify(drawn)}`);
        }
      });
    }),
    { seed: 2, numRuns: 100 },
  );
});

it("keeps NaN where relu is asked for", () => {
  const memory = kernelMemory(20);
  const product = new MatrixProduct({
    exports: kernel.instantiate(memory),
    memory,
    allocate: () => 65536,
    hasWideTiles: kernel.hasWideTiles,
  });
  const [a, b, c] = [
    new Float32Array(memory.buffer, 0, 2),
    new Float32Array(memory.buffer, 16, 2),
    new Float32Array(memory.buffer, 32, 4),
  ];
  a.set([Number.NaN, -1]);
  b.set([1, -2]);
  for (const rows of [1, 2]) {
    product.multiply({
      a: a.byteOffset,
      b: b.byteOffset,
      c: c.byteOffset,
      relu: true,
      rows: [{ length: rows, a: 1, c: 2 }],
      inner: [{ length: 1, a: 1, b: 2 }],
      columns: { length: 2, b: 1 },
    });
  }
  expect(Array.from(c)).toEqual([Number.NaN, Number.NaN, 0, 2]);
});

/** Products by one thread and by several, beside made-up numbers in one memory. */
function sharing(threads: NonNullable<MatrixProductOptions["threads"]>) {
  const memory = kernelMemory(800);
  let free = 16;
  /** Where what was allocated begins, and its bytes. */
  const allocated: [number, number][] = [];
  const allocate = (bytes: number) => {
    allocated.push([free, bytes]);
    free += Math.ceil(bytes / 16) * 16;
    return allocated.at(-1)![0];
  };
  const { instantiate, hasWideTiles } = kernel;
  const exports = instantiate(memory);
  const alone = new MatrixProduct({ exports, memory, allocate, hasWideTiles });
  const shared = new MatrixProduct({ exports, memory, allocate, hasWideTiles, threads });
  const [a, b, bias, c] = [2 ** 20, 2 ** 20, 2 ** 12, 2 ** 20].map((floats) => allocate(4 * floats)) as Addresses;
  const numbers = new Float32Array(memory.buffer);
  for (let i = a / 4; i < c / 4; i++) numbers[i] = Math.sin(i);
  const made = allocated.length;
  const resultOf = (multiplier: MatrixProduct, product: Omit<Product, "a" | "b" | "c" | "bias">) => {
    numbers.fill(Number.NaN, c / 4, c / 4 + 2 ** 20);
    multiplier.multiply({ ...product, a, b, c, bias: product.relu ? bias : undefined });
    return Buffer.from(Uint8Array.from(new Uint8Array(memory.buffer, c, 4 * 2 ** 20)));
  };
  return {
    memory,
    /** What the threads were given. */
    givenToThreads: () => allocated.slice(made),
    isSame: (product: Parameters<typeof resultOf>[1]) => resultOf(shared, product).equals(resultOf(alone, product)),
  };
}
type Addresses = [a: number, b: number, bias: number, c: number];

/** Patches of 11 × 11 in 200 images of 28 × 28, by six filters: rows of three axes. */
const convolution = {
  rows: [
    { length: 200, a: 784, c: 324 * 6 },
    { length: 18, a: 28, c: 18 * 6 },
    { length: 18, a: 1, c: 6 },
  ],
  inner: [
    { length: 11, a: 28, b: 11 * 6 },
    { length: 11, a: 1, b: 6 },
  ],
  columns: { length: 6, b: 1 },
};

it("gives the same bits however many threads share a product", () => {
  const { memory, givenToThreads, isSame } = sharing({ count: 3, module: kernel.module });
  /** Cut by rows or by columns, stored either way, with bias and relu or without. */
  const layers = [
    [700, 300, 500],
    [300, 500, 701],
    [1019, 64, 1021],
    [4001, 1500, 6],
    [6, 1500, 4001],
    [64, 16_000, 61],
  ].flatMap(([rows, inner, columns]) =>
    [true, false].map((isTransposed) => ({
      relu: isTransposed,
      rows: [{ length: rows!, a: isTransposed ? 1 : inner! % 251, c: columns! }],
      inner: [{ length: inner!, a: isTransposed ? rows! % 251 : 1, b: isTransposed ? 1 : columns! % 251 }],
      columns: { length: columns!, b: isTransposed ? inner! % 251 : 1 },
    })),
  );
  /** Whether a thread has packed a matrix in its own memory. */
  const hasWorked = ([address, bytes]: [number, number]) =>
    new Float32Array(memory.buffer, address + 4096, (bytes - 8192) / 4).some((number) => number !== 0);
  const end = performance.now() + 60_000;
  do {
    for (const product of [...layers, convolution]) expect(isSame(product), JSON.stringify(product)).toBe(true);
  } while (!givenToThreads().every(hasWorked) && performance.now() < end);
  expect(givenToThreads().map(hasWorked)).toEqual([true, true]);
});

it("makes itself what a thread was asked for that does not begin", async () => {
  // It imports what there is not: its threads end at once.
  const unusable = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 7, 1, 1, 0x78, 1, 0x79, 0, 0];
  const warning = vi.spyOn(process, "emitWarning").mockReturnValue();
  const { memory, givenToThreads, isSame } = sharing({
    count: 2,
    module: new WebAssembly.Module(Uint8Array.from(unusable)),
  });
  expect(isSame(convolution)).toBe(true);
  await vi.waitFor(() => expect(warning).toHaveBeenCalledOnce());
  const [[address]] = givenToThreads() as [[number, number]];
  const signals = new Int32Array(memory.buffer, Math.ceil(address / lineBytes) * lineBytes, signalBytes / 4);
  expect(signals[done]).toBe(notReady);
  // As if it were ready, and slept.
  signals[done] = 0;
  expect(isSame(convolution)).toBe(true);
  expect([signals[asked], signals[begun], signals[done]]).toEqual([1, 1, 0]);
  expect(warning.mock.calls[0]).toEqual([
    expect.stringMatching(/^fewer threads than asked for multiply matrices: .*Import #0/),
  ]);
  warning.mockRestore();
});

/** What the built tool makes of some hundred products and convolutions. */
function hashProducts(setting: string, backend: string) {
  return spawnSync(process.execPath, [join(root, "scripts/hash-products.js"), backend], {
    encoding: "utf8",
    env: { ...process.env, RUN_EXPERIMENT_WASM_256: setting },
  });
}

it.each(tested)("gives the same bits with and without registers of 256 bits: $backend", ({ backend }) => {
  const [allowed, plain] = ["on", "off"].map((setting) => {
    const { stdout, stderr } = hashProducts(setting, backend);
    expect(stderr).toBe("");
    return JSON.parse(stdout);
  });
  expect(plain.simdBits).toBe("128");
  if (allowed.simdBits === "128") console.log(`Node ${process.versions.node} has no mode of 256 bits here`);
  expect({ ...allowed, simdBits: "128" }).toEqual(plain);
});

it("is refused with an unknown setting of the mode", () => {
  const { stderr, status } = hashProducts("no", "wasm");
  expect(stderr).toContain('ExperimentError: RUN_EXPERIMENT_WASM_256 is "no"; expected on or off');
  expect(status).toBe(1);
});

it.each([
  ["plain", "kernels.wasm"],
  ["fused", "fused-kernels.wasm"],
])("is built from the sources that are here: %s", async (target, file) => {
  const directory = mkdtempSync(join(tmpdir(), "run-experiment-"));
  try {
    const { error, stderr } = await compileAssembly([
      "--config",
      join(root, "src/compute/assembly/asconfig.json"),
      "--target",
      target,
      "--outFile",
      join(directory, "rebuilt.wasm"),
    ]);
    expect({ error, stderr: stderr.toString() }).toEqual({ error: null, stderr: "" });
    const built = readFileSync(join(root, "dist/compute", file));
    expect(built.equals(readFileSync(join(directory, "rebuilt.wasm")))).toBe(true);
    expect(built.length).toBeLessThan(20_000);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
