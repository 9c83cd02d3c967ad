import { writeAtomically } from "../../base/files.js";
import { builtIn } from "../../built-in/built-in.js";
import { jsonSchema } from "../../config/json-schema.js";
import { loadPlugins } from "../../registry/plugins.js";
import { printText } from "../output.js";

/** Prints the JSON Schema of configs that name these plugins, or writes it to a file. */
export async function schema(file: string | undefined, { plugin = [] }: { plugin?: readonly string[] }): Promise<void> {
  const text = jsonSchema(await loadPlugins(builtIn, plugin, process.cwd()));
  if (file === undefined) printText(text);
  else writeAtomically(file, text);
}
