import { type Candidates, type CompletedCommand, defaultCommand } from "./candidates.js";

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** "word:what it is", in which a colon of the word would end it. */
const described = (word: string, description: string) => quoted(`${word.replaceAll(":", "\\:")}:${description}`);

const paths = { files: "_files", directories: "_files -/" } as const;

const complete = (candidates: Candidates) =>
  [
    ...(candidates.words.length > 0 ? [`compadd -- ${candidates.words.map(quoted).join(" ")}`] : []),
    ...(candidates.paths ? [paths[candidates.paths]] : []),
  ].join("; ") || ":";

const optionsCase = ({ name, options }: CompletedCommand) =>
  `    ${name}) entries=(${options.flatMap(({ flags, description }) => flags.map((flag) => described(flag, description))).join(" ")}) ;;`;

/** To be sourced, or put into a file _run-experiment in $fpath. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const values = commands.flatMap(({ name, options }) =>
    options.flatMap(({ flags, value }) =>
      value ? [`    ${flags.map((flag) => quoted(`${name} ${flag}`)).join(" | ")}) ${complete(value)}; return ;;`] : [],
    ),
  );
  return `#compdef run-experiment
# zsh completion of run-experiment: source <(run-experiment completion zsh)
_run_experiment() {
  local command=${defaultCommand}
  local -a entries
  if (( CURRENT > 2 )); then
    case $words[2] in
    ${commands.map(({ name }) => name).join(" | ")}) command=$words[2] ;;
    esac
  fi
  case "$command $words[CURRENT-1]" in
${values.join("\n")}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    case $command in
${commands.map(optionsCase).join("\n")}
    esac
    _describe option entries
    return
  fi
  if (( CURRENT == 2 )); then
    entries=(${commands.map(({ name, description }) => described(name, description)).join(" ")})
    _describe command entries
  fi
  case $command in
${commands.map(({ name, argument }) => `    ${name}) ${complete(argument)} ;;`).join("\n")}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _run_experiment "$@"; else compdef _run_experiment run-experiment; fi
`;
}
