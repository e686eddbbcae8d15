import { Inject, Injectable } from '@nestjs/common';
import { TypeMetrics } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

const EVERY_MS = 2000;

/**
 * Says how many runs of each type go on here. It holds as long as a lease does: of a worker that was killed it ends when its jobs
 * go back to the queue.
 */
@Injectable()
export class RunningPublisher {
  private readonly ttlMs: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: RedisLink,
    private readonly state: WorkerState,
    private readonly metrics: TypeMetrics,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {
    this.ttlMs = identity.settings.WORKER_LEASE_SECONDS * 1000;
  }

  start(): void {
    this.timer = setInterval(() => this.publish(), Math.min(EVERY_MS, this.ttlMs / 3));
    this.publish();
  }

  /** Takes it back: nothing runs here any more. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    if (this.redis.isUp) await this.metrics.withdrawRunning(this.identity.id).catch(() => undefined);
  }

  private publish(): void {
    if (!this.redis.isUp) return;
    this.metrics
      .publishRunning(this.identity.id, this.state.runningByType, this.ttlMs)
      .catch(() => undefined); // said again soon
  }
}
