// The commands with their arguments, options and examples, as commander has them.
import { capitalized } from "../../dist/base/text.js";
import { examples } from "../../dist/cli/examples.js";
import { contents, inline, tableOf } from "./markdown.js";

/** @typedef {import("commander").Command} Command */

/** Those that people type. @param {Command} program */
const visible = (program) =>
  program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== "help");

/** @param {Command} command @returns {string[]} */
function optionTable(command) {
  const options = command
    .createHelp()
    .visibleOptions(command)
    .filter(({ long }) => long !== "--help");
  if (options.length === 0) return [];
  return [
    tableOf({
      columns: ["option", "default", "meaning"],
      rows: options.map(({ flags, defaultValue, description }) => [
        flags,
        typeof defaultValue === "string" ? defaultValue : "",
        description,
      ]),
    }),
    "",
  ];
}

/** @param {Command} command @returns {string[]} */
const argumentList = (command) => {
  const named = command.registeredArguments.filter(({ description }) => description);
  return named.length > 0
    ? [...named.map((argument) => `- \`${argument.name()}\`: ${inline(argument.description)}`), ""]
    : [];
};

/** @param {Command} command */
const exampleBlock = (command) => {
  const own = examples[command.name()] ?? [];
  return own.length > 0 ? ["```sh", ...own.flatMap(({ line, meaning }) => [`# ${meaning}`, line]), "```", ""] : [];
};

/** @param {Command} command */
const section = (command) => [
  `## \`${command.name()}\``,
  "",
  `${inline(capitalized(command.description()))}.`,
  "",
  `    run-experiment ${command.name()} ${command.usage()}`,
  "",
  ...argumentList(command),
  ...optionTable(command),
  ...exampleBlock(command),
];

/** @param {Command} program */
export const commandPage = (program) =>
  [
    "`run-experiment --help` lists the commands, `run-experiment <command> --help` what each takes. Where no command is",
    "named it is `run`.",
    "",
    contents(visible(program).map((command) => command.name())),
    "",
    ...visible(program).flatMap(section),
  ].join("\n");
