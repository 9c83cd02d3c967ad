import { z } from "zod";
import type { Registry } from "../registry/registry.js";
import { configSchemas } from "./schema.js";

/** The JSON Schema of config files, for editors: what a file may hold, before defaults are filled in. */
export const jsonSchema = (registry: Registry): string =>
  `${JSON.stringify(z.toJSONSchema(configSchemas(registry).file, { io: "input", reused: "ref" }), null, 2)}\n`;
