import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../cli/tool.js";

const read = (...path: string[]) => readFileSync(join(root, ...path), "utf8");

test("what is cited is this version of the tool, under its licence, with the paper", () => {
  const { version, license, name } = JSON.parse(read("package.json")) as Record<string, string>;
  const citation = parse(read("CITATION.cff")) as Record<string, unknown>;
  expect(citation).toMatchObject({ title: name, version, license, type: "software" });
  expect(JSON.stringify(citation.references)).toContain("arXiv:1801.03137");
});

test.each(readdirSync(join(root, ".github/ISSUE_TEMPLATE")).filter((file) => file !== "config.yml"))(
  "the issue form %s has a name, a description and fields with labels",
  (file) => {
    const form = parse(read(".github/ISSUE_TEMPLATE", file)) as {
      body: { id: string; attributes: { label: string } }[];
    };
    expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
    expect(new Set(form.body.map(({ id }) => id)).size).toBe(form.body.length);
    for (const { attributes } of form.body) expect(attributes.label).toMatch(/\S/);
  },
);
