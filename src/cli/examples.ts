/** A line to type, and what it does. */
export interface Example {
  readonly line: string;
  readonly meaning: string;
}

const example = (line: string, meaning: string): Example => ({ line, meaning });

/** By command. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  run: [
    example("run-experiment lars-mnist", "a config that comes with the tool"),
    example("run-experiment my.yaml --dry-run", "what would be run"),
    example(
      "run-experiment my.yaml --sweep optimizer.learningRate=logspace:1e-4:1:9 --seed 0 --seed 1",
      "nine learning rates, each with two seeds",
    ),
    example("run-experiment my.yaml --set epochs=2 --out trial", "one value changed, results elsewhere"),
    example("run-experiment my.yaml --extend", "swept axes go on where the best lies at their end"),
  ],
  verify: [
    example("run-experiment verify my.yaml", "run what is missing, then check it"),
    example("run-experiment verify results/lars-mnist", "check what lies there"),
    example("run-experiment verify my.yaml --update --references references", "write what is to be agreed with"),
  ],
  show: [
    example("run-experiment show results/lars-mnist", "its runs"),
    example("run-experiment show results/lars-mnist/runs/lars-seed-0-4e2f", "one of them"),
  ],
  diff: [example("run-experiment diff results/a/runs/one results/a/runs/other", "where two runs part")],
  report: [example("run-experiment report results", "the pages and figures of every experiment there")],
  reproduce: [
    example("run-experiment reproduce", "every claim; some minutes"),
    example("run-experiment reproduce norms schedules", "two experiments"),
    example("run-experiment reproduce compare", "which optimizer is better, untuned and tuned; half an hour"),
    example("run-experiment reproduce --check", "compare with the claims that are committed, and write nothing"),
  ],
  summarize: [
    example("run-experiment summarize results/lars-mnist", "summary.csv anew"),
    example("run-experiment summarize here/sweep there/sweep --out all", "the runs of two machines in one summary"),
  ],
  export: [
    example("run-experiment export results/lars-mnist", "every row of every trace, with what its run is"),
    example("run-experiment export results --summary --out runs.parquet", "one row a run, of all experiments"),
  ],
  profile: [
    example("run-experiment profile results", "of all experiments there that have a target"),
    example("run-experiment profile results --cost seconds --out profiles.csv", "by computing time, as a table too"),
  ],
  list: [
    example("run-experiment list", "everything, a line each"),
    example("run-experiment list lars quadratic radius", "all about an optimizer, a problem, a bound"),
    example("run-experiment list evaluate gap", "a key of the config, a column of the traces"),
  ],
  schema: [example("run-experiment schema experiment.schema.json", "for editors that complete and check configs")],
  init: [example("run-experiment init trial", "a config and a rule of one's own, in a directory of that name")],
  native: [example("run-experiment native", "for the CPU"), example("run-experiment native --cuda", "for NVIDIA GPUs")],
  completion: [example("source <(run-experiment completion bash)", "in ~/.bashrc")],
  doctor: [example("run-experiment doctor", "what this machine has, and what to do next")],
};

/** What a command's help ends with. */
export function exampleText(command: string): string {
  const lines = (examples[command] ?? []).map(({ line, meaning }) => `  ${line}\n      ${meaning}`);
  return lines.length > 0 ? `\nExamples:\n${lines.join("\n")}` : "";
}
