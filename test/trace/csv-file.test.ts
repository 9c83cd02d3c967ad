import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { readColumns } from "../../src/trace/csv-columns.js";
import { CsvFile, csvField, csvLines, formatNumber } from "../../src/trace/csv-file.js";
import { TraceWriter } from "../../src/trace/trace-writer.js";
import { temporaryDirectory } from "../report/support.js";

const directory = temporaryDirectory();
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("numbers as text", () => {
  test("read back as the same number in their precision, save for the sign of 0", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(Number(formatNumber(value, "float64")) === value).toBe(true);
      }),
      { seed: 1 },
    );
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const text = formatNumber(value, "float32");
        expect(Math.fround(Number(text)) === value).toBe(true);
        expect(text.replace(/e.*|[-.]/g, "").replace(/^0+|0+$/g, "").length).toBeLessThanOrEqual(9);
      }),
      { seed: 1 },
    );
  });

  test("spell out what is not finite", () => {
    for (const precision of ["float32", "float64"] as const) {
      const texts = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) =>
        formatNumber(value, precision),
      );
      expect(texts).toEqual(["NaN", "Infinity", "-Infinity"]);
    }
    // float32's 0.1 in nine digits
    expect(formatNumber(Math.fround(0.1), "float32")).toBe("0.100000001");
  });
});

test("lines are quoted where needed and only there, empty where there is nothing", () => {
  expect(
    csvLines([
      ["a,b", 'say "x"', undefined, 0.5, true],
      ["=1", Number.NaN, "", 3e-7, false],
    ]),
  ).toBe('"a,b","say ""x""",,0.5,true\n=1,NaN,,3e-7,false\n');
});

test("a file grows, is cut back to where it is taken up, and knows what it holds", () => {
  const path = join(directory, "grows.csv");
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const file = new CsvFile(path, ["step", "loss"]);
  file.append(["0", "1.5"]);
  const state = file.sync();
  expect(state).toEqual({ bytes: "step,loss\n0,1.5\n".length, sha256: hash("step,loss\n0,1.5\n") });
  file.append(["1", "0.25"]);
  file.close();
  expect(readFileSync(path, "utf8")).toBe("step,loss\n0,1.5\n1,0.25\n");

  const resumed = new CsvFile(path, ["step", "loss"], { resume: state });
  resumed.append(["1", "0.5"]);
  expect(resumed.sync().sha256).toBe(hash("step,loss\n0,1.5\n1,0.5\n"));
  resumed.close();
  expect(readFileSync(path, "utf8")).toBe("step,loss\n0,1.5\n1,0.5\n");
});

test("fields that are ready stay as they are, however long the lines; numbers are in the digits of their precision", () => {
  const path = join(directory, "ready.csv");
  const raw = `é,"${"x".repeat(70_000)}"`;
  const name = csvField(raw);
  const file = new CsvFile(path, [raw, "a"]);
  for (const [text, number, precision] of [
    [name, Math.fround(0.1), "float32"],
    ["", Math.fround(0.1), "float64"],
    ["=1", -0, "float64"],
  ] as const) {
    file.text(text);
    file.number(number, precision);
    file.endLine();
  }
  file.close();
  const isAsItIs = readFileSync(path, "utf8") === `${name},a\n${name},0.100000001\n,0.10000000149011612\n=1,0\n`;
  expect(isAsItIs).toBe(true);
});

test("nothing is written once the file has become somebody else's", () => {
  const path = join(directory, "taken.csv");
  let isTaken = false;
  const mayWrite = () => {
    if (isTaken) throw new Error("taken over");
  };
  const file = new CsvFile(path, ["step"], { mayWrite });
  file.flush();
  isTaken = true;
  file.append(["0"]);
  expect(() => file.close()).toThrow("taken over");
  expect(readFileSync(path, "utf8")).toBe("step\n");
});

test("traces hold each number in its column, by hand", () => {
  const writer = new TraceWriter(
    directory,
    ["a", "b"],
    [{ name: "bound", meaning: "", formula: "", unit: "" }],
    "float32",
    {
      layers: true,
    },
  );
  const layer = (size: number) => ({
    weightNorm: size,
    weightNormInRule: 99,
    gradientNorm: 2 * size,
    gradientNormInRule: 99,
    updateNorm: 0.5 * size,
    normRatio: 0.25,
    normRatioL2: 0.5,
  });
  const record = { learningRate: 0.1, gap: 3, distance: 4, weight: 5, secondWeight: 6, layers: [layer(1), layer(2)] };
  const full = { ...record, accuracy: 0.75, train: { loss: 6, accuracy: 0.5 }, test: { loss: 7, accuracy: 0.625 } };
  const flags = { evaluated: true, traced: true };
  writer.write({ ...full, ...flags, step: 0, epoch: 1 / 3, loss: Math.fround(0.1), last: false }, [8]);
  writer.write(
    { layers: record.layers, ...flags, step: 1, epoch: 2 / 3, learningRate: Number.NaN, loss: Number.NaN, last: true },
    [Number.NaN],
  );
  writer.close();

  const rows = (name: string) => Object.fromEntries(readColumns(join(directory, name)));
  expect(rows("trace.csv")).toEqual({
    step: ["0", "1"],
    // Numbers of the host keep all their digits.
    epoch: ["0.3333333333333333", "0.6666666666666666"],
    learning_rate: ["0.1", ""],
    loss: ["0.100000001", ""],
    accuracy: ["0.75", ""],
    train_loss: ["6", ""],
    train_accuracy: ["0.5", ""],
    gap: ["3", ""],
    distance: ["4", ""],
    weight: ["5", ""],
    second_weight: ["6", ""],
    val_loss: ["", ""],
    val_accuracy: ["", ""],
    test_loss: ["7", ""],
    test_accuracy: ["0.625", ""],
    bound: ["8", ""],
  });
  expect(rows("layers.csv")).toEqual({
    step: ["0", "0", "1", "1"],
    layer: ["a", "b", "a", "b"],
    weight_norm: ["1", "2", "1", "2"],
    grad_norm: ["2", "4", "2", "4"],
    update_norm: ["0.5", "1", "", ""],
    norm_ratio: ["0.25", "0.25", "", ""],
    norm_ratio_l2: ["0.5", "0.5", "", ""],
    effective_learning_rate: ["0.25", "0.25", "", ""],
  });
});
