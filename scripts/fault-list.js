// The deliberate faults of scripts/faults.yaml, and whether each still fits the tree.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

const root = new URL("..", import.meta.url);

const faultsSchema = z.array(
  z.strictObject({
    name: z.string(),
    file: z.string().describe("path of the source file"),
    find: z.string().min(1).describe("text that is in the file exactly once"),
    replace: z.string(),
    noticedBy: z.strictObject({
      tests: z.array(z.string()).describe("test files that must fail"),
      verify: z.array(z.string()).default([]).describe("configs whose verification must fail"),
    }),
  }),
);

/** @typedef {z.output<typeof faultsSchema>[number]} Fault */

/** All of them, in their order. */
export const readFaults = () =>
  faultsSchema.parse(parse(readFileSync(new URL("faults.yaml", import.meta.url), "utf8")));

/** @param {string} file from the root of the tree */
const pathOf = (file) => fileURLToPath(new URL(file, root));

/**
 * What is wrong with a fault's entry, one line each: a file that is not there, a text that is not in it exactly once.
 *
 * @param {Fault} fault
 * @returns {string[]}
 */
export function misfits({ name, file, find, replace, noticedBy: { tests, verify } }) {
  const missing = [file, ...tests, ...verify].filter((one) => !existsSync(pathOf(one)));
  if (missing.length > 0) return missing.map((one) => `${name}: there is no ${one}`);
  const places = readFileSync(pathOf(file), "utf8").split(find).length - 1;
  if (places !== 1) return [`${name}: its text is ${places} times in ${file}`];
  if (find === replace) return [`${name}: it replaces its text by the same`];
  return tests.length + verify.length === 0 ? [`${name}: it names nothing that must notice it`] : [];
}
