import { buildNative, type NativeOptions, removeNative } from "../../native/build.js";

const announce = (line: string) => process.stdout.write(`${line}\n`);

/** Builds the native backend into the user's cache, or removes it from there. */
export function native({ remove = false, ...options }: Partial<NativeOptions> & { remove?: boolean }): void {
  if (remove) removeNative(announce);
  else buildNative({ cuda: false, force: false, ...options }, announce);
}
