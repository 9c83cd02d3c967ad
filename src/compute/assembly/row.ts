import { plus } from "./multiply-add";
import { Product } from "./product";

// Each of these adds to elements of C that lie beside each other, in registers: the same chain of additions over k as in
// a tile. Steps are in bytes.

function multiply32(a: usize, aStep: usize, b: usize, bStep: usize, steps: usize, sums: usize): void {
  let c0 = v128.load(sums, 0);
  let c1 = v128.load(sums, 16);
  let c2 = v128.load(sums, 32);
  let c3 = v128.load(sums, 48);
  let c4 = v128.load(sums, 64);
  let c5 = v128.load(sums, 80);
  let c6 = v128.load(sums, 96);
  let c7 = v128.load(sums, 112);
  for (; steps > 0; steps--, a += aStep, b += bStep) {
    const x = v128.load32_splat(a);
    c0 = plus(c0, x, v128.load(b, 0));
    c1 = plus(c1, x, v128.load(b, 16));
    c2 = plus(c2, x, v128.load(b, 32));
    c3 = plus(c3, x, v128.load(b, 48));
    c4 = plus(c4, x, v128.load(b, 64));
    c5 = plus(c5, x, v128.load(b, 80));
    c6 = plus(c6, x, v128.load(b, 96));
    c7 = plus(c7, x, v128.load(b, 112));
  }
  v128.store(sums, c0, 0);
  v128.store(sums, c1, 16);
  v128.store(sums, c2, 32);
  v128.store(sums, c3, 48);
  v128.store(sums, c4, 64);
  v128.store(sums, c5, 80);
  v128.store(sums, c6, 96);
  v128.store(sums, c7, 112);
}

function multiply4(a: usize, aStep: usize, b: usize, bStep: usize, steps: usize, sums: usize): void {
  let c = v128.load(sums);
  for (; steps > 0; steps--, a += aStep, b += bStep) {
    c = plus(c, v128.load32_splat(a), v128.load(b));
  }
  v128.store(sums, c);
}

function multiply1(a: usize, aStep: usize, b: usize, bStep: usize, steps: usize, sums: usize): void {
  let c = v128.load32_zero(sums);
  for (; steps > 0; steps--, a += aStep, b += bStep) c = plus(c, v128.load32_zero(a), v128.load32_zero(b));
  v128.store32_lane(sums, c, 0);
}

/** max(0, x), and NaN where x is. */
function rectify(at: usize, end: usize): void {
  const zero = f32x4.splat(0);
  for (; at + 16 <= end; at += 16) v128.store(at, f32x4.pmax(v128.load(at), zero));
  for (; at < end; at += 4) if (load<f32>(at) < 0) store<f32>(at, 0);
}

/** A product of one row, with its matrix B read once and where it lies. */
export function multiplyRow(product: Product): void {
  const aStep = product.aInner2 << 2;
  const bStep = product.bInner2 << 2;
  const steps = product.inner2;
  const end = product.c + (product.columns << 2);
  if (product.bias) memory.copy(product.c, product.bias, end - product.c);
  else memory.fill(product.c, 0, end - product.c);
  let b = product.b;
  let sums = product.c;
  for (; sums + 128 <= end; sums += 128, b += 128) multiply32(product.a, aStep, b, bStep, steps, sums);
  for (; sums + 16 <= end; sums += 16, b += 16) multiply4(product.a, aStep, b, bStep, steps, sums);
  for (; sums < end; sums += 4, b += 4) multiply1(product.a, aStep, b, bStep, steps, sums);
  if (product.rectified) rectify(product.c, end);
}
