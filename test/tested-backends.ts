import { wasmBackends } from "./wasm-backends.js";

/**
 * The backends on which tests of tensors run. TEST_BACKEND names another one instead of these, which every machine has;
 * `npm run test:native` and `npm run test:webgpu` do, and run every test file that imports this one.
 */
export const testedBackends: readonly string[] = process.env.TEST_BACKEND
  ? [process.env.TEST_BACKEND]
  : [...wasmBackends, "cpu"];

/** Native and GPU arithmetic takes numbers below the smallest normal one for 0. */
export const keepsSubnormals = (backend: string): boolean => ["float64", ...wasmBackends, "cpu"].includes(backend);
