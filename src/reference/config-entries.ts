import { relative } from "node:path";
import { parse } from "yaml";
import { packageDirectory } from "../base/package-directory.js";
import { readConfigText } from "../config/config-file.js";
import { shippedConfigs } from "../config/shipped.js";
import type { Entry } from "./entry.js";

/** What is to be said of the configs that come with the tool: what they say of themselves. */
export const configEntries = (): Entry[] =>
  [...shippedConfigs()].map(([name, path]) => ({
    kind: "config",
    name,
    summary: (parse(readConfigText(path)) as { description?: string }).description ?? "",
    facts: [
      { term: "file", text: relative(packageDirectory, path) },
      { term: "run it with", text: `run-experiment ${name}` },
    ],
    sections: [],
  }));
