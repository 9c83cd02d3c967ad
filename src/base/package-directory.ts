import { fileURLToPath } from "node:url";

/** Where the tool is installed: the directory of its package.json, with a separator at the end. */
export const packageDirectory = fileURLToPath(new URL("../../", import.meta.url));
