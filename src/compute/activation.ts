import type * as tfl from "@tensorflow/tfjs-core";

/** Why a backend cannot be used here, in one line that says how to mend it. */
export class Unavailable extends Error {}

export async function loadCore(): Promise<typeof tfl> {
  const tf = await import("@tensorflow/tfjs-core");
  // TensorFlow.js's own switch for its advice to the console.
  tf.enableProdMode();
  return tf;
}

/** TensorFlow.js goes on with another backend where one cannot be initialised: both of its answers are checked. */
export async function activate(name: string): Promise<void> {
  const tf = await loadCore();
  const isActive = await tf.setBackend(name);
  if (!isActive || tf.getBackend() !== name) {
    throw new Unavailable(`TensorFlow.js ${tf.version_core} cannot initialise it on this machine; use another backend`);
  }
}

/** Activates a backend that has been started before; a process has one active backend, whatever it has started. */
export async function activateAgain(name: string): Promise<void> {
  const tf = await loadCore();
  if (tf.getBackend() !== name) await activate(name);
}

/** Runs f and removes the listeners for uncaught errors that it adds: how the process ends is not a backend's decision. */
export async function withoutErrorListeners(f: () => Promise<void>): Promise<void> {
  const events = ["uncaughtException", "unhandledRejection"];
  const before = new Set(events.flatMap((event) => process.listeners(event as "exit")));
  try {
    await f();
  } finally {
    for (const event of events) {
      for (const listener of process.listeners(event as "exit")) {
        if (!before.has(listener)) process.removeListener(event, listener);
      }
    }
  }
}
