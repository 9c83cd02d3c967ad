import type { DatasetDefinition } from "./dataset.js";
import { mnist } from "./mnist.js";
import { syntheticDigits } from "./synthetic-digits.js";

/** Every data set that comes with the tool. A new one is a file and a line here. */
export const datasets: readonly DatasetDefinition[] = [mnist, syntheticDigits];
