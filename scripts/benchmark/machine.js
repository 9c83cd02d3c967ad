// What the page says of the machine and the versions.
import { arch, cpus, platform, release, totalmem } from "node:os";
import { provenance } from "../../dist/results/provenance.js";

/** @param {readonly import("./engines.js").Engine[]} engines */
export function machineFacts(engines) {
  const { tool, tensorflow, toolGit } = provenance();
  const devices = engines.filter(({ isPeer, device, backend }) => !isPeer && device && backend !== "float64");
  const gpus = new Set(devices.flatMap(({ isOnGpu, device }) => (isOnGpu ? device?.replace(/^GPU, /, "") : [])));
  const peers = new Set(engines.filter(({ isPeer, device }) => isPeer && device).map(({ device }) => device));
  return {
    CPU: `${cpus()[0]?.model.trim() ?? "unknown"}, ${cpus().length} cores`,
    ...(gpus.size > 0 && { GPU: [...gpus].join("; ") }),
    memory: `${(totalmem() / 2 ** 30).toFixed(0)} GiB`,
    system: `${platform()} ${release()} ${arch()}`,
    tool: `run-experiment ${tool}${toolGit ? `, commit ${toolGit.sha.slice(0, 7)}${toolGit.dirty ? " with changes" : ""}` : ""}, TensorFlow.js ${tensorflow}`,
    Node: [...new Set(engines.flatMap(({ node }) => node?.version ?? []))].join(", "),
    backends: devices.map(({ name, device }) => `${name}: ${device}`).join("; ") || "none",
    peers: [...peers].join("; ") || "none",
  };
}
