// Loads configs as the built tool does, plugins included, and prints what it says of each: a JSON object from paths to
// messages, "" where there is nothing to say. A process of its own, since a test runner has its own way with modules.
import { builtIn } from "../../dist/built-in/built-in.js";
import { loadExperiment } from "../../dist/config/load.js";

/** @type {Record<string, string>} */
const said = {};
for (const path of process.argv.slice(2)) {
  said[path] = await loadExperiment(path, builtIn).then(
    () => "",
    (error) => String(error.message),
  );
}
console.log(JSON.stringify(said));
