import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { backendNames } from "../../src/compute/backends.js";
import { freshDirectory, runTool } from "./tool.js";

const directory = freshDirectory();
const has = (shell: string) => spawnSync(shell, ["--version"]).status === 0;

beforeAll(() => {
  mkdirSync(join(directory, "library"));
  for (const name of ["local.yaml", "a name with spaces.yaml", "a*star.yaml"]) writeFileSync(join(directory, name), "");
});

describe.runIf(has("bash"))("in bash", () => {
  let script = "";
  beforeAll(async () => {
    script = (await runTool(["completion", "bash"])).stdout;
  });

  /** What bash offers after these words, the last of which is being typed. */
  function offered(...words: string[]): string[] {
    const program = `${script}
complete -p run-experiment >/dev/null || exit 1
COMP_WORDS=(run-experiment "$@") COMP_CWORD=$#
_run_experiment
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", program, "bash", ...words], {
      cwd: directory,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return stdout.split("\n").filter((line) => line !== "");
  }

  test.each<[string[], string[]]>([
    [["ver"], ["verify"]],
    [["lars"], ["lars-mnist"]],
    [["paper/no"], ["paper/norms", "paper/norms-dense-spectrum", "paper/norms-sparse-spectrum"]],
    [["loc"], ["local.yaml"]],
    [["a"], ["a*star.yaml", "a name with spaces.yaml"]],
    [["verify", "--ba"], ["--backend"]],
    [
      ["verify", "--backend", "w"],
      ["webgpu", "wasm", "wasm-fma"],
    ],
    [["lars-mnist", "--exec"], ["--executor"]],
    [
      ["lars-mnist", "--executor", ""],
      ["local", "slurm"],
    ],
    [["lars-mnist", "--jobs", ""], []],
    [["report", ""], ["library"]],
    [["--out", "l"], ["library"]],
    [
      ["reproduce", "nor"],
      ["norms", "norms-dense-spectrum", "norms-sparse-spectrum"],
    ],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [
      ["native", "--"],
      ["--cuda", "--python", "--tensorflow", "--force", "--remove", "--help"],
    ],
    [["tas"], []], // a hidden command
  ])("%j is completed to %j", (words, expected) => {
    expect(offered(...words).sort()).toEqual([...expected].sort());
  });
});

test.each([
  ["zsh", ["-n"]],
  ["fish", ["--no-config"]],
])("the script for %s knows every command, and is read without complaint where there is one", async (shell, args) => {
  const { stdout } = await runTool(["completion", shell]);
  const help = (await runTool(["--help"])).stdout;
  const commands = [...help.matchAll(/^ {2}([a-z]+) .*/gm)].map(([, name]) => name!);
  expect(commands).toContain("reproduce");
  for (const command of commands) expect(stdout).toMatch(new RegExp(`\\b${command}\\b`));
  if (!has(shell)) return;
  writeFileSync(join(directory, shell), stdout);
  expect(spawnSync(shell, [...args, shell], { cwd: directory, encoding: "utf8" }).stderr).toBe("");
});

test.runIf(has("fish"))("fish offers what there is", async () => {
  writeFileSync(join(directory, "script.fish"), (await runTool(["completion", "fish"])).stdout);
  const offered = (line: string) => {
    const program = `source script.fish; complete -C '${line}'`;
    const { stdout } = spawnSync("fish", ["--no-config", "-c", program], { cwd: directory, encoding: "utf8" });
    return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]!]));
  };
  expect(offered("run-experiment paper/no")).toEqual(["paper/norms"]);
  expect(offered("run-experiment verify --backend w").sort()).toEqual(["wasm", "wasm-fma", "webgpu"]);
  expect(offered("run-experiment verify --junit loc")).toEqual(["local.yaml"]);
});

test("the help names every backend", async () => {
  const { stdout } = await runTool(["run", "--help"]);
  expect(stdout.replace(/\s+/g, " ")).toContain(`${["auto", ...backendNames].join(", ")} or float64`);
});

test("an unknown shell is refused", async () => {
  expect(await runTool(["completion", "tcsh"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/'tcsh' is invalid .* Allowed choices are bash, zsh, fish/),
  });
});
