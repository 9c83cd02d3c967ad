import { z } from "zod";
import { fileSchema } from "../../config/schema.js";
import { writeAtomically } from "../../results/files.js";
import { printText } from "../output.js";

/** The JSON Schema of config files, for editors: what a file may hold, before defaults are filled in. */
export const jsonSchema = () =>
  `${JSON.stringify(z.toJSONSchema(fileSchema, { io: "input", reused: "ref" }), null, 2)}\n`;

/** Prints the JSON Schema, or writes it to a file. */
export function schema(file: string | undefined): void {
  if (file === undefined) printText(jsonSchema());
  else writeAtomically(file, jsonSchema());
}
