/** A file that an experiment leaves, by its path from where results go; `<…>` stands for a name. */
export interface ResultFile {
  readonly path: string;
  readonly meaning: string;
}

const file = (path: string, meaning: string): ResultFile => ({ path, meaning });

/** What lies under the directory of results, as it is documented. */
export const resultFiles: readonly ResultFile[] = [
  file("index.html", "by `run-experiment report`: the reports of several experiments, as one page to start from"),
  file("<experiment>/experiment.json", "config, matrix of runs, provenance"),
  file("<experiment>/summary.csv", "one row a run"),
  file("<experiment>/search.csv", "of a search: one row a trial, with its values and the rungs it was compared at"),
  file("<experiment>/report.html", "figures, verdicts, provenance: one page that works offline"),
  file("<experiment>/figures/<figure>.svg", "the figures, by `run-experiment report`"),
  file("<experiment>/runs/<id>/run.json", "resolved config, status, outcome, verdicts, provenance"),
  file("<experiment>/runs/<id>/trace.csv", "one row a traced step"),
  file("<experiment>/runs/<id>/layers.csv", "one row a traced step and layer, unless `trace.layers` is false"),
  file("<experiment>/runs/<id>/timing.csv", "when evaluations were made, in seconds of computing time"),
  file("<experiment>/runs/<id>/weights.npz", "the final weights, for NumPy, if they are few or `save` asks for them"),
  file("<experiment>/runs/<id>/averaged-weights.npz", "their average, if `averageWeights` asks for it"),
  file(
    "<experiment>/runs/<id>/checkpoint",
    "what an unfinished run goes on from; `checkpoint.previous` the one before",
  ),
  file("<experiment>/slurm/…", "with Slurm: what was submitted, and the log of each task"),
  file("<experiment>/runs/<id>~<n>", "an earlier run that `--force` set aside"),
];
