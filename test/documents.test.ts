import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { documents } from "../scripts/documents.js";
import { root } from "./cli/tool.js";

const read = (file: string) => readFileSync(join(root, file), "utf8");

test.each(documents(read))("$file is what the code says (npm run docs brings it up to date)", ({ file, content }) => {
  expect(read(file)).toBe(content);
});
