import { createHash } from "node:crypto";
import { extname, resolve } from "node:path";
import { Matrix as DenseMatrix } from "ml-matrix";
import { z } from "zod";
import { ExperimentError, messageOf } from "../base/errors.js";
import { readOwnFile } from "../data/own-file.js";

const rows = z.array(z.array(z.number()).min(1)).min(1);

/** A given matrix of eigenvectors. */
export const givenRotation = z.union(
  [
    rows.describe("The matrix, row by row; its columns are the eigenvectors."),
    z.strictObject({
      file: z
        .string()
        .min(1)
        .describe("CSV file of the matrix, without a header, or JSON file; relative to the config's directory."),
    }),
  ],
  { error: "expected a matrix as a list of rows, or {file}" },
);

export type GivenRotation = z.infer<typeof givenRotation>;

/** Eigenvectors as columns, and the SHA-256 of what a file said of them. */
export interface Rotation {
  readonly eigenvectors: DenseMatrix;
  readonly checksum?: string;
}

/** Whether a rotation is one of the user's, not one that has a name. */
export const isGiven = (rotation: string | GivenRotation | undefined): rotation is GivenRotation =>
  typeof rotation === "object";

/** Whether only reading a file tells what the rotation is. */
export const isInFile = (rotation: string | GivenRotation | undefined): boolean =>
  isGiven(rotation) && !Array.isArray(rotation);

/** By how much the columns' products may differ from 0 and 1: as six digits of each entry let them. */
const roundedBy = 1e-5;

/**
 * The orthogonal matrix nearest to the given one, which may be rounded: otherwise H would not have the spectrum asked
 * for. By Newton's iteration for the polar factor, Q ← Q(3I − QᵀQ)/2, whose error is squared at each step.
 *
 * @throws ExperimentError if the matrix has another size, or is not orthogonal; the file's errors name it
 */
export function rotationOf(given: GivenRotation, dimension: number, directory: string): Rotation {
  const place = Array.isArray(given) ? "problem.rotation" : resolve(directory, given.file);
  const matrix = Array.isArray(given) ? given : readRows(place);
  if (matrix.length !== dimension || matrix.some((row) => row.length !== dimension)) {
    throw new ExperimentError(
      `${place} has ${matrix.length} rows of ${[...new Set(matrix.map((row) => row.length))].join(", ")} numbers; expected ${dimension} of ${dimension}, the dimension of the problem`,
    );
  }
  let Q = new DenseMatrix(matrix);
  const gram = () => Q.transpose().mmul(Q);
  const deviation = DenseMatrix.sub(gram(), DenseMatrix.eye(dimension)).abs().max();
  if (!(deviation <= roundedBy)) {
    throw new ExperimentError(
      `${place} is not orthogonal: products of its columns are off by ${deviation.toPrecision(2)}; expected at most ${roundedBy}, so give unit vectors at right angles, with six digits or more`,
    );
  }
  for (let i = 0; i < 3; i++) Q = Q.mmul(DenseMatrix.eye(dimension, dimension, 3).sub(gram()).mul(0.5));
  if (Array.isArray(given)) return { eigenvectors: Q };
  return { eigenvectors: Q, checksum: createHash("sha256").update(JSON.stringify(matrix)).digest("hex") };
}

const mostBytes = 1e9;

/** The rows of a CSV file of numbers without a header, or of a JSON file. */
function readRows(path: string): number[][] {
  const mend = "give one row a line as numbers with commas between them, or a .json file with a list of rows";
  const text = readOwnFile(path, "problem.rotation.file", mostBytes).bytes.toString();
  try {
    const isJson = extname(path).toLowerCase() === ".json";
    const lines = isJson ? JSON.parse(text) : text.trim().split(/\r?\n/).map(numbersIn);
    const matrix = rows.safeParse(lines);
    if (matrix.success) return matrix.data;
    const { path: place, message } = matrix.error.issues[0]!;
    const at = place.length > 0 ? ` (row ${place.map((index) => Number(index) + 1).join(", column ")})` : "";
    throw new Error(`is no matrix: ${message}${at}; ${mend}`);
  } catch (cause) {
    throw new ExperimentError(`${path} ${messageOf(cause)}`, { cause });
  }
}

/** Number("") would be 0. */
const numbersIn = (line: string): number[] =>
  line.split(",").map((cell) => (cell.trim() === "" ? Number.NaN : Number(cell)));
