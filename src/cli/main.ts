import { Argument, Command, CommanderError } from "commander";
import { type ExitReason, ExperimentError, exitCodes } from "../base/errors.js";
import { toolVersion } from "../results/provenance.js";
import { exampleText } from "./examples.js";
import { tellBug } from "./failures.js";
import { outputFailure, printText, tell, tellText } from "./output.js";

const collect = (value: string, previous: string[] = []) => [...previous, value];

let reason: ExitReason = "ok";

const namesOf = (program: Command) => program.commands.map((command) => command.name());

/** The commands; each loads what it needs only when it is used, so that help and usage errors cost nothing. */
export function createProgram(): Command {
  const program = new Command("run-experiment")
    .description("Run optimizer experiments from config files and hold every step against the theory.")
    .version(toolVersion)
    .showHelpAfterError("(run-experiment --help lists commands and options)")
    .configureHelp({ sortSubcommands: false })
    .configureOutput({ writeOut: printText, writeErr: tellText })
    .exitOverride();

  program
    .command("run", { isDefault: true })
    .description("run the experiments of these configs (the default command)")
    .argument(
      "<config...>",
      "YAML or JSON config files, or names of configs that come with the tool, such as lars-mnist",
    )
    .option("-o, --out <directory>", "where results go", "results")
    .option("--set <path=value>", "change a config value, e.g. optimizer.momentum=0.9 (repeatable)", collect)
    .option(
      "--sweep <path=values>",
      "vary a config value, e.g. optimizer.learningRate=logspace:1e-4:1:9; += adds values to an axis (repeatable)",
      collect,
    )
    .option("--extend", "where the best lies at the end of a swept axis, go on with the axis, three times at most")
    .option("--seed <n>", "run with this seed in place of the config's (repeatable)", collect)
    .option("--backend <name>", "auto, tensorflow, cuda, webgpu, wasm, wasm-fma, cpu or float64")
    .option("-j, --jobs <n>", "runs at once (default: one a core, one on a GPU)")
    .option(
      "--batch-runs <n>",
      "train up to n runs together that differ in numbers alone: auto, off or n (default: auto)",
    )
    .option("--executor <name>", "where runs are made: local, or slurm (options under slurm in the config)", "local")
    .option("--attach", "with slurm: follow what was submitted before")
    .option("--cancel", "with slurm: cancel the jobs when interrupted")
    .option("--shard <i/n>", "make only the i-th of n parts of the runs, for any other scheduler")
    .option("--dry-run", "print the resolved config and the runs, and stop")
    .option("--force", "make finished runs again; the earlier ones are set aside")
    .option("--escape-formulas", "in summary.csv, put ' before texts that a spreadsheet would compute")
    .option("--all", "print every run, however many there are")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print the results as JSON on standard output")
    .action(async (configs: string[], options: unknown) => {
      const { refuseMisspeltCommand } = await import("./unknown-command.js");
      if (program.args[0] !== "run") refuseMisspeltCommand(configs[0]!, namesOf(program));
      const { run } = await import("./commands/run.js");
      reason = await run(configs, options);
    });

  program
    .command("verify")
    .description("run what is missing, then check bounds, expectations and committed references")
    .argument("<config-or-results...>", "configs as for run, or directories of results")
    .option("-o, --out <directory>", "where results go", "results")
    .option("--references <directory>", "where references are", "results/reference")
    .option("--set <path=value>", "change a config value (repeatable)", collect)
    .option("--backend <name>", "as for run")
    .option("-j, --jobs <n>", "as for run")
    .option("--escape-formulas", "in summary.csv, put ' before texts that a spreadsheet would compute")
    .option("--update", "write the references anew and show what changes")
    .option("--twice", "run everything once more, aside, and compare the bytes")
    .option("--junit <file>", "write the checks as JUnit XML")
    .option("--github", "append a summary in Markdown to $GITHUB_STEP_SUMMARY (else to standard output)")
    .option("--all", "print every check, those that passed too")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print the checks as JSON on standard output")
    .action(async (paths: string[], options: unknown) => {
      const { verify } = await import("./commands/verify.js");
      reason = await verify(paths, options);
    });

  program
    .command("show")
    .description("print what a run is and how it came about, or which runs there are")
    .argument("<run>", "directory of a run, such as results/lars-mnist/runs/…, or of an experiment")
    .option("--json", "print the manifest, or those of the runs, as JSON")
    .action(async (path: string, options: { json?: boolean }) =>
      (await import("./commands/show.js")).show(path, options),
    );

  program
    .command("diff")
    .description("tell how two runs differ: config, provenance, and the first step at which their traces part")
    .argument("<run>", "directory of a run")
    .argument("<other>", "directory of another run")
    .option("--json", "print it as JSON")
    .action(async (one: string, other: string, options: { json?: boolean }) =>
      (await import("./commands/diff.js")).diff(one, other, options),
    );

  program
    .command("report")
    .description("write report.html and figures/*.svg of results, and an index of several experiments")
    .argument("<results...>", "directories of experiments, or one that holds several")
    .action(async (paths: string[]) => (await import("./commands/report.js")).report(paths));

  program
    .command("reproduce")
    .description("run the experiments of the paper, or the comparisons, and write every claim with its verdict")
    .argument("[experiment...]", "paper, compare, or names of experiments of one of them (default: paper)")
    .option("-o, --out <directory>", "where results go (default: results/paper or results/compare)")
    .option("--references <directory>", "where references are (default: those of the tool)")
    .option("--backend <name>", "as for run")
    .option("-j, --jobs <n>", "as for run")
    .option("--check", "compare with the claims that are there and write none; code 4 where they differ")
    .option("--force", "make finished runs again; the earlier ones are set aside")
    .option("--all", "print every claim, those that hold too")
    .option("-q, --quiet", "print nothing but errors")
    .option("--json", "print the claims as JSON on standard output")
    .action(async (names: string[], options: unknown) => {
      const { reproduce } = await import("./commands/reproduce.js");
      reason = await reproduce(names, options);
    });

  program
    .command("task", { hidden: true })
    .argument("<file>")
    .argument("<index>")
    .action(async (file: string, index: string) => {
      const { task } = await import("./commands/task.js");
      reason = await task(file, index);
    });

  program
    .command("summarize")
    .description("rebuild summary.csv from run directories, also from several machines' directories")
    .argument(
      "<directory...>",
      "an experiment's directory, or one that holds experiments; those of one name are merged",
    )
    .option(
      "-o, --out <directory>",
      "where summaries go (default: the experiment's own directory, the first one named)",
    )
    .option("--escape-formulas", "in summary.csv, put ' before texts that a spreadsheet would compute")
    .action(async (directories: string[], options: { out?: string; escapeFormulas?: boolean }) =>
      (await import("./commands/summarize.js")).summarize(directories, options),
    );

  program
    .command("export")
    .description("write the traces of experiments as one long table, CSV or Parquet")
    .argument("<directory...>", "an experiment's directory, or one that holds experiments")
    .option("--format <name>", "csv or parquet (default: what the name of the file says, else csv)")
    .option("-o, --out <file>", "where it goes (default: traces, layers or runs in the experiment's directory)")
    .option("--layers", "what was traced of each layer, in place of trace.csv")
    .option("--summary", "one row a run: what summary.csv tells")
    .option("--escape-formulas", "in CSV, put ' before texts that a spreadsheet would compute")
    .action(async (directories: string[], options: unknown) =>
      (await import("./commands/export.js")).exportTable(directories, options),
    );

  program
    .command("profile")
    .description("tell on how many problems each optimizer reaches the target nearly as soon as the best one")
    .argument("<directory...>", "directories of experiments with a target, or one that holds them")
    .option("--cost <name>", "what it takes: steps, epochs or seconds", "steps")
    .option("-o, --out <file>", "write the profiles as CSV too")
    .action(async (directories: string[], options: unknown) =>
      (await import("./commands/profile.js")).profile(directories, options),
    );

  program
    .command("list")
    .description("list problems, datasets, optimizers, schedules, bounds, and the configs that come with the tool")
    .argument("[name...]", "tell all about these, such as lars, quadratic, mnist, radius, evaluate, gap")
    .option("--plugin <file or package>", "with what this plugin adds (repeatable)", collect)
    .option("--json", "print it as JSON")
    .action(async (names: string[], options: { plugin?: string[]; json?: boolean }) =>
      (await import("./commands/list.js")).list(names, options),
    );

  program
    .command("schema")
    .description("print the JSON Schema of config files, or write it to a file")
    .argument("[file]")
    .option("--plugin <file or package>", "with what this plugin adds (repeatable)", collect)
    .action(async (file: string | undefined, options: { plugin?: string[] }) =>
      (await import("./commands/schema.js")).schema(file, options),
    );

  program
    .command("init")
    .description("write a config to start from, and a plugin with a rule of one's own")
    .argument("[directory]", "where they go (default: the working directory)")
    .action(async (directory: string | undefined) => (await import("./commands/init.js")).init(directory));

  program
    .command("native")
    .description("build the backend tensorflow against the library inside a TensorFlow wheel, and check it")
    .option("--cuda", "download TensorFlow with its CUDA libraries, for NVIDIA GPUs")
    .option("--python <interpreter>", "use the TensorFlow this Python has; nothing large is downloaded")
    .option("--tensorflow <version>", "the version of TensorFlow to download (default: the newest)")
    .option("--force", "build again what is there already")
    .option("--remove", "undo it: delete what was built and downloaded")
    .action(async (options: object) => (await import("./commands/native.js")).native(options));

  program
    .command("completion")
    .description("print what makes this shell complete commands, options, configs and files")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: string) => (await import("./commands/completion.js")).completion(program, shell));

  program
    .command("doctor")
    .description("tell what this machine has: versions, backends, devices, the time of a training step")
    .option("--json", "print it as JSON")
    .action(async (options: { json?: boolean }) => (await import("./commands/doctor.js")).doctor(options));

  program.addHelpText("after", () => exampleText("run"));
  for (const command of program.commands) command.addHelpText("after", () => exampleText(command.name()));
  return program;
}

/** The only owner of exit codes: what was thrown becomes one line, or a stack trace if it is a bug. */
function report(error: unknown): ExitReason {
  if (error instanceof CommanderError) return error.exitCode === 0 ? "ok" : "usage";
  if (error instanceof ExperimentError) {
    for (const line of error.message.split("\n")) tell(`error: ${line}`);
    return error.reason;
  }
  tellBug(String((error instanceof Error && error.stack) || error));
  return "bug";
}

/** Runs the command that the process was started with. */
export async function main(): Promise<void> {
  process.on("exit", (code) => {
    const failure = outputFailure();
    if (failure === undefined) return;
    tell(`error: cannot write to standard output: ${failure}`);
    if (code === exitCodes.ok) process.exitCode = exitCodes.runFailed;
  });
  try {
    await createProgram().parseAsync();
  } catch (error) {
    reason = report(error);
  }
  process.exitCode = exitCodes[reason];
}
