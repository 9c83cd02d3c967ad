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
 * The cases whose name or section begins with one of the words; all for none. On a GPU only those that it has a part in.
 *
 * @param {readonly string[]} words
 * @param {boolean} isOnGpu
 */
export function chosenCases(words, isOnGpu) {
  const possible = isOnGpu ? cases.filter(({ onGpu }) => onGpu) : cases;
  const names =
    (/** @type {string} */ word) =>
    (/** @type {Case} */ { name, section }) =>
      name.startsWith(word) || section.startsWith(word);
  const unknown = words.find((word) => !possible.some(names(word)));
  if (unknown !== undefined) {
    throw new ExperimentError(
      `no case or section begins with "${unknown}"; there are ${possible.map(({ name }) => name).join(", ")}`,
    );
  }
  return words.length === 0 ? possible : possible.filter((one) => words.some((word) => names(word)(one)));
}
