import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type Block, blocksOf, markOf, proseOf } from "../../scripts/markdown.js";
import { shippedConfigs } from "../../src/config/shipped.js";
import { freshDirectory, root, runTool } from "../cli/tool.js";
import { textOf, writtenPages } from "./pages.js";

type Config = Readonly<Record<string, unknown>>;

/** A small config that holds a fragment: what the fragment leaves out. */
function completed(fragment: Config): Config {
  const { problem, data, optimizer, optimizers, epochs } = fragment;
  const learns = data !== undefined || epochs !== undefined;
  return {
    name: "fragment",
    ...(problem === undefined && { problem: learns ? { name: "mlp" } : { name: "quadratic" } }),
    ...(learns && data === undefined && { data: { name: "synthetic-digits" } }),
    ...(optimizer === undefined && optimizers === undefined && { optimizer: { name: "lars", learningRate: 0.1 } }),
    ...(epochs === undefined && { steps: 10 }),
    ...fragment,
  };
}

/** A learning rate is asked for by every rule; a fragment about something else may leave it out. */
const withRate = (optimizer: unknown) => ({ learningRate: 0.1, ...(optimizer as Config) });

function configOf({ content, marks, language }: Block): Config {
  const written = (language === "json" ? JSON.parse(content) : parse(content)) as Config;
  if (!marks.includes("fragment")) return written;
  const { optimizer, optimizers } = written;
  return completed({
    ...written,
    ...(optimizer !== undefined && { optimizer: withRate(optimizer) }),
    ...(Array.isArray(optimizers) && { optimizers: optimizers.map(withRate) }),
  });
}

/**
 * What the tool says of the configs and fragments of a text: "line 12: …" each, nothing of those that it takes. Files of the
 * page (`title=`) are written down first, as its reader would.
 */
async function refused(text: string): Promise<string[]> {
  const directory = freshDirectory();
  mkdirSync(join(directory, "node_modules"));
  symlinkSync(root, join(directory, "node_modules/run-experiment"));
  const blocks = blocksOf(text);
  for (const block of blocks) {
    const title = markOf(block, "title");
    if (title) writeFileSync(join(directory, title), block.content);
  }
  const configs = blocks.filter(
    ({ language, marks }) => /^(yaml|json)$/.test(language) && !marks.includes("no-config"),
  );
  const paths = configs.map((block) => {
    const path = join(directory, `line-${block.line}.json`);
    writeFileSync(path, JSON.stringify(configOf(block)));
    return path;
  });
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, "test/docs/load-configs.js"), ...paths]);
  return Object.values(JSON.parse(stdout) as Record<string, string>).filter(Boolean);
}

const withConfigs = writtenPages.filter((page) => /^ *```(yaml|json)\b/m.test(textOf(page)));

describe("configs", () => {
  test.concurrent.each(withConfigs)("every config and fragment of %s is one that the tool takes", async (page) => {
    expect(await refused(textOf(page))).toEqual([]);
  });

  test.concurrent.each([
    ["```yaml\nname: x\n```\n", /line-1.json: problem: /],
    ["```yaml fragment\nbachSize: 3\n```\n", /unknown key "bachSize"/],
    ["```yaml fragment\nbatchSize: 3\nepochs: 1\n```\n", /^$/],
  ])("%j is told right", async (text, said) => {
    expect((await refused(text)).join()).toMatch(said);
  });
});

test.each(writtenPages)("a reader of %s is told what its files are called", (page) => {
  const lines = textOf(page).split("\n");
  for (const block of blocksOf(textOf(page))) {
    const title = markOf(block, "title");
    if (title) expect(lines.slice(Math.max(0, block.line - 6), block.line - 1).join("\n")).toContain(`\`${title}\``);
  }
});

/** Other programs that commands of the documents use. */
const otherPrograms = new Set(
  "bash cat cd cut echo export git grep head kill ls mkdir nice python3 python sbatch squeue scancel srun source tail time wait".split(
    " ",
  ),
);
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts,
);
const npmCommands = ["ci", "install", "test", "pack", "exec", "link", "ls", "version", "publish"];

const helps = new Map<string, Promise<string>>();
const helpOf = (command: string): Promise<string> => {
  const known = helps.get(command) ?? runTool([...(command ? [command] : []), "--help"]).then(({ stdout }) => stdout);
  helps.set(command, known);
  return known;
};
let subcommands: readonly string[];
beforeAll(async () => {
  const [, list = ""] = (await helpOf("")).split(/^Commands:$/m);
  subcommands = [...list.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name]) => name!);
  expect(subcommands).toContain("verify");
});

