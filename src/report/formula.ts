import { Html, html } from "./html.js";

/**
 * Formulas as theorems and columns write them, e.g. "‖w_{k+1} − w_k‖₂ ≤ λ_k‖w_k‖₂ whenever g_k ≠ 0", as MathML: _ and ^
 * begin a subscript and a superscript of one sign, of "val" or "test", or of what stands in braces, √ covers a sign or what stands in
 * parentheses, two small letters or more are a word. Words, commas, and signs between spaces that stand in no
 * parentheses are text of the page, so that long statements break into lines there.
 */
export function formulaMarkup(formula: string): Html {
  const parts: string[] = [];
  let math: string[] = [];
  const flush = () => {
    if (math.length > 0) parts.push(`<math>${math.join("")}</math>`);
    math = [];
  };
  for (const node of nodesOf(tokensOf(formula))) {
    if (node.text === undefined) {
      math.push(markupOf(node));
    } else {
      flush();
      parts.push(html`${node.text}`.markup);
    }
  }
  flush();
  return new Html(parts.join(""));
}

interface Node {
  readonly base: string;
  readonly sub: string[];
  readonly sup: string[];
  /** What stands between formulas, as it stands. */
  readonly text?: string;
}

const tokens =
  / [≤≥<>=≠+−/] |[,;:] | +|\d+(?:\.\d+)?|[A-Z]?[a-z]{2,}|[_^](?:\{[^}]*\}|val|test|.)|\*|[⁰¹²³⁴-⁹]|[₀-₉]|./gu;

const tokensOf = (formula: string): string[] => formula.match(tokens) ?? [];

const functions = new Set(["max", "min", "log", "exp", "sign", "mean", "limsup", "inf", "val", "test"]);

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const subscripts = "₀₁₂₃₄₅₆₇₈₉";

/** The nodes up to the parenthesis that closes, or to the end; takes their tokens. */
function nodesOf(left: string[], depth = 0): Node[] {
  const nodes: Node[] = [];
  for (let token = left.shift(); token !== undefined; token = left.shift()) {
    const script = scriptOf(token);
    const last = nodes.at(-1);
    if (script && last && last.text === undefined) last[script.place].push(script.markup);
    else if (token === "√") nodes.push(node(`<msqrt>${radicand(left)}</msqrt>`));
    else if (token === "(") nodes.push(node(operator("(")), ...nodesOf(left, depth + 1), node(operator(")")));
    else if (token === ")" && depth > 0) return nodes;
    else nodes.push(atom(token, depth));
  }
  return nodes;
}

const node = (base: string): Node => ({ base, sub: [], sup: [] });

const row = (nodes: readonly Node[]): string => `<mrow>${nodes.map(markupOf).join("")}</mrow>`;

function scriptOf(token: string): { place: "sub" | "sup"; markup: string } | undefined {
  if (token === "*") return { place: "sup", markup: operator("∗") };
  if (superscripts.includes(token)) return { place: "sup", markup: `<mn>${superscripts.indexOf(token)}</mn>` };
  if (subscripts.includes(token)) return { place: "sub", markup: `<mn>${subscripts.indexOf(token)}</mn>` };
  if (!/^[_^]./u.test(token)) return undefined;
  const inner = token.slice(1).replace(/^\{(.*)\}$/u, "$1");
  return { place: token.startsWith("_") ? "sub" : "sup", markup: row(nodesOf(tokensOf(inner), 1)) };
}

/** What a root covers. */
function radicand(left: string[]): string {
  const first = left.shift() ?? "";
  return first === "(" ? row(nodesOf(left, 1)) : row([atom(first, 1)]);
}

const escaped = (token: string) => html`${token}`.markup;

/** Bars open and close by turns, which MathML cannot know: they keep no distance. */
function operator(sign: string): string {
  const isBar = sign === "|" || sign === "‖";
  return `<mo stretchy="false"${isBar ? ' lspace="0" rspace="0"' : ""}>${escaped(sign)}</mo>`;
}

function atom(token: string, depth: number): Node {
  const isWord = /^[A-Z]?[a-z]{2,}$/.test(token) && !functions.has(token);
  const isBetween = /^ . $|^[,;:] $/u.test(token);
  if (depth === 0 && (isWord || isBetween)) return { ...node(""), text: token };
  if (isWord) return node(`<mtext>${token}</mtext>`);
  if (/^ +$/.test(token)) return depth === 0 ? { ...node(""), text: token } : node('<mspace width="0.25em"/>');
  if (/^\d/.test(token)) return node(`<mn>${token}</mn>`);
  if (/^\p{L}+$/u.test(token) && !"ΣΠ".includes(token)) return node(`<mi>${token}</mi>`);
  return node(operator(token.trim()) + (/^[,;:] $/.test(token) ? '<mspace width="0.25em"/>' : ""));
}

/** A node with its scripts. */
function markupOf({ base, sub, sup, text }: Node): string {
  if (text !== undefined) return `<mtext>${escaped(text)}</mtext>`;
  const script = (parts: readonly string[]) => (parts.length === 1 ? parts[0]! : `<mrow>${parts.join("")}</mrow>`);
  if (sub.length > 0 && sup.length > 0) return `<msubsup>${base}${script(sub)}${script(sup)}</msubsup>`;
  if (sub.length > 0) return `<msub>${base}${script(sub)}</msub>`;
  if (sup.length > 0) return `<msup>${base}${script(sup)}</msup>`;
  return base;
}
