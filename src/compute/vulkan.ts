import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { messageOf } from "../base/errors.js";

/** Whether the dynamic loader finds the library. */
function canLoad(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    // Found, but no addon of Node's.
    return messageOf(error).includes("did not self-register");
  }
}

/** Where the Vulkan loader looks for drivers, as its own documentation lists the places. */
function driverDirectories(): string[] {
  const { XDG_DATA_DIRS, XDG_DATA_HOME, XDG_CONFIG_DIRS, XDG_CONFIG_HOME } = process.env;
  const places = [
    XDG_CONFIG_HOME || join(homedir(), ".config"),
    ...(XDG_CONFIG_DIRS || "/etc/xdg").split(delimiter),
    "/etc",
    XDG_DATA_HOME || join(homedir(), ".local/share"),
    ...(XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(delimiter),
  ];
  return places.map((place) => join(place, "vulkan/icd.d"));
}

function hasDriver(): boolean {
  const named = process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
  if (named) return named.split(delimiter).some((file) => existsSync(file));
  const added = (process.env.VK_ADD_DRIVER_FILES || "").split(delimiter).some((file) => file && existsSync(file));
  return added || driverDirectories().some((directory) => existsSync(directory) && readdirSync(directory).length > 0);
}

/** What a Linux lacks to compute with Vulkan, and the mend; nothing where all is there or the system has another way. */
export function missingVulkan(): string | undefined {
  if (process.platform !== "linux") return undefined;
  if (!canLoad("libvulkan.so.1")) {
    return "the Vulkan loader libvulkan.so.1 is missing; install it (Debian, Ubuntu: apt install libvulkan1; Fedora: dnf install vulkan-loader)";
  }
  if (!hasDriver()) {
    return "no Vulkan driver is installed; install the GPU's (NVIDIA's own driver has it; else Debian, Ubuntu: apt install mesa-vulkan-drivers), or name its .json file in VK_DRIVER_FILES";
  }
  return undefined;
}
