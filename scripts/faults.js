/**
 * Puts deliberate faults into a copy of the tree, one at a time, and demands that each is noticed: by the tests it names,
 * and with `--verify` by `run-experiment verify` of the configs it names. A fault that nothing notices is a hole in the
 * tests.
 *
 *     npm run faults                 all of them
 *     npm run faults -- csv lars     those whose names hold one of these words
 *     npm run faults -- --verify     with verification as well
 *     npm run faults -- --check      only whether each still fits the tree
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { misfits, readFaults } from "./fault-list.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** @typedef {import("./fault-list.js").Fault} Fault */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { verify: { type: "boolean", default: false }, check: { type: "boolean", default: false } },
});
const faults = readFaults().filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
);
if (faults.length === 0) throw new Error(`no fault's name holds ${positionals.join(" or ")}`);

const stale = faults.flatMap(misfits);
if (stale.length > 0 || values.check) {
  process.stdout.write(
    [...stale, `${faults.length - stale.length} of ${faults.length} faults fit the tree`, ""].join("\n"),
  );
  process.exit(stale.length > 0 ? 1 : 0);
}

/** A copy of what is built, run and tested; the packages are those that are installed. */
function copyOfTree() {
  const copy = mkdtempSync(join(tmpdir(), "faults-"));
  const left = new Set(["node_modules", ".git", "reports", "dist"]);
  cpSync(root, copy, {
    recursive: true,
    filter: (path) => !left.has(path.slice(root.length).split("/")[0] ?? "") && !path.includes("/results/paper/runs"),
  });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  return copy;
}

const tree = copyOfTree();
process.on("exit", () => rmSync(tree, { recursive: true, force: true }));
const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    interruption.abort();
    process.exit(130);
  });
}

/**
 * Whether the command succeeds in the copy.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<boolean>}
 */
const succeeds = (command, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: tree, stdio: "ignore", signal: interruption.signal });
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0));
  });

/** Types are not checked: a fault may leave something unused. */
const build = async () =>
  (await succeeds("node_modules/.bin/tsc", ["-p", "tsconfig.build.json", "--noCheck"])) &&
  (await succeeds("npm", ["run", "build:bundle"]));

/** The modules of WebAssembly. */
const buildAssembly = () => succeeds("npm", ["run", "build:assembly"]);

/** @param {readonly string[]} files */
const testsPass = (files) => succeeds("node_modules/.bin/vitest", ["run", "--bail", "1", ...files]);

/** @param {readonly string[]} configs */
function verificationPasses(configs) {
  const out = mkdtempSync(join(tree, "verified-"));
  return succeeds("node", ["bin/run-experiment.js", "verify", ...configs, "--out", out, "--quiet"]);
}

/**
 * The test files that pass although the fault is there.
 *
 * @param {readonly string[]} files
 */
async function blindTests(files) {
  const blind = [];
  for (const file of files) if (await testsPass([file])) blind.push(file);
  return blind;
}

/**
 * Why the fault was not noticed by what it names, if it was not.
 *
 * @param {Fault} fault
 */
async function outcomeOf({ file, find, replace, noticedBy: { tests, verify } }) {
  const path = join(tree, file);
  const source = readFileSync(path, "utf8");
  const isAssembly = file.startsWith("src/compute/assembly/");
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  try {
    if (!(await (isAssembly ? buildAssembly() : build())))
      return { tests: "it does not build", verify: "", isNoticed: false };
    const blind = await blindTests(tests);
    const isVerified = values.verify && verify.length > 0;
    const isMissed = isVerified && (await verificationPasses(verify));
    return {
      tests: blind.length > 0 ? `UNNOTICED by ${blind.join(", ")}` : tests.length > 0 ? "noticed" : "—",
      verify: isVerified ? (isMissed ? "UNNOTICED" : "noticed") : verify.length > 0 ? "not asked" : "—",
      isNoticed: blind.length === 0 && !isMissed && (tests.length > 0 || isVerified),
    };
  } finally {
    writeFileSync(path, source);
    if (isAssembly) await buildAssembly();
  }
}

/** @param {readonly string[]} cells */
const line = (...cells) => process.stdout.write(`| ${cells.join(" | ")} |\n`);

const tests = [...new Set(faults.flatMap(({ noticedBy }) => noticedBy.tests))];
const configs = [...new Set(faults.flatMap(({ noticedBy }) => noticedBy.verify))];
if (!(await build()) || !(await buildAssembly())) throw new Error("the tree does not build");
if (tests.length > 0 && !(await testsPass(tests))) {
  throw new Error(`the tests fail without any fault: npx vitest run ${tests.join(" ")}`);
}
if (values.verify && configs.length > 0 && !(await verificationPasses(configs))) {
  throw new Error(`verification fails without any fault: run-experiment verify ${configs.join(" ")}`);
}

line("fault", "file", "tests", "verify");
line("---", "---", "---", "---");
let unnoticed = 0;
for (const fault of faults) {
  const outcome = await outcomeOf(fault);
  if (!outcome.isNoticed) unnoticed++;
  line(fault.name, fault.file, outcome.tests, outcome.verify);
}
process.stdout.write(`\n${faults.length - unnoticed} of ${faults.length} faults were noticed\n`);
process.exitCode = unnoticed > 0 ? 1 : 0;
