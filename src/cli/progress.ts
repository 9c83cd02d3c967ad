import { Presets, SingleBar } from "cli-progress";
import type { PlannedRun } from "../execution/plan.js";
import type { Manifest } from "../results/manifest.js";
import type { StepRecord } from "../training/record.js";
import { duration, percent, short } from "./table.js";

/** Tells a person how far things are; always on standard error, so that standard output stays clean. */
export interface Progress {
  announce(line: string): void;
  start(planned: PlannedRun, number: number, total: number): void;
  record(record: StepRecord): void;
  end(manifest: Manifest): void;
}

const secondsBetweenLines = 5;

/** The last known numbers of the run in progress. */
class Reading {
  private readonly started = performance.now();
  private text = { loss: "–", accuracy: "" };
  step = 0;

  constructor(readonly steps: number) {}

  observe({ step, loss, test }: StepRecord): void {
    this.step = step;
    if (!Number.isNaN(loss)) this.text.loss = short(loss);
    if (test?.accuracy !== undefined) this.text.accuracy = `, test accuracy ${percent(test.accuracy)}`;
  }

  describe(): string {
    const rate = this.step / ((performance.now() - this.started) / 1000);
    const remaining = this.step > 0 ? duration((this.steps - this.step) / rate) : "?";
    return `loss ${this.text.loss}${this.text.accuracy}, ${short(rate)} steps/s, ${remaining} left`;
  }
}

const outcomeText = ({ status, stopReason, outcome, wallSeconds }: Manifest) =>
  [
    status,
    outcome?.finalLoss === undefined ? "" : `, loss ${short(outcome.finalLoss)}`,
    outcome?.finalTestAccuracy === undefined ? "" : `, test accuracy ${percent(outcome.finalTestAccuracy)}`,
    `, ${duration(wallSeconds)}`,
    stopReason ? ` (${stopReason})` : "",
  ].join("");

/** A bar that is redrawn, for terminals. */
class BarProgress implements Progress {
  private readonly bar = new SingleBar(
    {
      format: "{title} [{bar}] {value}/{total} {reading}",
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      linewrap: false,
      barsize: 24,
      fps: 8,
    },
    Presets.legacy,
  );
  private reading = new Reading(1);
  private title = "";

  announce(line: string): void {
    const { isActive } = this.bar;
    if (isActive) this.bar.stop();
    process.stderr.write(`${line}\n`);
    if (isActive) this.bar.start(this.reading.steps, this.reading.step, this.payload());
  }
  start({ run, steps }: PlannedRun, number: number, total: number): void {
    this.reading = new Reading(steps);
    this.title = total > 1 ? `${number}/${total} ${run.label}` : run.label;
    this.bar.start(steps, 0, this.payload());
  }
  record(record: StepRecord): void {
    this.reading.observe(record);
    this.bar.update(record.step, this.payload());
  }
  end(manifest: Manifest): void {
    this.bar.stop();
    process.stderr.write(`${this.title}: ${outcomeText(manifest)}\n`);
  }
  private payload() {
    return { title: this.title, reading: this.reading.describe() };
  }
}

/** Plain lines at a bounded rate, for logs. */
class LineProgress implements Progress {
  private reading = new Reading(1);
  private title = "";
  private lastLine = 0;

  announce(line: string): void {
    process.stderr.write(`${line}\n`);
  }
  start({ run, steps }: PlannedRun, number: number, total: number): void {
    this.reading = new Reading(steps);
    this.title = `${number}/${total} ${run.label}`;
    this.lastLine = performance.now();
    this.announce(`${this.title}: started, ${steps} steps`);
  }
  record(record: StepRecord): void {
    this.reading.observe(record);
    if (performance.now() - this.lastLine < secondsBetweenLines * 1000) return;
    this.lastLine = performance.now();
    this.announce(`${this.title}: step ${record.step}/${this.reading.steps}, ${this.reading.describe()}`);
  }
  end(manifest: Manifest): void {
    this.announce(`${this.title}: ${outcomeText(manifest)}`);
  }
}

const silent: Progress = { announce() {}, start() {}, record() {}, end() {} };

export function createProgress({ quiet }: { quiet: boolean }): Progress {
  if (quiet) return silent;
  return process.stderr.isTTY ? new BarProgress() : new LineProgress();
}
