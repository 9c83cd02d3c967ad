export * from "./cross-entropy";
export * from "./images";
export * from "./intensities";
export * from "./matrix-product";
export * from "./matrix-vector";
export * from "./pointwise-losses";
export * from "./reductions";
export * from "./relu-gradient";