/** What people put in for a word of their own. */
const isPlaceholder = (word: string) => /[<>…*$[\]]/.test(word);

/** What is wrong with the arguments of the tool; undefined if nothing is. */
async function wrongArguments(words: readonly string[], named: readonly string[]): Promise<string | undefined> {
  const [first = "", ...rest] = words;
  const command = subcommands.includes(first) ? first : first.startsWith("-") && rest.length === 0 ? "" : "run";
  const help = await helpOf(command);
  for (const word of words.filter((one) => one.startsWith("-"))) {
    const option = word.split("=")[0]!;
    if (!new RegExp(`(^|[ ,])${option}(?![\\w-])`, "m").test(help)) return `${command} has no option ${option}`;
  }
  if (!["run", "verify"].includes(command) || (first === command && command !== "run")) return undefined;
  const config = first === "run" ? rest[0] : first;
  if (!config || config.startsWith("-") || isPlaceholder(config) || /\.(ya?ml|json)$/.test(config)) return undefined;
  const known = [...shippedConfigs().keys()].some((name) => name === config || name.endsWith(`/${config}`));
  return known || named.includes(config) ? undefined : `there is no command and no config ${config}`;
}

/** What is wrong with a command line; undefined if nothing is. */
async function wrongCommand(line: string): Promise<string | undefined> {
  const parts = line
    .replace(/'[^']*'|"[^"]*"/g, "quoted")
    .replace(/(^|\s)#.*$/, "")
    .split(/\|\||&&|[|;&]|\d?>/);
  for (const part of parts) {
    const words = part.trim().split(/\s+/).filter(Boolean);
    while (words[0] && (/^[A-Z_]+=/.test(words[0]) || ["npx", "nice"].includes(words[0]))) words.shift();
    const [program, ...args] = words;
    if (program === undefined) continue;
    if (program === "run-experiment") {
      const wrong = await wrongArguments(args, []);
      if (wrong) return wrong;
    } else if (program === "npm") {
      if (args[0] === "run" ? !scripts.includes(args[1] ?? "") : !npmCommands.includes(args[0] ?? ""))
        return `there is no npm ${args.slice(0, 2).join(" ")}`;
    } else if (program === "node") {
      const file = args.find((arg) => !arg.startsWith("-"));
      if (file && !isPlaceholder(file) && !existsSync(join(root, file))) return `there is no ${file}`;
    } else if (parts.length === 1 || part === parts[0]) {
      if (!otherPrograms.has(program) && !isPlaceholder(program)) return `no program ${program} is known`;
    }
  }
  return undefined;
}

/** Command lines: of shell blocks, of indented code, and within lines. */
function commandsOf(text: string): string[] {
  const shell = blocksOf(text).filter(({ language }) => ["sh", "bash", "shell"].includes(language));
  const lines = shell.flatMap(({ content }) => content.replaceAll("\\\n", " ").split("\n"));
  const workflow = blocksOf(text).flatMap(({ content, language }) =>
    language === "yaml" ? [...content.matchAll(/^[- ]*run: (?![|>])(.*)$/gm)].map(([, command]) => command!) : [],
  );
  const indented = [...text.matchAll(/^ {4}((?:[A-Z_]+=\S+ )?(?:npx|npm|node|run-experiment) .*)$/gm)].map(
    ([, line]) => line!.split(/ {2,}/)[0]!,
  );
  const inline = [...text.matchAll(/`((?:npx )?run-experiment [^`]*|npm (?:run|test|ci)\b[^`]*)`/g)].map(
    ([, line]) => line!,
  );
  return [...lines, ...workflow, ...indented, ...inline].filter((line) => line.trim() !== "");
}

describe("commands", () => {
  test.each(writtenPages)("every command of %s exists, with its options", async (page) => {
    const wrong = [];
    for (const line of commandsOf(textOf(page))) {
      const problem = await wrongCommand(line);
      if (problem) wrong.push(`${line}: ${problem}`);
    }
    expect(wrong).toEqual([]);
  });

  test.each([
    ["npx run-experiment verfy lars-mnist", "there is no command and no config verfy"],
    ["run-experiment verify norms --twise", "verify has no option --twise"],
    ["npm run dosc", "there is no npm run dosc"],
    ["node scripts/no-such-script.js", "there is no scripts/no-such-script.js"],
    ["run-experimnt norms", "no program run-experimnt is known"],
  ])("%s is noticed", async (line, problem) => {
    expect(await wrongCommand(line)).toBe(problem);
  });
});

test("prose is what is outside of code", () => {
  expect(proseOf("a `b` c\n\n```\nd\n```\ne\n")).toBe("a  c\n\n\n\n\ne\n");
});
