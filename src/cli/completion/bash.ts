import { type Candidates, type CompletedCommand, type CompletedOption, defaultCommand } from "./candidates.js";

const quoted = (words: readonly string[]) => `$'${words.join("\\n")}'`;

/** The lines that say what can stand at a place. */
const assign = ({ words, paths }: Candidates) =>
  [`words=${quoted(words)}`, ...(paths ? [`paths=${paths === "files" ? "-f" : "-d"}`] : [])].join("; ");

const valueCase = (command: string, { flags, value }: CompletedOption) =>
  value ? [`    ${flags.map((flag) => `"${command} ${flag}"`).join(" | ")}) ${assign(value)} ;;`] : [];

/** Works with bash from 3.2 on, which macOS has: without compopt and mapfile. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name);
  return `# bash completion of run-experiment: source <(run-experiment completion bash)
_run_experiment() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=${defaultCommand} words= paths= word
  if ((COMP_CWORD > 1)); then
    case \${COMP_WORDS[1]} in
    ${names.join(" | ")}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  case "$command $previous" in
${commands.flatMap(({ name, options }) => options.flatMap((option) => valueCase(name, option))).join("\n")}
  *)
    case "$command $current" in
${commands.map(({ name, options }) => `    "${name} -"*) words=${quoted(options.flatMap(({ flags }) => flags))} ;;`).join("\n")}
${commands.map(({ name, argument }) => `    "${name} "*) ${assign(argument)} ;;`).join("\n")}
    esac
    if ((COMP_CWORD == 1)); then words+=$'\\n'${quoted(names)}; fi
    ;;
  esac
  COMPREPLY=()
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(
    IFS=$'\\n' compgen -W "$words" -- "$current"
    if [[ $paths ]]; then compgen "$paths" -- "$current"; fi
  )
}
complete -o filenames -F _run_experiment run-experiment
`;
}
