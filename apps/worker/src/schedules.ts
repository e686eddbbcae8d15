import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { applySchedules, HandlerRegistry, OtherQueues } from '#libs/jobs';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

const TRY_AGAIN_MS = 5_000;

/** Sets up the schedules of this worker's types, once Redis is there. */
@Injectable()
export class Schedules {
  private readonly logger = new Logger('Schedules');
  private readonly stopping = new AbortController();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly queues: OtherQueues,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {}

  start(): void {
    void this.apply().catch(() => undefined);
  }

  close(): void {
    this.stopping.abort();
  }

  private async apply(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        return await applySchedules(this.queues.open(this.identity.settings.QUEUE_NAME), this.registry);
      } catch (error) {
        if (signal.aborted) return;
        this.logger.warn(`schedules were not set up, trying again: ${(error as Error).message}`);
        await sleep(TRY_AGAIN_MS, undefined, { signal });
      }
    }
  }
}
