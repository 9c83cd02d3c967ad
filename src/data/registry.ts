import { cifar10 } from "./cifar10.js";
import { csv } from "./csv.js";
import type { DatasetDefinition } from "./dataset.js";
import { fashionMnist } from "./fashion-mnist.js";
import { mnist } from "./mnist.js";
import { npz } from "./npz.js";
import { idx } from "./own-idx.js";
import { syntheticDigits } from "./synthetic-digits.js";
import { syntheticShapes } from "./synthetic-shapes.js";

/** Every data set that comes with the tool. A new one is a file and a line here. */
export const datasets: readonly DatasetDefinition[] = [
  mnist,
  fashionMnist,
  cifar10,
  syntheticDigits,
  syntheticShapes,
  csv,
  npz,
  idx,
];
