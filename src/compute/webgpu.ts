import type * as tfl from "@tensorflow/tfjs-core";
import { messageOf } from "../base/errors.js";
import { activate, loadCore, Unavailable } from "./activation.js";
import { missingVulkan } from "./vulkan.js";

/** Limits that the backend's kernels and ours are written for, raised from WebGPU's cautious defaults to the adapter's own. */
const raisedLimits = [
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const;

const packages = "webgpu and @tensorflow/tfjs-backend-webgpu";

/** Dawn, an implementation of WebGPU for Node, and the backend on it. */
async function loadPackages() {
  try {
    const dawn = await import("webgpu");
    // The backend's modules read WebGPU's constants (GPUBufferUsage, …) as a browser has them.
    Object.assign(globalThis, dawn.globals);
    return { create: dawn.create, backend: await import("@tensorflow/tfjs-backend-webgpu") };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    throw new Unavailable(
      isAbsent
        ? `the packages ${packages} are not installed; npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0`
        : `the packages ${packages} cannot be loaded: ${messageOf(error).split("\n")[0]}`,
    );
  }
}

/** Whether it is a CPU that pretends: SwiftShader, llvmpipe, WARP. */
function isSoftware({ info }: GPUAdapter): boolean {
  return (
    info.isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(`${info.architecture} ${info.description}`)
  );
}

function describe({ info, limits }: GPUAdapter): string {
  // Some name the card in the one and the driver in the other.
  const names = [info.device.replace(/-$/, ""), info.description].filter(Boolean);
  return `${names.join(", ") || `${info.vendor} ${info.architecture}`} (buffers up to ${(limits.maxBufferSize / 2 ** 30).toFixed(0)} GiB)`;
}

async function findAdapter(gpu: GPU, wanted: string | undefined, isAutomatic: boolean): Promise<GPUAdapter> {
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new Unavailable(
      wanted
        ? `no adapter's name contains "${wanted}" (RUN_EXPERIMENT_WEBGPU_ADAPTER); unset it, or use backend wasm`
        : "no GPU adapter is found: install or update the GPU's driver, or use backend wasm",
    );
  }
  if (isAutomatic && isSoftware(adapter)) {
    throw new Unavailable(
      `its only adapter, ${adapter.info.description}, computes on the CPU: slower than wasm; --backend webgpu takes it all the same`,
    );
  }
  return adapter;
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  try {
    const requiredLimits = Object.fromEntries(raisedLimits.map((limit) => [limit, adapter.limits[limit]]));
    return await adapter.requestDevice({ requiredLimits });
  } catch (error) {
    throw new Unavailable(`${describe(adapter)} gives no device: ${messageOf(error)}; update its driver`);
  }
}

/** Calls f where `navigator.gpu` is: the backend asks for it when it is made, as in a browser, and not afterwards. */
function withNavigator<T>(gpu: GPU, f: () => T): T {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true });
  try {
    return f();
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else Reflect.deleteProperty(globalThis, "navigator");
  }
}

/** An instance is kept: without it Dawn stops answering. */
let started: { readonly gpu: GPU; readonly adapter: GPUAdapter } | undefined;

async function register(tf: typeof tfl, isAutomatic: boolean): Promise<GPUAdapter> {
  // Before Dawn is loaded, which takes its time and complains in many lines.
  const missing = missingVulkan();
  if (missing) throw new Unavailable(missing);
  const { create, backend } = await loadPackages();
  const wanted = process.env.RUN_EXPERIMENT_WEBGPU_ADAPTER || undefined;
  const gpu = create(wanted ? [`adapter=${wanted}`] : []);
  const adapter = await findAdapter(gpu, wanted, isAutomatic);
  const device = await requestDevice(adapter);
  tf.registerBackend("webgpu", () => withNavigator(gpu, () => new backend.WebGPUBackend(device, adapter.info)));
  started = { gpu, adapter };
  return adapter;
}

/**
 * Starts the backend on the fastest adapter, or the one whose name contains RUN_EXPERIMENT_WEBGPU_ADAPTER. A software
 * adapter is only taken when asked for by name.
 *
 * @throws Unavailable if a package, the Vulkan loader, an adapter or a device is missing
 */
export async function startWebgpu({ isAutomatic }: { isAutomatic: boolean }) {
  const tf = await loadCore();
  const adapter = started?.adapter ?? (await register(tf, isAutomatic));
  await activate("webgpu");
  const { correctAveragePoolGradient } = await import("./average-pool-gradient.js");
  correctAveragePoolGradient("webgpu");
  const { addWebgpuKernels } = await import("./webgpu-kernels.js");
  addWebgpuKernels();
  const kind = isSoftware(adapter) ? "CPU, WebGPU in software" : "GPU, WebGPU";
  return { device: `${kind}, ${describe(adapter)}`, version: tf.version_core };
}
