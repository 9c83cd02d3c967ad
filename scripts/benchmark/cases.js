// What is measured: every case by name.
import { ExperimentError } from "../../dist/base/errors.js";
import { commandCases } from "./command-cases.js";
import { memoryCases } from "./memory-cases.js";
import { productCases } from "./product-cases.js";
import { stepCases } from "./step-cases.js";

/** @typedef {import("./case.js").Case} Case */

/** @type {readonly Case[]} */
export const cases = [...stepCases, ...commandCases, ...productCases, ...memoryCases];

/**
 * The cases whose name or section begins with one of the words; all for none.
 *
 * @param {readonly string[]} words
 */
export function chosenCases(words) {
  const names =
    (/** @type {string} */ word) =>
    (/** @type {Case} */ { name, section }) =>
      name.startsWith(word) || section.startsWith(word);
  const unknown = words.find((word) => !cases.some(names(word)));
  if (unknown !== undefined) {
    throw new ExperimentError(
      `no case or section begins with "${unknown}"; there are ${cases.map(({ name }) => name).join(", ")}`,
    );
  }
  return words.length === 0 ? cases : cases.filter((one) => words.some((word) => names(word)(one)));
}
