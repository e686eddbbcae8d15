import { Injectable } from '@nestjs/common';
import { BatchStore, JobStore, QueueService } from '#libs/queue';
import { QueueName } from './queue-name.js';

/** Jobs of every queue of the prefix, on one connection. */
@Injectable()
export class JobStores {
  private readonly stores = new Map<string, JobStore>();

  constructor(
    private readonly queue: QueueService,
    private readonly own: QueueName,
  ) {}

  /** The jobs of a queue that this process serves, or that a request names. Default: its own. */
  of(queue: string = this.own.name): JobStore {
    if (queue === this.own.name) return this.queue.jobs;
    const store = this.stores.get(queue) ?? new JobStore(this.queue.backend.forQueue(queue));
    // Only those are kept of which there are not many: names in requests may be any.
    if (this.own.all.includes(queue)) this.stores.set(queue, store);
    return store;
  }

  /** Batches of a queue, as {@link of} its jobs. */
  batchesOf(queue: string = this.own.name): BatchStore {
    return new BatchStore(queue === this.own.name ? this.queue.backend : this.queue.backend.forQueue(queue));
  }
}
