#!/usr/bin/env node
import module from "node:module";

// From Node 22 on what the engine has compiled is kept for the next start (NODE_DISABLE_COMPILE_CACHE=1: it is not).
module.enableCompileCache?.();
const { main } = await import("../dist/bundle/main.js");
await main();
