import { MultiBar, Presets, type SingleBar } from "cli-progress";
import { shortened } from "../comparison/labels.js";
import type { ExperimentObserver } from "../execution/experiment.js";
import type { PlannedRun } from "../execution/plan.js";
import type { ShownRecord } from "../execution/run-queue.js";
import type { Manifest } from "../results/manifest.js";
import { outcomeOf } from "../results/quantities.js";
import { consoleLine, tell } from "./output.js";
import { duration, percent, short } from "./table.js";

/** Tells a person how far things are; always on standard error, so that standard output stays clean. */
export type Progress = ExperimentObserver;

const secondsBetweenLines = 5;
const millisecondsBetweenUpdates = 100;

/** The last known numbers of a run in progress. */
class Reading {
  private readonly started = performance.now();
  private readonly numbers = new Map<string, string>();
  /** A run that goes on after it was cut off does not start at 0. */
  private firstStep: number | undefined;
  private shown = Number.NEGATIVE_INFINITY;
  step = 0;

  constructor(
    readonly title: string,
    private readonly planned: PlannedRun,
  ) {}

  /** The step it is to be made up to. */
  get steps(): number {
    return this.planned.rung?.step ?? this.planned.steps;
  }

  observe({ step, loss, train, validation, test }: ShownRecord): void {
    this.firstStep ??= step;
    this.step = step;
    const fullBatch = this.planned.run.config.batchSize === "full";
    if (!fullBatch && !Number.isNaN(loss)) this.numbers.set("batch loss", short(loss));
    if (train) this.numbers.set("train loss", short(train.loss));
    if (validation) this.numbers.set("validation loss", short(validation.loss));
    if (test?.accuracy !== undefined) this.numbers.set("test accuracy", percent(test.accuracy));
  }

  /** Whether it is time to show it again: a few times a second, since steps may take microseconds. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.shown < millisecondsBetweenUpdates) return false;
    this.shown = now;
    return true;
  }

  describe(): string {
    const made = this.step - (this.firstStep ?? 0);
    const rate = made / ((performance.now() - this.started) / 1000);
    const remaining = made > 0 ? duration((this.steps - this.step) / rate) : "?";
    const numbers = [...this.numbers].map(([name, value]) => `${name} ${value}, `).join("");
    return `${numbers}${short(rate)} steps/s, ${remaining} left`;
  }
}

function outcomeText(manifest: Manifest): string {
  const { status, stopReason, wallSeconds } = manifest;
  const loss = outcomeOf(manifest, "final", "trainLoss");
  const validation = outcomeOf(manifest, "final", "valLoss");
  const accuracy = outcomeOf(manifest, "final", "testAccuracy");
  return [
    status,
    loss === undefined ? "" : `, train loss ${short(loss)}`,
    validation === undefined ? "" : `, validation loss ${short(validation)}`,
    accuracy === undefined ? "" : `, test accuracy ${percent(accuracy)}`,
    `, ${duration(wallSeconds)}`,
    stopReason ? ` (${stopReason})` : "",
  ].join("");
}

/** Counts the runs of an experiment. */
class Count {
  private readonly began = performance.now();
  private made = 0;
  private started = 0;

  constructor(
    readonly total = 1,
    readonly finished = 0,
  ) {}

  get ended(): number {
    return this.finished + this.made;
  }
  start({ run }: PlannedRun): string {
    this.started++;
    return this.total > 1
      ? `${this.finished + this.started}/${this.total} ${shortened(run.label)}`
      : shortened(run.label);
  }
  end(): void {
    this.made++;
  }
  remaining(): string {
    const seconds = (performance.now() - this.began) / 1000;
    return this.made > 0 ? `${duration(((this.total - this.ended) * seconds) / this.made)} left` : "";
  }
}

/** Bars that are redrawn, for terminals: one for each run under way and, where there are several runs, one for all. */
class BarProgress implements Progress {
  private bars = BarProgress.createBars();
  private all: SingleBar | undefined;
  private count = new Count();
  private readonly active = new Map<string, { bar: SingleBar; reading: Reading }>();

  private static createBars(): MultiBar {
    return new MultiBar(
      {
        format: "{title} [{bar}] {value}/{total} {reading}",
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        linewrap: false,
        barsize: 24,
        fps: 8,
        forceRedraw: true,
      },
      Presets.legacy,
    );
  }

  begin(total: number, finished: number): void {
    this.finish();
    this.bars = BarProgress.createBars();
    this.count = new Count(total, finished);
    if (total > 1) this.all = this.bars.create(total, finished, { title: "runs", reading: "" });
  }
  announce(line: string): void {
    if (this.bars.isActive) this.bars.log(`${consoleLine(line)}\n`);
    else tell(line);
  }
  start(planned: PlannedRun): void {
    const reading = new Reading(this.count.start(planned), planned);
    const bar = this.bars.create(reading.steps, 0, { title: consoleLine(reading.title), reading: "" });
    this.active.set(planned.id, { bar, reading });
  }
  record({ id }: PlannedRun, record: ShownRecord): void {
    const shown = this.active.get(id);
    if (!shown) return;
    shown.reading.observe(record);
    if (!shown.reading.isDue()) return;
    shown.bar.update(record.step, { reading: shown.reading.describe() });
  }
  end({ id }: PlannedRun, manifest: Manifest | undefined): void {
    const shown = this.active.get(id);
    if (!shown) return;
    this.active.delete(id);
    this.bars.remove(shown.bar);
    this.count.end();
    this.all?.update(this.count.ended, { reading: this.count.remaining() });
    if (manifest) this.announce(`${shown.reading.title}: ${outcomeText(manifest)}`);
  }
  finish(): void {
    // The last lines have only been handed over: drawing once more writes them.
    if (this.bars.isActive) this.bars.update();
    this.bars.stop();
    this.all = undefined;
  }
}

/** Plain lines at a bounded rate, for logs. */
class LineProgress implements Progress {
  private count = new Count();
  private readonly active = new Map<string, Reading>();
  private lastLine = 0;

  begin(total: number, finished: number): void {
    this.count = new Count(total, finished);
  }
  announce(line: string): void {
    tell(line);
  }
  start(planned: PlannedRun): void {
    const reading = new Reading(this.count.start(planned), planned);
    this.active.set(planned.id, reading);
    const extent = planned.rung ? `to step ${reading.steps} of ${planned.steps}` : `${planned.steps} steps`;
    this.announce(`${reading.title}: started, ${extent}`);
  }
  record({ id }: PlannedRun, record: ShownRecord): void {
    const reading = this.active.get(id);
    if (!reading) return;
    reading.observe(record);
    if (performance.now() - this.lastLine < secondsBetweenLines * 1000) return;
    this.lastLine = performance.now();
    this.announce(`${reading.title}: step ${record.step}/${reading.steps}, ${reading.describe()}`);
  }
  end({ id }: PlannedRun, manifest: Manifest | undefined): void {
    const reading = this.active.get(id);
    this.active.delete(id);
    this.count.end();
    if (manifest && reading) this.announce(`${reading.title}: ${outcomeText(manifest)}`);
  }
  finish(): void {}
}

const silent: Progress = { begin() {}, announce() {}, start() {}, record() {}, end() {}, finish() {} };

export function createProgress({ quiet }: { quiet: boolean }): Progress {
  if (quiet) return silent;
  return process.stderr.isTTY ? new BarProgress() : new LineProgress();
}
