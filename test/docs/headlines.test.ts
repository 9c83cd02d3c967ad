import { expect, test } from "vitest";
import { headlines } from "../../scripts/benchmark/headlines.js";

const csv = `case,what,engine,"ratio to PyTorch, 1 thread","ratio to JAX and optax, jit",ratio to NumPy
mlp,A perceptron,"wasm, Node 20",1.76,2.47,2.07
mlp,A perceptron,"wasm, Node 24",1.04,1.46,
mlp,A perceptron,"PyTorch, 1 thread",1,1.4,1.18
`;

test("figures of a busy machine are not quoted", () => {
  expect(headlines("**The machine had other work to do: these figures are not to be quoted.**", csv)).not.toMatch(
    /\d ×/,
  );
});

test("those of a quiet one are, of the newest Node, to two digits", () => {
  expect(headlines("A quiet machine.", csv)).toContain("| A perceptron (wasm, Node 24) | 1 × | 1.5 × | – |");
});
