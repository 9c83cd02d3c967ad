// Imported into a process under test: at its end it writes how much memory it has taken, in kilobytes.
import { writeFileSync } from "node:fs";

const file = process.env.PEAK_MEMORY_FILE ?? "";
process.on("exit", () => writeFileSync(file, String(process.resourceUsage().maxRSS)));
