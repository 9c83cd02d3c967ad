import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runsDirectory } from "../results/summary.js";
import type { Check, Verified } from "./check.js";
import { differences, differenceText } from "./compare.js";
import { tracesOf } from "./reference-differences.js";

const exactly = { agree: (a: string, b: string) => a === b, tolerance: () => ({ relative: 0, absolute: 0 }) };

/** The trace files of two executions of the same runs, byte by byte. */
export function repetitionChecks(first: Verified, second: Verified): Check[] {
  return first.manifests.map((manifest): Check => {
    const check = { experiment: first.name, kind: "repetition" as const, name: manifest.label };
    const path = (directory: string, name: string) => join(runsDirectory(directory), manifest.id, name);
    const differing = ["trace.csv", "layers.csv", "weights.npz"].filter((name) => {
      const [one, other] = [path(first.directory, name), path(second.directory, name)];
      if (existsSync(one) !== existsSync(other)) return true;
      return existsSync(one) && !readFileSync(one).equals(readFileSync(other));
    });
    if (differing.length === 0) return { ...check, outcome: "passed", detail: "the same bytes twice" };
    const again = second.manifests.find(({ id }) => id === manifest.id);
    const [one, other] = [tracesOf(first.directory, manifest), again && tracesOf(second.directory, again)];
    const found = differing.flatMap((name) => {
      const [a, b] = [one.get(name), other?.get(name)];
      return a && b ? differences(b, a, exactly) : [];
    });
    const detail = found.length > 0 ? differenceText(found.sort((a, b) => a.step - b.step)) : differing.join(", ");
    return { ...check, outcome: "failed", detail: `rule ${manifest.config.optimizer.name}: ${detail}` };
  });
}
