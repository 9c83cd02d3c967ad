import { z } from "zod";
import { writeAtomically } from "../../base/files.js";
import { builtIn } from "../../built-in/built-in.js";
import { configSchemas } from "../../config/schema.js";
import { loadPlugins } from "../../registry/plugins.js";
import type { Registry } from "../../registry/registry.js";
import { printText } from "../output.js";

/** The JSON Schema of config files, for editors: what a file may hold, before defaults are filled in. */
export const jsonSchema = (registry: Registry) =>
  `${JSON.stringify(z.toJSONSchema(configSchemas(registry).file, { io: "input", reused: "ref" }), null, 2)}\n`;

/** Prints the JSON Schema of configs that name these plugins, or writes it to a file. */
export async function schema(file: string | undefined, { plugin = [] }: { plugin?: readonly string[] }): Promise<void> {
  const text = jsonSchema(await loadPlugins(builtIn, plugin, process.cwd()));
  if (file === undefined) printText(text);
  else writeAtomically(file, text);
}
