import { type Candidates, type CompletedCommand, type CompletedOption, defaultCommand } from "./candidates.js";

const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const paths = { files: "-F", directories: "-a '(__fish_complete_directories)'" } as const;

const complete = ({ words, paths: kind }: Candidates) =>
  [...(words.length > 0 ? [`-a ${quoted(words.join(" "))}`] : []), ...(kind ? [paths[kind]] : [])].join(" ");

const flag = (text: string) => (text.startsWith("--") ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`);

function optionLine(condition: string, { flags, description, value }: CompletedOption): string {
  const parts = [condition, ...flags.map(flag), `-d ${quoted(description)}`];
  // -r: there is a value; -x: and it is no file.
  const values = value ? [value.paths === "files" ? "-r" : "-x", complete(value)] : [];
  return [...parts, ...values].join(" ").trimEnd();
}

/** To be piped into source, or put into ~/.config/fish/completions/run-experiment.fish. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  const seen = (name: string) =>
    name === defaultCommand
      ? `__fish_seen_subcommand_from ${name}; or not __fish_seen_subcommand_from ${names}`
      : `__fish_seen_subcommand_from ${name}`;
  const lines = commands.flatMap(({ name, options, argument }) => {
    const condition = `complete -c run-experiment -n ${quoted(seen(name))}`;
    const positional = complete(argument);
    return [
      ...options.map((option) => optionLine(condition, option)),
      ...(positional ? [`${condition} ${positional}`] : []),
    ];
  });
  const commandLines = commands.map(
    ({ name, description }) =>
      `complete -c run-experiment -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
  );
  return `# fish completion of run-experiment: run-experiment completion fish | source
complete -c run-experiment -f
${[...commandLines, ...lines].join("\n")}
`;
}
