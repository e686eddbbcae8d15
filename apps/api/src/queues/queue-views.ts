import { Injectable } from '@nestjs/common';
import type { QueueLatency, QueueStatistics, QueueView } from '#libs/contracts';
import { JobStore, QueueInspector, type DroverBackend } from '#libs/queue';
import { KnownQueues } from '../redis/known-queues.js';
import { WorkerViews } from '../workers/worker-views.js';

/** Minutes that statistics show. */
const MINUTES = 60;

/** Whole queues as people read them. */
@Injectable()
export class QueueViews {
  constructor(
    private readonly queues: KnownQueues,
    private readonly workers: WorkerViews,
  ) {}

  async all(): Promise<QueueView[]> {
    const names = await this.queues.names();
    return Promise.all(names.map((name) => this.of(this.queues.backendOf(name))));
  }

  async of(backend: DroverBackend): Promise<QueueView> {
    const inspector = new QueueInspector(backend);
    const [stats, paused, limits, oldestWaitingMs, workers] = await Promise.all([
      new JobStore(backend).stats(),
      inspector.isPaused(),
      inspector.limits(),
      inspector.oldestWaitingMs(),
      this.workers.countOf(backend.name),
    ]);
    const { byStatus, byPriority, total } = stats;
    return {
      name: backend.name,
      paused,
      counts: { byStatus, byPriority, total },
      limits,
      oldestWaitingMs,
      workers,
    };
  }

  async statistics(backend: DroverBackend): Promise<QueueStatistics> {
    const minutes = await new QueueInspector(backend).ends(MINUTES);
    const sum = (kind: 'completed' | 'failed') => minutes.reduce((all, minute) => all + minute[kind], 0);
    return {
      queue: backend.name,
      completed: sum('completed'),
      failed: sum('failed'),
      minutes: minutes.map(({ at, ...ends }) => ({ at: new Date(at).toISOString(), ...ends })),
    };
  }

  async latency(backend: DroverBackend): Promise<QueueLatency> {
    const inspector = new QueueInspector(backend);
    const [[waiting = 0, prioritized = 0], oldestWaitingMs, started] = await Promise.all([
      backend.reading.counts(['waiting', 'prioritized']),
      inspector.oldestWaitingMs(),
      inspector.queueTimes(),
    ]);
    return { queue: backend.name, waiting: waiting + prioritized, oldestWaitingMs, started };
  }
}
