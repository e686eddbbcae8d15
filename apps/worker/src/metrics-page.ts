import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { FleetMetrics } from './fleet-metrics.js';
import { TypeReports } from './type-reports.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/**
 * The text of `GET /metrics`, in Prometheus' form: what was counted of the job types over all workers, what this worker does, and
 * what Node says of the process. Without Redis the first part is missing.
 */
@Injectable()
export class MetricsPage {
  private readonly registry = new Registry();
  private readonly fleet: FleetMetrics;
  private readonly isUp: Gauge;

  constructor(
    private readonly types: TypeReports,
    private readonly state: WorkerState,
    @Inject(WORKER_IDENTITY) { settings, id, version }: WorkerIdentity,
  ) {
    const registers = [this.registry];
    this.fleet = new FleetMetrics(this.registry);
    new Gauge({
      name: 'drover_worker_info',
      help: 'This worker; always 1.',
      labelNames: ['worker_id', 'version', 'queue'],
      registers,
    }).set({ worker_id: id, version, queue: `${settings.QUEUE_PREFIX}:${settings.QUEUE_NAME}` }, 1);
    new Gauge({
      name: 'drover_worker_places',
      help: 'Jobs that this worker runs at once, at most.',
      registers,
    }).set(settings.WORKER_CONCURRENCY);
    this.isUp = new Gauge({
      name: 'drover_worker_redis_up',
      help: 'Whether Redis answered; without it the values of types are missing.',
      registers,
    });
    this.showState(registers);
    collectDefaultMetrics({ register: this.registry });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Never rejects for Redis: it answers within about a second. */
  async render(): Promise<string> {
    const reports = await this.types.read();
    this.isUp.set(reports ? 1 : 0);
    this.fleet.show(reports ?? []);
    return this.registry.metrics();
  }

  private showState(registers: Registry[]): void {
    const { state } = this;
    new Gauge({
      name: 'drover_worker_running',
      help: 'Runs that go on in this worker, by type.',
      labelNames: ['type'],
      registers,
      collect() {
        this.reset();
        for (const [type, count] of Object.entries(state.runningByType)) this.set({ type }, count);
      },
    });
    new Counter({
      name: 'drover_worker_processed_total',
      help: 'Runs that ended in this worker since it started; what failed may be tried again.',
      labelNames: ['outcome'],
      registers,
      collect() {
        this.reset();
        this.inc({ outcome: 'succeeded' }, state.succeeded);
        this.inc({ outcome: 'failed' }, state.failed);
      },
    });
  }
}
