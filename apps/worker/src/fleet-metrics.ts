import { TYPE_HEALTH, type TypeMetricsView } from '#libs/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { TypeReport } from './type-reports.js';

const FLEET = 'Over all workers, the same on each: aggregate with max.';
const MS = 1000;

/** The values of job types, which all workers of a queue read from the same place. */
export class FleetMetrics {
  private readonly runs: Counter<'type' | 'outcome'>;
  private readonly dead: Counter<'type'>;
  private readonly measured: Counter<'type'>;
  private readonly seconds: Counter<'type'>;
  private readonly running: Gauge<'type'>;
  private readonly duration: Gauge<'type' | 'quantile'>;
  private readonly last: Gauge<'type' | 'event'>;
  private readonly health: Gauge<'type' | 'verdict'>;

  constructor(registry: Registry) {
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Counter<L>({
        name: `drover_type_${name}`,
        help: `${help} ${FLEET}`,
        labelNames,
        registers: [registry],
      });
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Gauge<L>({
        name: `drover_type_${name}`,
        help: `${help} ${FLEET}`,
        labelNames,
        registers: [registry],
      });
    this.runs = counter(
      'runs_total',
      'Runs that ended: ok, failed (for good), retried (failed, and tried again).',
      'type',
      'outcome',
    );
    this.dead = counter('dead_letters_total', 'Jobs that were kept as dead letters.', 'type');
    this.measured = counter('measured_runs_total', 'Runs whose duration was measured.', 'type');
    this.seconds = counter('run_seconds_total', 'Durations of all measured runs together.', 'type');
    this.running = gauge('running', 'Runs that go on now.', 'type');
    this.duration = gauge(
      'duration_seconds',
      'Durations of all runs so far by quantile, at most 5 % off (0 and 1 are exact).',
      'type',
      'quantile',
    );
    this.last = gauge(
      'last_timestamp_seconds',
      'When the last run ended, the last good one, the last that failed.',
      'type',
      'event',
    );
    this.health = gauge('health', '1 for the verdict that holds: ok, failing, silent.', 'type', 'verdict');
  }

  /** Shows these reports, and nothing of before. */
  show(reports: readonly TypeReport[]): void {
    for (const metric of [this.runs, this.dead, this.measured, this.seconds]) metric.reset();
    for (const metric of [this.running, this.duration, this.last, this.health]) metric.reset();
    for (const { type, metrics, health } of reports) {
      for (const verdict of TYPE_HEALTH) this.health.set({ type, verdict }, verdict === health ? 1 : 0);
      if (metrics) this.showCounts(metrics);
    }
  }

  private showCounts(metrics: TypeMetricsView): void {
    const { type, duration } = metrics;
    for (const outcome of ['ok', 'failed', 'retried'] as const) {
      this.runs.inc({ type, outcome }, metrics[outcome]);
    }
    this.dead.inc({ type }, metrics.dead);
    this.running.set({ type }, metrics.running);
    const times = { run: metrics.lastRun, success: metrics.lastSuccess, failure: metrics.lastFailure };
    for (const [event, time] of Object.entries(times)) {
      if (time !== null) this.last.set({ type, event }, time / MS);
    }
    this.measured.inc({ type }, duration?.count ?? 0);
    this.seconds.inc({ type }, (duration?.sum ?? 0) / MS);
    if (!duration) return;
    const quantiles = { '0': 'min', '0.5': 'p50', '0.95': 'p95', '0.99': 'p99', '1': 'max' } as const;
    for (const [quantile, name] of Object.entries(quantiles)) {
      this.duration.set({ type, quantile }, duration[name] / MS);
    }
  }
}
