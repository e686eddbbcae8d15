import { Queue } from 'bullmq';
import { createBackend, type DroverBackend } from '#libs/queue';
import type { OtherQueue } from './job-queue.js';

/** Queues of one prefix that jobs of a worker add children to; each is opened when it is first needed. */
export class OtherQueues {
  private readonly queues = new Map<string, OtherQueue>();

  /** @param onError told what happens to a queue's connection. */
  constructor(
    private readonly redisUrl: string,
    private readonly prefix: string,
    private readonly onError: (error: Error) => void,
  ) {}

  /** @throws {InvalidQueueNameError} for a name that would make keys ambiguous. */
  open(name: string): OtherQueue {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = new Queue<unknown, unknown, string, unknown, unknown, string, DroverBackend>(
        name,
        { connection: { url: this.redisUrl }, prefix: this.prefix },
        createBackend,
      );
      queue.on('error', this.onError);
      this.queues.set(name, queue);
    }
    return queue;
  }

  /** Closes what was opened; resolves when what is under way has its answers, which without Redis may be never. */
  async close(): Promise<void> {
    const opened = [...this.queues.values()];
    this.queues.clear();
    await Promise.all(opened.map((queue) => queue.close()));
  }

  /** Nest calls it when the application closes: nobody waits for answers any more. */
  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.disconnect()));
  }
}
