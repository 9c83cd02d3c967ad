import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { unzip } from "../../src/base/zip.js";

const content = Buffer.from("The quick brown fox jumps over the lazy dog");
const other = Buffer.from("other");

test("unpacks what is wanted, packed or not", () => {
  const file = zipSync({ a: [content, { level: 0 }], b: [other, { level: 9 }], c: other }, { comment: "none" });
  const asked: [string, number][] = [];
  const files = unzip(file, ({ name, originalSize }) => {
    asked.push([name, originalSize]);
    return name !== "c";
  });
  expect(asked).toEqual([
    ["a", 43],
    ["b", 5],
    ["c", 5],
  ]);
  expect([...files].map(([name, bytes]) => [name, Buffer.from(bytes)])).toEqual([
    ["a", content],
    ["b", other],
  ]);
});

test("the checksum is the CRC-32 of the content", () => {
  const file = Buffer.from(zipSync({ a: [content, { level: 0 }] }));
  // The check value that is published for this sentence, in the list at the file's end.
  expect(file.readUInt32LE(file.indexOf("PK\x01\x02") + 16)).toBe(0x414fa339);
  file.writeUInt32LE(0x414fa338, file.indexOf("PK\x01\x02") + 16);
  expect(() => unzip(file, () => true)).toThrow("the checksum of a is wrong");
  // What is not unpacked is not looked at.
  expect(unzip(file, () => false).size).toBe(0);
});

test("a file that keeps its list in a record for large files", () => {
  const file = Buffer.from(zipSync({ a: content }));
  const [list, end] = [file.indexOf("PK\x01\x02"), file.indexOf("PK\x05\x06")];
  const record = Buffer.alloc(56 + 20);
  record.write("PK\x06\x06", "latin1");
  record.writeBigUInt64LE(44n, 4);
  for (const at of [24, 32]) record.writeBigUInt64LE(1n, at);
  record.writeBigUInt64LE(BigInt(end - list), 40);
  record.writeBigUInt64LE(BigInt(list), 48);
  record.write("PK\x06\x07", 56, "latin1");
  record.writeBigUInt64LE(BigInt(end), 64);
  record.writeUInt32LE(1, 72);
  const ending = Buffer.from(file.subarray(end));
  ending.writeUInt32LE(0xffffffff, 16);
  const large = Buffer.concat([file.subarray(0, end), record, ending]);
  expect(Buffer.from(unzip(large, () => true).get("a")!)).toEqual(content);
  large[list - 1]! ^= 1;
  expect(() => unzip(large, () => true)).toThrow();
});
