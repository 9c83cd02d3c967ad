import { Command, CommanderError } from "commander";
import { type ExitReason, ExperimentError, exitCodes } from "../errors.js";
import { toolVersion } from "../results/provenance.js";

const collect = (value: string, previous: string[] = []) => [...previous, value];

let reason: ExitReason = "ok";

/** The commands; each loads what it needs only when it is used, so that help and usage errors cost nothing. */
function createProgram(): Command {
  const program = new Command("run-experiment")
    .description("Run optimizer experiments from config files and hold every step against the theory.")
    .version(toolVersion)
    .showHelpAfterError("(run-experiment --help lists commands and options)")
    .configureHelp({ sortSubcommands: false })
    .exitOverride();

  program
    .command("run", { isDefault: true })
    .description("run the experiments of these configs (the default command)")
    .argument("<config...>", "YAML or JSON config files")
    .option("-o, --out <directory>", "where results go", "results")
    .option("--set <path=value>", "change a config value, e.g. optimizer.momentum=0.9 (repeatable)", collect)
    .option(
      "--sweep <path=values>",
      "vary a config value, e.g. optimizer.learningRate=logspace:1e-4:1:9 (repeatable)",
      collect,
    )
    .option("--seed <n>", "run with this seed in place of the config's (repeatable)", collect)
    .option("--backend <name>", "auto, tensorflow, cuda, wasm, cpu or float64")
    .option("-j, --jobs <n>", "runs at once (default: one a core, one on a GPU)")
    .option("--dry-run", "print the resolved config and the runs, and stop")
    .option("--force", "make finished runs again; the earlier ones are set aside")
    .option("-q, --quiet", "no progress")
    .option("--json", "print the results as JSON on standard output")
    .action(async (configs: string[], options: unknown) => {
      const { run } = await import("./commands/run.js");
      reason = await run(configs, options);
    });

  program
    .command("reproduce")
    .description("run the experiments of the paper and write every claim with its verdict")
    .argument("[experiment...]", "names of experiments in configs/paper (default: all)")
    .option("-o, --out <directory>", "where results go", "results/paper")
    .option("--backend <name>", "as for run")
    .option("--force", "make finished runs again; the earlier ones are set aside")
    .option("-q, --quiet", "no progress")
    .option("--json", "print the claims as JSON on standard output")
    .action(async (names: string[], options: unknown) => {
      const { reproduce } = await import("./commands/reproduce.js");
      reason = await reproduce(names, options);
    });

  program
    .command("list")
    .description("list problems, datasets, optimizers, schedules and bounds")
    .action(async () => (await import("./commands/list.js")).list());

  program
    .command("schema")
    .description("print the JSON Schema of config files, or write it to a file")
    .argument("[file]")
    .action(async (file?: string) => (await import("./commands/schema.js")).schema(file));

  program
    .command("doctor")
    .description("tell what this machine has: versions, backends, devices, the time of a training step")
    .option("--json", "print it as JSON")
    .action(async (options: { json?: boolean }) => (await import("./commands/doctor.js")).doctor(options));

  return program;
}

/** The only owner of exit codes: what was thrown becomes one line, or a stack trace if it is a bug. */
function report(error: unknown): ExitReason {
  if (error instanceof CommanderError) return error.exitCode === 0 ? "ok" : "usage";
  if (error instanceof ExperimentError) {
    process.stderr.write(`error: ${error.message}\n`);
    return error.reason;
  }
  process.stderr.write(`This is a bug in run-experiment ${toolVersion}. Please report it with this trace:\n`);
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return "bug";
}

// A reader that closes the pipe (`| head`) has seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(exitCodes.ok);
  throw error;
});

try {
  await createProgram().parseAsync();
} catch (error) {
  reason = report(error);
}
process.exitCode = exitCodes[reason];
