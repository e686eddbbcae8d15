import { Inject, Injectable } from '@nestjs/common';
import { HandlerRegistry } from '#libs/jobs';
import { WorkerFleet } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

const TTL_SECONDS = 60;
const EVERY_MS = 15_000;
/** A worker with short jobs changes its status all the time. */
const MIN_GAP_MS = 1000;

/**
 * Reports the worker's health at `<prefix>:worker:health:<worker id>`, in the fields of the contract
 * and a few more, every 15 s and soon after a change of status or of whether it drains (at most once a second).
 */
@Injectable()
export class Heartbeat {
  private readonly fleet: WorkerFleet;
  private timer: NodeJS.Timeout | undefined;
  private lastWrite = -Infinity;
  private stopped = true;

  constructor(
    private readonly redis: RedisLink,
    private readonly state: WorkerState,
    private readonly registry: HandlerRegistry,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {
    this.fleet = new WorkerFleet(async () => redis.client, identity.settings.QUEUE_PREFIX);
  }

  start(): void {
    this.stopped = false;
    this.state.onStatusChange(() => this.beatSoon());
    this.redis.client.on('ready', () => this.beat());
    this.beat();
  }

  /** Ends the reports and takes the last one away: a worker that stopped in order is not missed. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.redis.isUp) await this.fleet.leave(this.identity.id).catch(() => undefined);
  }

  private beatSoon(): void {
    if (!this.stopped) this.schedule(Math.max(0, this.lastWrite + MIN_GAP_MS - performance.now()));
  }

  private schedule(delayMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.beat(), delayMs);
  }

  private beat(): void {
    if (this.stopped) return;
    this.lastWrite = performance.now();
    this.schedule(EVERY_MS);
    // Without Redis there is nobody to tell; the next beat comes when it is back.
    if (!this.redis.isUp) return;
    this.fleet.beat(this.identity.id, this.report(), TTL_SECONDS).catch(() => undefined);
  }

  private report(): Record<string, unknown> {
    const { id, version, settings } = this.identity;
    const running = this.state.running;
    return {
      worker_id: id,
      status: this.state.status,
      last_heartbeat: new Date().toISOString(),
      current_job: running[0] ?? '',
      jobs_processed: this.state.processed,
      jobs_succeeded: this.state.succeeded,
      jobs_failed: this.state.failed,
      uptime_seconds: this.state.uptimeSeconds,
      language: 'typescript',
      version,
      instance: this.state.instance,
      queue: settings.QUEUE_NAME,
      types: this.registry.types(),
      draining: this.state.isDraining,
      concurrency: settings.WORKER_CONCURRENCY,
      current_jobs: running,
    };
  }
}
