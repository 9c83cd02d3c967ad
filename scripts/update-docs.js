// Brings what is written down from the code up to date: the tables of README.md, docs/reference and schema/experiment.schema.json.
// Run after `npm run build`; the tests fail while either is stale.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { documents } from "./documents.js";

for (const { file, content } of documents((name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8"))) {
  mkdirSync(new URL(".", new URL(`../${file}`, import.meta.url)), { recursive: true });
  writeFileSync(new URL(`../${file}`, import.meta.url), content);
}
