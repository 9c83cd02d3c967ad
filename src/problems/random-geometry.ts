import { Matrix, QrDecomposition } from "ml-matrix";
import type { RandomStream } from "../base/random.js";
import { float64 } from "../compute/float64.js";

/** A vector of independent standard normals. */
export function normalVector(dimension: number, stream: RandomStream): Float64Array {
  return Float64Array.from({ length: dimension }, () => stream.normal());
}

/** Uniform on the sphere of this radius about the origin: a normal vector, scaled. */
export function randomOnSphere(dimension: number, radius: number, stream: RandomStream): Float64Array {
  const vector = normalVector(dimension, stream);
  return float64.scale(radius / float64.norm(vector, 2), vector);
}

/**
 * A Haar-distributed orthogonal matrix, dimension × dimension: the Q of a normal matrix's QR decomposition, its columns'
 * signs chosen so that R has a positive diagonal (Mezzadri, "How to generate random matrices from the classical compact
 * groups", 2007).
 */
export function haarRotation(dimension: number, stream: RandomStream): Matrix {
  const normals = Matrix.from1DArray(dimension, dimension, normalVector(dimension * dimension, stream));
  const { orthogonalMatrix, upperTriangularMatrix } = new QrDecomposition(normals);
  const signs = upperTriangularMatrix.diagonal().map((entry) => (entry < 0 ? -1 : 1));
  return orthogonalMatrix.mulRowVector(signs);
}
