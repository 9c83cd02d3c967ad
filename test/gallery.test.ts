import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { compactPath, compactSvg, mostBytes, simplified } from "../scripts/gallery/compact.js";
import { directoryOf, exhibitsOf, firstSentence, type Gallery, pictureOf } from "../scripts/gallery/page.js";
import { root } from "./cli/tool.js";

const gallery = parse(readFileSync(join(root, "scripts/gallery/gallery.yaml"), "utf8")) as Gallery;
const exhibits = exhibitsOf(gallery);
const shown = exhibits.filter(({ choice }) => !choice.omit);
const pictures = "docs/pictures/gallery";

describe("the gallery", () => {
  test("has a place for every config that comes with the tool, and for no other", () => {
    const directories = new Set(gallery.groups.map(({ directory }) => directory));
    expect(exhibits.filter(({ config }) => !directories.has(directoryOf(config)))).toEqual([]);
    const configs = new Set(exhibits.map(({ config }) => config));
    expect(Object.keys(gallery.experiments).filter((config) => !configs.has(config))).toEqual([]);
    expect(exhibits.filter(({ description }) => description === "")).toEqual([]);
  });

  test("has a small picture on white of each experiment, and no others", () => {
    const files = readdirSync(join(root, pictures)).map((file) => `${pictures}/${file}`);
    expect(files.sort()).toEqual(shown.map(pictureOf).sort());
    const sizes = files.map((file) => statSync(join(root, file)).size);
    expect(Math.max(...sizes)).toBeLessThan(mostBytes);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_500_000);
    const texts = files.map((file) => readFileSync(join(root, file), "utf8"));
    expect(texts.flatMap(repeatedAttributes)).toEqual([]);
    expect(texts.filter((text) => !/^<svg role="img" aria-label="[^"]+".*<rect [^>]*fill="white"/.test(text))).toEqual(
      [],
    );
  });

  test("has a picture of every experiment of the theory", () => {
    expect(shown.filter(({ config }) => directoryOf(config) === "paper")).toHaveLength(
      readdirSync(join(root, "configs/paper")).length,
    );
  });

  test("links to what is there", () => {
    const page = readFileSync(join(root, "docs/gallery.md"), "utf8");
    const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => join(root, "docs", link!));
    expect(links.length).toBeGreaterThan(2 * shown.length);
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});

test.each([
  ["One thing. And another.", "One thing."],
  ["At 0.5 it holds, e.g. here. T4 says so.", "At 0.5 it holds, e.g. here."],
  ["No end", "No end"],
])("the first sentence of %j", (text, first) => {
  expect(firstSentence(text)).toBe(first);
});

/** The attributes that a tag has twice, which no browser forgives. */
const repeatedAttributes = (svg: string) =>
  [...svg.matchAll(/<\w+([^>]*)>/g)].flatMap(([, attributes]) => {
    const names = [...attributes!.matchAll(/ ([\w:-]+)="[^"]*"/g)].map(([, name]) => name!);
    return names.filter((name, i) => names.indexOf(name) !== i);
  });

describe("a picture made small", () => {
  const distance = ([x, y]: readonly number[], [ax, ay]: readonly number[], [bx, by]: readonly number[]) => {
    const [dx, dy] = [bx! - ax!, by! - ay!];
    const square = dx * dx + dy * dy;
    const t = square === 0 ? 0 : Math.min(1, Math.max(0, ((x! - ax!) * dx + (y! - ay!) * dy) / square));
    return Math.hypot(x! - ax! - t * dx, y! - ay! - t * dy);
  };

  test("has lines that pass within a third of a pixel of every point", () => {
    const point = fc.tuple(fc.double({ min: 0, max: 800, noNaN: true }), fc.double({ min: 0, max: 300, noNaN: true }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 60 }), (points) => {
        const kept = simplified(points, 0.3);
        expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
        const away = (p: readonly number[]) =>
          Math.min(...kept.map((a, i) => distance(p, a, kept[Math.min(i + 1, kept.length - 1)]!)));
        expect(Math.max(...points.map(away))).toBeLessThanOrEqual(0.3);
      }),
    );
  });

  test.each([
    ["M0,0L1,1.04L2,2L3,3.01L3,8", "M0,0L3,3L3,8"],
    ["M0,0L10,0L10,10Z", "M0,0L10,0L10,10Z"],
    ["M0,1.25L5,1.25M7,3.04L9,9", "M0,1.3L5,1.3M7,3L9,9"],
    ["M2.512,0A2.512,2.512,0,1,1,-2.512,0", "M2.5,0A2.5,2.5,0,1,1,-2.5,0"],
  ])("has of the path %s what can be seen", (path, compact) => {
    expect(compactPath(path, 0.3)).toBe(compact);
  });

  test("says once what many of its elements look like", () => {
    const text = (x: number) => `<text fill="red" x="${x}" font-size="11px" opacity="0.5">${x}</text>`;
    const picture = compactSvg(`<svg width="9">${[1, 2, 3, 4].map(text).join("")}<text fill="red">5</text></svg>`, "t");
    expect(picture).toContain("<style>.c0{fill:red;}.c1{font-size:11px;opacity:0.5;}</style>");
    expect(picture).toContain('<text class="c0 c1" x="1">1</text>');
    expect(picture).toContain('<text class="c0">5</text>');
    expect(repeatedAttributes(picture)).toEqual([]);
  });

  test("keeps what is drawn and says its title", () => {
    const svg =
      '<svg class="marks" width="10.123" height="4"><rect fill="white"/><g class="a" role="b"><g aria-hidden="true"></g>' +
      '<path d="M0,0h0v0h0Z" pointer-events="none"/><text font-family="Arial" x="1.26" opacity="1">k &lt; 3</text><text opacity="0">4</text><text x="5"/></g></svg>';
    expect(compactSvg(svg, "a & b")).toBe(
      '<svg role="img" aria-label="a &amp; b" font-family="Arial" width="10.1" height="4"><rect fill="white"/><g>' +
        '<text x="1.3">k &lt; 3</text></g></svg>\n',
    );
  });
});
