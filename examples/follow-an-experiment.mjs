// Runs an experiment from a program and looks at each step as it is made. Nothing is written to disk.
import { runExperiment } from "run-experiment";

// What a config file would hold; the path of one, or the name of one that comes with the tool, does as well.
const config = {
  name: "from-a-program",
  problem: { name: "quadratic", dimension: 10, conditionNumber: 4 },
  optimizers: [
    { name: "sgd", learningRate: 0.4 },
    { name: "lars", learningRate: { schedule: "inverse-sqrt", initial: 0.2, decaySteps: 10 } },
  ],
  steps: 200,
  trace: { every: 50 }, // a record each fifty steps, and of the last
};

const onResult = ({ run, outcome, verdicts }) => {
  const held = Object.keys(verdicts).filter((name) => verdicts[name].outcome === "held");
  console.log(`${run}: best loss ${outcome.best.trainLoss.toExponential(1)}; held: ${held.join(", ") || "none"}`);
};

for await (const { run, step, loss, distance } of runExperiment(config, { onResult })) {
  console.log(`${run}: step ${step}, loss ${loss.toExponential(2)}, distance ${distance.toExponential(2)}`);
}
