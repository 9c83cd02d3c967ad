import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freshDirectory, root } from "./cli/tool.js";

/** The texts of all files below a directory, by their paths. */
const filesIn = (directory: string) =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [path.slice(directory.length), readFileSync(path, "utf8")]),
  );

test("docs/api is what the docstrings say (npm run docs brings it up to date)", async () => {
  const out = freshDirectory();
  await promisify(execFile)("npx", ["--no", "--", "typedoc", "--out", out], { cwd: join(root, "docs") });
  expect(filesIn(out)).toEqual(filesIn(join(root, "docs/api")));
});
