import { createHash } from "node:crypto";
import { messageOf } from "../base/errors.js";

/** What a file must be to be accepted. */
export interface ExpectedFile {
  readonly bytes: number;
  /** Hexadecimal */
  readonly sha256: string;
}

/** No mirror had the file; the message says why, mirror by mirror. */
export class DownloadError extends Error {
  override readonly name = "DownloadError";
}

/** How often a download that is cut off is taken up again at one mirror, provided that it got further each time. */
const resumptions = 5;

/** What comes more slowly than this is as good as silent. */
const slowestBytesPerSecond = 10_000;

/** A mirror that is not asked again. */
class SlowMirror extends Error {}

export interface Patience {
  /** The longest silence that is borne, before the answer and between any two pieces of it; the speed is taken over as long. */
  readonly timeoutSeconds: number;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** What has arrived of a file. */
interface Received {
  chunks: Uint8Array[];
  bytes: number;
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Asks for what is missing. A server that cannot continue starts again from the first byte. */
async function request(url: string, received: Received, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (received.bytes > 0) headers.range = `bytes=${received.bytes}-`;
  const response = await fetch(url, { headers, signal });
  const continues = response.headers.get("content-range")?.startsWith(`bytes ${received.bytes}-`) ?? false;
  if (response.status === 206 && continues) return response;
  if (response.status !== 200) throw new Error(`HTTP ${response.status}`);
  Object.assign(received, { chunks: [], bytes: 0 });
  return response;
}

/** Gives up, by the controller, a transfer that falls silent, or is slow once it has begun. */
function watch(received: Received, timeoutSeconds: number, controller: AbortController) {
  const milliseconds = 1000 * timeoutSeconds;
  const silence = new Error(`silent for ${timeoutSeconds} s`);
  const slowness = new SlowMirror(`slower than ${slowestBytesPerSecond / 1000} kB/s`);
  const silent = setTimeout(() => controller.abort(silence), milliseconds);
  let before = received.bytes;
  const checkSpeed = () => {
    if (received.bytes - before < slowestBytesPerSecond * timeoutSeconds) controller.abort(slowness);
    before = received.bytes;
  };
  let slow: NodeJS.Timeout | undefined;
  return {
    hear() {
      silent.refresh();
      slow ??= setInterval(checkSpeed, milliseconds);
    },
    end() {
      clearTimeout(silent);
      clearInterval(slow);
      controller.abort();
    },
  };
}

/** Adds to `received` until the file is complete, or throws; what has arrived by then stays in `received`. */
async function receive(
  url: string,
  expected: ExpectedFile,
  received: Received,
  { timeoutSeconds, signal }: Patience,
): Promise<void> {
  const controller = new AbortController();
  const either = signal ? AbortSignal.any([controller.signal, signal]) : controller.signal;
  const watchdog = watch(received, timeoutSeconds, controller);
  try {
    const response = await request(url, received, either);
    for await (const chunk of response.body ?? []) {
      watchdog.hear();
      received.chunks.push(chunk);
      received.bytes += chunk.length;
      if (received.bytes > expected.bytes) throw new Error(`more than the expected ${expected.bytes} bytes`);
    }
    if (received.bytes < expected.bytes) throw new Error(`only ${received.bytes} of ${expected.bytes} bytes`);
  } finally {
    watchdog.end();
  }
}

async function download(url: string, expected: ExpectedFile, patience: Patience): Promise<Uint8Array> {
  const received: Received = { chunks: [], bytes: 0 };
  for (let attempt = 0; ; attempt++) {
    const before = received.bytes;
    try {
      await receive(url, expected, received, patience);
      break;
    } catch (error) {
      patience.signal?.throwIfAborted();
      const further = received.bytes > before && received.bytes < expected.bytes;
      if (!further || attempt === resumptions || error instanceof SlowMirror) throw error;
    }
  }
  const bytes = Buffer.concat(received.chunks);
  const sha256 = sha256Of(bytes);
  if (sha256 !== expected.sha256)
    throw new Error(`SHA-256 ${sha256.slice(0, 8)}…, not ${expected.sha256.slice(0, 8)}…`);
  return bytes;
}

/** Why a request failed, in a word or two: fetch itself only says "fetch failed" and hides the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code?.startsWith("E") ? code : messageOf(cause ?? error);
}

/**
 * Fetches a file from the first address that delivers exactly the expected bytes; others are tried in order.
 * A connection that is cut off is resumed where it broke. Nothing is written anywhere.
 *
 * Node's `fetch` takes no notice of HTTP_PROXY and HTTPS_PROXY (Node 24 does with NODE_USE_ENV_PROXY=1): behind a proxy the
 * file must be fetched by other means.
 *
 * @throws DownloadError when no address delivers
 * @throws the signal's reason when it comes
 */
export async function fetchVerified(
  urls: readonly string[],
  expected: ExpectedFile,
  patience: Patience,
): Promise<{ readonly bytes: Uint8Array; readonly url: string }> {
  const failures: string[] = [];
  for (const url of urls) {
    try {
      return { bytes: await download(url, expected, patience), url };
    } catch (error) {
      patience.signal?.throwIfAborted();
      failures.push(`${new URL(url).host}: ${reasonOf(error)}`);
    }
  }
  throw new DownloadError(failures.join("; ") || "no mirror is configured");
}
