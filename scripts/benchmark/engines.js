// What computes: this tool on each backend and Node, and the libraries of Python. Each is a process that is started at
// its first use and lives to the end.
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { ExperimentError } from "../../dist/base/errors.js";
import { jsonLines } from "./json-lines.js";

const pathOf = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));

/** @typedef {import("./json-lines.js").Server} Server */
/** @typedef {{ version: string, path: string }} NodeBinary */
/**
 * @typedef {object} Engine
 * @property {string} name as tables have it
 * @property {boolean} isPeer false for this tool
 * @property {string} backend of this tool; of a peer its library
 * @property {NodeBinary} [node]
 * @property {number} [threads] of a peer on the CPU; of this tool where they are limited
 * @property {boolean} isOnGpu
 * @property {() => Server} process a new one
 * @property {() => Promise<Server | undefined>} server the one that lives; nothing where it cannot be had
 * @property {() => void} close ends the one that lives, if there is one
 * @property {string} [device] once it is started: device or version
 * @property {string} [obstacle] once it has not started: why
 */

/**
 * The Node binary that a word of `--node` names: a path, or a version that npm brings, such as 24.
 *
 * @param {string} word
 * @returns {NodeBinary}
 */
export function nodeBinary(word) {
  const isVersion = /^(\d+(\.\d+)*|latest|lts)$/.test(word);
  const print = ["-p", "process.execPath + ' ' + process.versions.node"];
  const command = isVersion ? ["npm", "exec", "--yes", `--package=node@${word}`, "--", "node"] : [word];
  const [file, ...args] = /** @type {[string, ...string[]]} */ ([...command, ...print]);
  const { stdout, status, error, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) {
    // The first line of npm is a code.
    const reason = error?.message ?? stderr.trim().split("\n").slice(0, 2).at(-1);
    throw new ExperimentError(`--node ${word}: expected the path of a Node, or a version that npm has: ${reason}`);
  }
  const [path, version] = /** @type {[string, string]} */ (stdout.trim().split(" "));
  return { path, version };
}

/**
 * @param {Pick<Engine, "name" | "isPeer" | "backend" | "isOnGpu"> & Partial<Engine>} facts
 * @param {() => Server} process
 * @returns {Engine}
 */
function engine(facts, process) {
  /** @type {Promise<Server | undefined> | undefined} */
  let started;
  /** @type {Server | undefined} */
  let living;
  /** @type {Engine} */
  const self = {
    ...facts,
    process,
    server() {
      started ??= start();
      return started;
    },
    close: () => living?.close(),
  };
  async function start() {
    const server = process();
    try {
      const { device, version } = await server.request("start", { backend: facts.backend });
      self.device = device ?? version;
      living = server;
      return server;
    } catch (error) {
      self.obstacle = error instanceof Error ? error.message : String(error);
      server.close();
      return undefined;
    }
  }
  return self;
}

/**
 * This tool on a backend, in a Node that can collect garbage when told.
 *
 * @param {string} backend
 * @param {NodeBinary} node
 * @param {1} [threads] on which it multiplies matrices; without it as many as it takes by itself
 */
const toolOn = (backend, node, threads) =>
  engine(
    {
      name: `${backend}${threads ? ", 1 thread" : ""}, Node ${node.version.split(".")[0]}`,
      isPeer: false,
      backend,
      node,
      isOnGpu: backend === "webgpu" || backend === "cuda",
      ...(threads !== undefined && { threads }),
    },
    () => {
      const environment = { ...process.env, ...(threads && { RUN_EXPERIMENT_WASM_THREADS: String(threads) }) };
      return jsonLines(node.path, ["--expose-gc", pathOf("tool.js")], environment);
    },
  );

const titles = { pytorch: "PyTorch", jax: "JAX and optax, jit", numpy: "NumPy" };

/**
 * A library of the Python that PYTHON names, on so many threads of the CPU or on the GPU.
 *
 * @param {keyof typeof titles} library
 * @param {number | "gpu"} place
 */
function peer(library, place) {
  const isOnGpu = place === "gpu";
  const threads = isOnGpu ? undefined : place;
  const count = library === "pytorch" ? `, ${threads} thread${threads === 1 ? "" : "s"}` : "";
  // OpenBLAS is to take the kernels it thinks best for this CPU.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...environment } = process.env;
  return engine(
    {
      name: titles[library] + (isOnGpu ? ", GPU" : count),
      isPeer: true,
      backend: library,
      isOnGpu,
      ...(threads !== undefined && { threads }),
    },
    () => jsonLines(process.env.PYTHON ?? "python3", [pathOf("peers/serve.py"), library, String(place)], environment),
  );
}

/**
 * All engines, or those for a page about a GPU; which of them are there shows when they are started. Tables of scaling have
 * their ratios to the first peer.
 *
 * @param {readonly NodeBinary[]} nodes
 * @param {boolean} isOnGpu
 */
export function enginesOn(nodes, isOnGpu) {
  // The libraries of NVIDIA keep all digits of float32, of TensorFlow too, which has no setting of its own for it here.
  process.env.NVIDIA_TF32_OVERRIDE = "0";
  const cores = cpus().length;
  const threads = cores > 1 ? [1, cores] : [1];
  const tool = [
    ...["wasm", "wasm-fma"].flatMap((backend) => nodes.map((node) => toolOn(backend, node, 1))),
    ...["wasm", "wasm-fma", "tensorflow", "cuda", "webgpu", "float64"].flatMap((backend) =>
      nodes.map((node) => toolOn(backend, node)),
    ),
  ];
  const peersOnGpu = [peer("pytorch", "gpu"), peer("jax", "gpu")];
  if (isOnGpu) return [...tool, ...peersOnGpu, peer("pytorch", cores), peer("jax", cores)];
  const onCpu = [...threads.map((count) => peer("pytorch", count)), peer("jax", cores), peer("numpy", cores)];
  return [...tool, ...onCpu, ...peersOnGpu];
}

/**
 * Starts this tool on the GPU, on each backend that can.
 *
 * @param {readonly Engine[]} engines
 * @throws ExperimentError where none can
 */
export async function demandGpu(engines) {
  const obstacles = new Set();
  for (const one of engines.filter(({ isPeer, isOnGpu }) => !isPeer && isOnGpu)) {
    await one.server();
    if (one.obstacle === undefined) return;
    obstacles.add(one.obstacle.split("\n", 1)[0]);
  }
  throw new ExperimentError(
    `--gpu: this tool can compute on no GPU here; mend one of these, or leave --gpu out: ${[...obstacles].join("; ")}`,
  );
}
