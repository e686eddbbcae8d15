import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Queue } from 'bullmq';
import type { OtherQueue } from '#libs/jobs';
import { createBackend, type DroverBackend } from '#libs/queue';
import { ErrorLog } from './error-log.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/** Queues of the same prefix that jobs of this worker add children to; each is opened when it is first needed. */
@Injectable()
export class OtherQueues implements OnModuleDestroy {
  private readonly errors = new ErrorLog(new Logger('Queues'));
  private readonly queues = new Map<string, OtherQueue>();

  constructor(@Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity) {}

  /** @throws {InvalidQueueNameError} for a name that would make keys ambiguous. */
  open(name: string): OtherQueue {
    const { QUEUE_PREFIX, REDIS_URL } = this.identity.settings;
    let queue = this.queues.get(name);
    if (!queue) {
      queue = new Queue<unknown, unknown, string, unknown, unknown, string, DroverBackend>(
        name,
        { connection: { url: REDIS_URL }, prefix: QUEUE_PREFIX },
        createBackend,
      );
      queue.on('error', (error) => this.errors.report(error));
      this.queues.set(name, queue);
    }
    return queue;
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
  }
}
