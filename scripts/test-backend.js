// Runs the tests of tensors on another backend: node scripts/test-backend.js tensorflow|webgpu [vitest arguments]
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where Debian, Ubuntu and Chrome keep SwiftShader, a Vulkan driver that computes on the CPU. */
const softwareDrivers = ["/usr/lib/chromium", "/usr/lib/chromium-browser", "/opt/google/chrome"].map((directory) =>
  join(directory, "vk_swiftshader_icd.json"),
);

/**
 * The environment with a software adapter, unless a driver is named already; Chromium has a Vulkan loader too.
 *
 * @param {NodeJS.ProcessEnv} environment
 */
function withSoftwareAdapter(environment) {
  const driver = softwareDrivers.find(existsSync);
  if (environment.VK_DRIVER_FILES || !driver) return environment;
  const search = [environment.LD_LIBRARY_PATH, dirname(driver)].filter(Boolean).join(":");
  return { ...environment, VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: search };
}

/**
 * Why this backend does not start in that environment; nothing if it does.
 *
 * @param {string} backend
 * @param {NodeJS.ProcessEnv} environment
 */
function obstacle(backend, environment) {
  const program = `
    import { startBackend } from ${JSON.stringify(new URL("../dist/compute/backends.js", import.meta.url).href)};
    try {
      const { device, version } = await startBackend(${JSON.stringify(backend)});
      console.log(device + ", " + version);
    } catch (error) {
      console.log(error.message);
      process.exit(3);
    }
    process.exit(0);`;
  const { status, stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    env: environment,
    encoding: "utf8",
  });
  const line = stdout.trim().split("\n").at(-1) ?? "";
  if (status === 0) console.log(`Testing on ${backend} (${line})`);
  return status === 0 ? undefined : line || "it ends without a word";
}

/** Every test file that runs on the backends it is told. */
const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => join("test", file))
  .filter((file) => readFileSync(join(root, file), "utf8").includes("tested-backends.js"));

const [backend, ...rest] = process.argv.slice(2);
if (backend !== "tensorflow" && backend !== "webgpu") {
  console.error("usage: node scripts/test-backend.js tensorflow|webgpu [vitest arguments]");
  process.exit(2);
}
const environment = backend === "webgpu" ? withSoftwareAdapter(process.env) : process.env;
const reason = obstacle(backend, environment);
if (reason) {
  console.error(`The tests on ${backend} cannot run: ${reason}`);
  process.exit(3);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...files, ...rest], {
  cwd: root,
  env: { ...environment, TEST_BACKEND: backend },
  stdio: "inherit",
});
process.exit(status ?? 1);
