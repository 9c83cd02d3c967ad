import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { markdownText } from "../../src/base/markdown.js";
import { printable, printableJson } from "../../src/base/text.js";
import { consoleLine } from "../../src/cli/output.js";
import { manifest, writeConfig } from "../execution/support.js";
import { freshDirectory, root, runTool } from "./tool.js";

const tool = join(root, "bin/run-experiment.js");
const convex = { problem: { name: "quadratic", conditionNumber: 10 }, steps: 20 };

/** What a terminal or a CI system would obey. */
const obeyed = /(?!\n)\p{Cc}|[\u2028\u2029\u202e]|^\s*::|##\[/mu;

test.each([
  ["\u001b[31mred", "␛[31mred"],
  ["two\nlines\t\u007f", "two␊lines␉␡"],
  ["C1 \u009b2J", "C1 \\u009b2J"],
  ["turned \u202e round", "turned \\u202e round"],
  ["\u2028", "\\u2028"],
  ["half \ud83d", "half \\ud83d"],
  ["whole 😀 é ‖w‖₂", "whole 😀 é ‖w‖₂"],
])("%j is printed as %j", (text, shown) => {
  expect(printable(text)).toBe(shown);
  expect(JSON.parse(printableJson(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
});

test.each([
  ["::error::stop", ": :error::stop"],
  ["  ::set-output name=a::b", "  : :set-output name=a::b"],
  ["a ::error::", "a ::error::"],
  ["x ##[error] and ##vso[task]", "x # #[error] and # #vso[task]"],
  ["\n::error::", "␊::error::"],
])("%j commands no CI system", (line, shown) => expect(consoleLine(line)).toBe(shown));

test.each([
  ["*b* _e_ `c` [a](b) $x$ ~~s~~", "\\*b\\* \\_e\\_ \\`c\\` \\[a\\](b) \\$x\\$ \\~\\~s\\~\\~"],
  ["‖w_k − w*‖ < -1.5 & <img>", "‖w_k − w\\*‖ &lt; -1.5 &amp; &lt;img&gt;"],
  ["# a", "\\# a"],
  ["- a\n- b", "\\- a - b"],
  ["12. a", "12\\. a"],
])("%j is text in Markdown", (text, escaped) => expect(markdownText(text)).toBe(escaped));

test("hostile labels, claims, values and names reach neither terminal nor CI log nor any summary as commands", async () => {
  const directory = freshDirectory();
  const evil = "::error::\u001b[2J\u0007\u009b31m\r\n::warning::\u202e##[error]";
  const label = `${evil} one`;
  const config = {
    ...convex,
    name: "hostile",
    description: evil,
    optimizers: [
      { name: "lars", learningRate: 0.1, label },
      { name: "sgd", learningRate: 0.1, label: `${evil} two` },
    ],
    expect: [{ claim: evil, source: evil, value: { column: "loss", statistic: "final" }, below: -1 }],
  };
  const args = [writeConfig(directory, config), "-o", directory];
  const results = join(directory, "hostile");
  const junit = join(directory, "junit.xml");
  const printed = [
    await runTool([...args, "--dry-run"]),
    await runTool(args),
    await runTool(["verify", results, "--junit", junit, "--github"], { env: { GITHUB_STEP_SUMMARY: "" } }),
    await runTool(["summarize", results]),
    ...["show", "diff"].map((command) => {
      const runs = readdirSync(join(results, "runs")).map((id) => join(results, "runs", id));
      return runTool([command, ...(command === "show" ? runs.slice(0, 1) : runs)]);
    }),
    await runTool([...args, `--no-such-option${evil}`]),
    await runTool([`${evil}.json`]),
    await runTool([...args, "--sweep", `optimizer.${evil}=1,2`]),
  ];
  for (const { stdout, stderr } of await Promise.all(printed)) {
    expect(stdout).not.toMatch(obeyed);
    expect(stderr).not.toMatch(obeyed);
  }
  expect(readFileSync(junit, "utf8")).not.toMatch(/(?!\n)\p{Cc}|[\u2028\u202e]/u);

  // Machines get the values themselves.
  const { stdout } = await runTool([...args, "--json"]);
  expect(stdout).not.toMatch(obeyed);
  const [{ runs }] = JSON.parse(stdout) as [{ runs: { id: string; label: string }[] }];
  expect(runs[0]!.label).toBe(`${label} seed=0`);
  expect(manifest(results, runs[0]!.id).label).toBe(`${label} seed=0`);
});

/** Runs a line of shell in which "$@" is the tool with these arguments; `| head` and `2>` are the shell's. */
const shell = (line: string, args: readonly string[]) =>
  new Promise<string>((resolve) => {
    execFile("bash", ["-c", line, "bash", process.execPath, tool, ...args], { cwd: root }, (_, stdout) =>
      resolve(stdout),
    );
  });

test.each([
  ["standard output", '"$@" | head -n 0; echo "code $PIPESTATUS"'],
  ["standard error", '"$@" 2> >(head -n 1 >/dev/null) >/dev/null; echo "code $?"'],
  ["both", '"$@" 2>&1 | head -n 1 >/dev/null; echo "code $PIPESTATUS"'],
])("a reader that closes %s ends no sweep, and the exit code is that of the runs", async (_, line) => {
  const directory = freshDirectory();
  const sweep = { ...convex, optimizer: { name: "lars", learningRate: 0.1 }, seeds: [0, 1, 2, 3] };
  const path = writeConfig(directory, { ...sweep, name: "piped" });
  expect(await shell(line, [path, "-o", directory, "-j", "1"])).toBe("code 0\n");
  const runs = readdirSync(join(directory, "piped", "runs"));
  expect(runs.map((id) => manifest(join(directory, "piped"), id).status)).toEqual(Array(4).fill("completed"));

  mkdirSync(join(directory, "failing", "summary.csv"), { recursive: true });
  const failing = writeConfig(directory, { ...sweep, name: "failing" });
  expect(await shell(line, [failing, "-o", directory, "-j", "1"])).toBe("code 3\n");
});

test.skipIf(!existsSync("/dev/full"))("results that cannot be printed are told, and the runs are made", async () => {
  const directory = freshDirectory();
  const path = writeConfig(directory, { ...convex, name: "full", optimizer: { name: "lars", learningRate: 0.1 } });
  const told = await shell('"$@" 2>&1 >/dev/full; echo "code $?"', [path, "-o", directory, "-q", "--json"]);
  expect(told).toMatch(/^error: cannot write to standard output: ENOSPC.*\ncode 3\n$/);
  expect(existsSync(join(directory, "full", "report.html"))).toBe(true);
});

test("a report that cannot be written fails the command, with --quiet too", async () => {
  const directory = freshDirectory();
  const path = writeConfig(directory, { ...convex, name: "blocked", optimizer: { name: "lars", learningRate: 0.1 } });
  mkdirSync(join(directory, "blocked", "report.html"), { recursive: true });
  const { code, stderr } = await runTool([path, "-o", directory, "-q"]);
  expect([code, stderr]).toEqual([3, expect.stringMatching(/^error: no report: cannot write .*report\.html: EISDIR/)]);
});
