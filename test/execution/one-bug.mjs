// Imported into a process under test and its workers: the first training that is begun ends by a bug, whichever it is.
import { writeFileSync } from "node:fs";

const file = process.env.ONE_BUG_FILE ?? "";
const { performance } = globalThis;
const now = performance.now.bind(performance);

function isFirst() {
  try {
    writeFileSync(file, "", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

performance.now = () => {
  if (new Error().stack?.includes("trainInto") && isFirst()) throw new TypeError("a mistake of the tool");
  return now();
};
