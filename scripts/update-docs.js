// Brings what is written down from the code up to date: the tables of README.md and schema/experiment.schema.json.
// Run after `npm run build`; the tests fail while either is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { documents } from "./documents.js";

for (const { file, content } of documents((name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8"))) {
  writeFileSync(new URL(`../${file}`, import.meta.url), content);
}
