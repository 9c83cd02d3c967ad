// What the checks of the documents read of Markdown: fenced blocks, links, anchors.

/**
 * A fenced block.
 *
 * @typedef {object} Block
 * @property {string} language the first word after the fence; "" if there is none
 * @property {readonly string[]} marks the words after it, e.g. `title=radius.yaml`
 * @property {string} content with a newline at the end of each line
 * @property {number} line of the opening fence, from 1
 */

const fence = /^( *)(`{3,}|~{3,})(.*)$/;

/**
 * The lines of a text, with the fenced block that each belongs to, fences included.
 *
 * @param {string} text
 */
function* linesOf(text) {
  /** @type {{ indent: number, fence: string, block: Block, content: string[] } | undefined} */
  let open;
  for (const [i, line] of text.split("\n").entries()) {
    const [, indent = "", ticks = "", info = ""] = fence.exec(line) ?? [];
    if (open) {
      const closes = ticks.startsWith(open.fence) && info.trim() === "";
      if (!closes) open.content.push(`${line.slice(Math.min(open.indent, line.search(/\S|$/)))}\n`);
      else open.block.content = open.content.join("");
      yield { line, block: open.block, closes };
      if (closes) open = undefined;
    } else if (ticks) {
      const [language = "", ...marks] = info.trim().split(/\s+/);
      const block = { language, marks, content: "", line: i + 1 };
      open = { indent: indent.length, fence: ticks, block, content: [] };
      yield { line, block, closes: false };
    } else yield { line, block: undefined, closes: false };
  }
}

/**
 * The fenced blocks, in order.
 *
 * @param {string} text
 * @returns {Block[]}
 */
export const blocksOf = (text) => [...linesOf(text)].flatMap(({ block, closes }) => (block && closes ? [block] : []));

/**
 * The value of a mark such as `title=radius.yaml`.
 *
 * @param {Block} block
 * @param {string} name
 */
export const markOf = ({ marks }, name) => marks.find((mark) => mark.startsWith(`${name}=`))?.slice(name.length + 1);

/**
 * The text outside of fenced blocks and of code within lines.
 *
 * @param {string} text
 */
export const proseOf = (text) =>
  [...linesOf(text)]
    .map(({ line, block }) => (block || /^( {4}|\t)/.test(line) ? "" : line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, "")))
    .join("\n");

/**
 * The anchors of a page, as code hosts make them of headings: lower case, without punctuation, hyphens for spaces, a
 * number after the second of a name. Explicit ones (`<a id="t1">`) too.
 *
 * @param {string} text
 */
export function anchorsOf(text) {
  const anchors = new Set([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id]) => String(id)));
  for (const { line, block } of linesOf(text)) {
    const heading = block ? undefined : /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/<[^>]*>/g, "");
    const slug = words
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
      .replace(/ /g, "-");
    let anchor = slug;
    for (let i = 1; anchors.has(anchor); i++) anchor = `${slug}-${i}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * The targets of links and pictures.
 *
 * @param {string} text
 */
export function linksOf(text) {
  const prose = proseOf(text);
  const inline = [...prose.matchAll(/\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const reference = [...prose.matchAll(/^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/gm)];
  const html = [...prose.matchAll(/<(?:a|img|source)\s[^>]*?(?:href|src|srcset)="([^"]+)"/g)];
  return [...inline, ...reference, ...html].map(([, target]) => String(target));
}
