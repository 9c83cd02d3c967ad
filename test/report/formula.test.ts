import { describe, expect, it } from "vitest";
import { bounds } from "../../src/bounds/registry.js";
import { formulaMarkup } from "../../src/report/formula.js";
import { averagedColumns, layerColumns, traceColumns } from "../../src/trace/columns.js";

const markup = (formula: string) => formulaMarkup(formula).markup;

describe("formulas as MathML", () => {
  it("by hand", () => {
    expect(markup("w_{k+1}²")).toBe(
      '<math><msubsup><mi>w</mi><mrow><mi>k</mi><mo stretchy="false">+</mo><mn>1</mn></mrow><mn>2</mn></msubsup></math>',
    );
    // Signs between spaces and words stand between formulas, where lines may break.
    expect(markup("d_k ≤ D whenever g ≠ 0")).toBe(
      "<math><msub><mi>d</mi><mrow><mi>k</mi></mrow></msub></math> ≤ <math><mi>D</mi></math> whenever <math><mi>g</mi></math> ≠ <math><mn>0</mn></math>",
    );
    expect(markup("2√κ")).toBe("<math><mn>2</mn><msqrt><mrow><mi>κ</mi></mrow></msqrt></math>");
    // The parentheses of a root are the root's own; those inside stay.
    expect(markup("√(a(b))")).toBe(
      '<math><msqrt><mrow><mi>a</mi><mo stretchy="false">(</mo><mi>b</mi><mo stretchy="false">)</mo></mrow></msqrt></math>',
    );
    expect(markup("f_val(w)")).toContain("<msub><mi>f</mi><mrow><mi>val</mi></mrow></msub>");
    // Letters beside each other are factors, not words, from capitals and Greek ones on.
    expect(markup("μLD")).toBe("<math><mi>μ</mi><mi>L</mi><mi>D</mi></math>");
  });

  it("cannot become other markup", () => {
    expect(markup("a<b & <img src=x>")).not.toMatch(/<img|&(?!lt;|gt;|amp;|#39;|quot;)/);
  });

  const all = [
    ...bounds.flatMap(({ statement, columns }) => [statement, ...columns.map(({ formula }) => formula)]),
    ...[...traceColumns, ...averagedColumns, ...layerColumns].map(({ formula }) => formula),
  ];
  const elements = /<(\/?)(math|mrow|mi|mn|mo|mtext|msqrt|msub|msup|msubsup|mspace)(?: [^>]*?)?(\/?)>/g;
  const digits: Record<string, string> = Object.fromEntries(
    ["⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"].flatMap((all) => [...all].map((sign, i) => [sign, String(i)])),
  );

  it.each(all)("%s keeps every letter and number in order, in elements that close", (formula) => {
    const text = markup(formula);
    const open: string[] = [];
    for (const [, closing, name, empty] of text.matchAll(elements)) {
      if (closing) expect(open.pop()).toBe(name);
      else if (!empty) open.push(name!);
    }
    expect(open).toEqual([]);
    const left = text.replace(elements, "");
    expect(left).not.toMatch(/[<>{}_^√]/);
    const letters = (some: string) =>
      [...some]
        .map((sign) => digits[sign] ?? sign)
        .join("")
        .replace(/[^\p{L}\p{N}]/gu, "");
    const unescaped = left.replace(/&(?:lt|gt|amp|#39|quot);/g, "");
    // A subscript stands before the superscript, in whatever order they were written.
    expect([...letters(unescaped)].sort().join("")).toBe([...letters(formula)].sort().join(""));
  });
});
