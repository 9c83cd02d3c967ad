export * from "./cross-entropy";
export * from "./matrix-product";
export * from "./reductions";
export * from "./relu-gradient";
