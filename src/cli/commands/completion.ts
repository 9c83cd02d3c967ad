import type { Command } from "commander";
import { bashCompletion } from "../completion/bash.js";
import { completedCommands } from "../completion/candidates.js";
import { fishCompletion } from "../completion/fish.js";
import { zshCompletion } from "../completion/zsh.js";

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** Prints the completion of a program's commands for a shell. */
export function completion(program: Command, shell: string): void {
  process.stdout.write(scripts[shell as keyof typeof scripts](completedCommands(program)));
}
