import { expect, test } from "vitest";
import { z } from "zod";
import { flowText, optionsOf } from "../../src/reference/options.js";

const rows = (shape: z.ZodRawShape, elsewhere = {}) =>
  optionsOf(z.strictObject(shape), elsewhere).map(({ path, type, preset, meaning }) => [path, type, preset, meaning]);

test.each<[what: string, schema: z.ZodType, type: string, preset: string]>([
  ["a number with limits", z.number().min(0).lt(1), "number ≥ 0 and < 1", "required"],
  ["a whole number", z.int().default(3), "whole number", "3"],
  ["words", z.enum(["one", "two", "three"]).optional(), "one, two or three", ""],
  ["many words", z.enum(Array.from({ length: 20 }, (_, i) => `n${i}`)), "name", "required"],
  [
    "a number or a word",
    z.union([z.int().positive(), z.literal("full")]).default("full"),
    "whole number > 0 or full",
    "full",
  ],
  ["a list", z.array(z.number().positive()).default([1, 2]), "list of numbers > 0", "[1, 2]"],
  ["a list of either", z.array(z.union([z.boolean(), z.string()])), "list of (true or false or text)", "required"],
  ["a tuple", z.tuple([z.number(), z.int()]), "[number, whole number]", "required"],
  ["an object of any keys", z.record(z.string(), z.number()), "object", "required"],
])("tells of %s what may stand there", (_, schema, type, preset) => {
  expect(rows({ option: schema.describe("what it means") })).toEqual([["option", type, preset, "what it means"]]);
});

test("what is within objects and lists comes after what holds it", () => {
  const inner = z.strictObject({ every: z.int().default(1).describe("how often"), of: z.string().describe("what") });
  expect(rows({ trace: inner.describe("t"), all: z.array(inner).describe("a") })).toEqual([
    ["trace", "{every, of}", "required", "t"],
    ["trace.every", "whole number", "1", "how often"],
    ["trace.of", "text", "required", "what"],
    ["all", "list of {every, of}", "required", "a"],
    ["all[].every", "whole number", "1", "how often"],
    ["all[].of", "text", "required", "what"],
  ]);
  expect(rows({ trace: inner.describe("t") }, { trace: "see there" })).toEqual([
    ["trace", "see there", "required", "t"],
  ]);
});

test("forms that a word tells apart are one option, each with its own fields", () => {
  const forms = z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("round"), radius: z.number().describe("of the circle") }),
    z.strictObject({ kind: z.literal("square"), side: z.number().default(2).describe("of the square") }),
  ]);
  expect(rows({ shape: forms.optional().describe("how it looks") })).toEqual([
    ["shape", "{kind, …}", "", "how it looks"],
    ["shape.kind", "round or square", "required", "which of these forms it is"],
    ["shape.radius", "number", "required", "with kind round: of the circle"],
    ["shape.side", "number", "2", "with kind square: of the square"],
  ]);
});

test("a schema that refers to itself ends", () => {
  const axis: z.ZodType = z.union([z.array(z.int()), z.strictObject({ concat: z.array(z.lazy(() => axis)) })]);
  expect(rows({ seeds: axis }).map(([path]) => path)).toEqual(["seeds", "seeds.concat"]);
});

test("values are written as in YAML", () => {
  expect(flowText({ norm: 1, direction: "random", list: ["a b", true, 1e-9] })).toBe(
    '{norm: 1, direction: random, list: ["a b", true, 1e-9]}',
  );
});
