import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, test } from "vitest";
import { fetchVerified, sha256Of } from "../../src/data/download.js";
import { deadAddress, serve } from "./support.js";

// Larger than what sockets buffer, so that a cut falls into the middle of the transfer.
const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
const expected = { bytes: content.length, sha256: sha256Of(content) };
const half = content.length / 2;
/** Longest silence borne where the server is meant to answer. */
const patience = { timeoutSeconds: 20 };

const host = (url: string) => new URL(url).host;
const whole = (_: IncomingMessage, response: ServerResponse) => void response.end(content);

/** Sends the first half under a header that promises everything, then calls `then`. */
function sendHalf(response: ServerResponse, then: () => void): void {
  response.writeHead(200, { "content-length": content.length });
  response.write(content.subarray(0, half), () => setTimeout(then, 50));
}

function sendRest(request: IncomingMessage, response: ServerResponse): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
  response.writeHead(206, { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` });
  response.end(content.subarray(start));
}

describe("fetchVerified", () => {
  test("takes the first mirror that delivers", async () => {
    const missing = await serve((_, response) => void response.writeHead(404).end("no such file"));
    const dead = await deadAddress();
    const good = await serve(whole);
    const { bytes, url } = await fetchVerified([missing, dead, good], expected, patience);
    expect(url).toBe(good);
    expect(content.equals(bytes)).toBe(true);
  });

  test("says of each mirror why it did not deliver", async () => {
    const missing = await serve((_, response) => void response.writeHead(404).end("no such file"));
    const dead = await deadAddress();
    const silent = await serve(() => {});
    const unknown = "http://mirror.invalid/";
    const reasons = [/HTTP 404/, /ECONNREFUSED/, /silent for 0.3 s/, /ENOTFOUND|EAI_AGAIN|silent/].map((r) => r.source);
    const message = [missing, dead, silent, unknown].map((url, i) => `${host(url)}: (${reasons[i]})`).join("; ");
    await expect(fetchVerified([missing, dead, silent, unknown], expected, { timeoutSeconds: 0.3 })).rejects.toThrow(
      new RegExp(`^${message}$`),
    );
    await expect(fetchVerified([], expected, patience)).rejects.toThrow("no mirror is configured");
  });

  test("resumes a connection that is cut", async () => {
    const ranges: (string | undefined)[] = [];
    const cutting = await serve((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length === 1) sendHalf(response, () => response.destroy());
      else sendRest(request, response);
    });
    const { bytes } = await fetchVerified([cutting], expected, patience);
    expect(ranges).toEqual([undefined, `bytes=${half}-`]);
    expect(content.equals(bytes)).toBe(true);
  });

  test("resumes a body that stalls", async () => {
    const ranges: (string | undefined)[] = [];
    const stalling = await serve((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length === 1) sendHalf(response, () => {});
      else sendRest(request, response);
    });
    const { bytes } = await fetchVerified([stalling], expected, { timeoutSeconds: 1 });
    expect(ranges).toEqual([undefined, `bytes=${half}-`]);
    expect(content.equals(bytes)).toBe(true);
  });

  test("starts again where the server knows no ranges", async () => {
    let requests = 0;
    const cutting = await serve((request, response) => {
      requests += 1;
      if (requests === 1) sendHalf(response, () => response.destroy());
      else whole(request, response);
    });
    const { bytes } = await fetchVerified([cutting], expected, patience);
    expect(requests).toBe(2);
    expect(content.equals(bytes)).toBe(true);
  });

  test("gives up a mirror that cuts every connection without getting further", async () => {
    let requests = 0;
    const hopeless = await serve((_, response) => {
      requests += 1;
      if (requests === 1) sendHalf(response, () => response.destroy());
      else response.destroy();
    });
    const good = await serve(whole);
    const { url } = await fetchVerified([hopeless, good], expected, patience);
    expect(url).toBe(good);
    expect(requests).toBe(2);
  });

  test("gives up a mirror that sends a little now and then, and asks it for no rest", async () => {
    let requests = 0;
    const dripping = await serve((_, response) => {
      requests += 1;
      response.writeHead(200, { "content-length": content.length });
      const drip = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(drip));
    });
    const good = await serve(whole);
    const { url } = await fetchVerified([dripping, good], expected, { timeoutSeconds: 0.3 });
    expect(url).toBe(good);
    expect(requests).toBe(1);
    await expect(fetchVerified([dripping], expected, { timeoutSeconds: 0.3 })).rejects.toThrow(
      `${host(dripping)}: slower than 10 kB/s`,
    );
  });

  test("ends at a signal, before the answer and in the middle of it", async () => {
    const interruption = new AbortController();
    const silent = await serve(() => setTimeout(() => interruption.abort(new Error("enough")), 10));
    const { signal } = interruption;
    await expect(fetchVerified([silent, silent], expected, { ...patience, signal })).rejects.toThrow(/^enough$/);
    const second = new AbortController();
    const half = await serve((_, response) => sendHalf(response, () => second.abort(new Error("enough"))));
    await expect(fetchVerified([half, half], expected, { ...patience, signal: second.signal })).rejects.toThrow(
      /^enough$/,
    );
  });

  test("refuses other bytes than the expected", async () => {
    const altered = Buffer.from(content);
    altered[1000]! ^= 1;
    const alters = await serve((_, response) => void response.end(altered));
    const exceeds = await serve((_, response) => void response.end(Buffer.concat([content, content])));
    const short = await serve((_, response) => void response.end("sign in to this network"));
    const sums = `SHA-256 ${sha256Of(altered).slice(0, 8)}…, not ${expected.sha256.slice(0, 8)}…`;
    const reasons = [
      `${host(alters)}: ${sums}`,
      `${host(exceeds)}: more than the expected 300000 bytes`,
      // The short page counts as progress once, and is asked for its rest, which it answers with itself again.
      `${host(short)}: only 23 of 300000 bytes`,
    ];
    await expect(fetchVerified([alters, exceeds, short], expected, patience)).rejects.toThrow(reasons.join("; "));
  });
});
