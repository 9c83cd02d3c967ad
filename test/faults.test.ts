import { expect, test } from "vitest";
import { misfits, readFaults } from "../scripts/fault-list.js";

const faults = readFaults();

test("every deliberate fault fits the tree: its text is there once, and so is what must notice it", () => {
  expect(faults.flatMap(misfits)).toEqual([]);
  const names = faults.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test("one that does not would be found out", () => {
  const fault = {
    name: "a fault",
    file: "src/base/errors.ts",
    find: "class ExperimentError",
    replace: "",
    noticedBy: { tests: ["test/faults.test.ts"], verify: [] },
  };
  expect(misfits(fault)).toEqual([]);
  const { noticedBy } = fault;
  expect(misfits({ ...fault, find: "class Experimenterror" })).toEqual([
    "a fault: its text is 0 times in src/base/errors.ts",
  ]);
  expect(misfits({ ...fault, find: "r" })[0]).toMatch(/^a fault: its text is \d\d+ times in/);
  expect(misfits({ ...fault, replace: fault.find })).toEqual(["a fault: it replaces its text by the same"]);
  expect(misfits({ ...fault, noticedBy: { tests: ["test/gone.test.ts"], verify: ["configs/gone.yaml"] } })).toEqual([
    "a fault: there is no test/gone.test.ts",
    "a fault: there is no configs/gone.yaml",
  ]);
  expect(misfits({ ...fault, noticedBy: { ...noticedBy, tests: [] } })).toEqual([
    "a fault: it names nothing that must notice it",
  ]);
});
