import { EventEmitter, once } from 'node:events';
import { createBackend, type DroverBackend } from '#libs/queue';
import { QueueEvents, type ConnectionOptions } from 'bullmq';

/** Tells when jobs of a queue end: by the queue's own events, from its first on. */
export class Endings {
  private readonly events: QueueEvents<never, DroverBackend, ConnectionOptions>;
  private readonly ends = new EventEmitter();

  constructor(queue: string, redisUrl: string, prefix: string) {
    const options = { connection: { url: redisUrl }, prefix, lastEventId: '0-0' };
    this.events = new QueueEvents(queue, options, createBackend);
    this.events.on('completed', ({ jobId }) => this.ends.emit(eventOf(jobId)));
    this.events.on('failed', ({ jobId }) => this.ends.emit(eventOf(jobId)));
    // What goes wrong with the connection shows as a job that does not end.
    this.events.on('error', () => undefined);
  }

  /**
   * Resolves when `hasEnded` says so, which is asked now and after each end that the queue tells of: a job
   * that is retried by hand ends twice.
   *
   * @returns false when that takes longer than `timeoutMs`
   */
  async wait(id: string, timeoutMs: number, hasEnded: () => Promise<boolean>): Promise<boolean> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), timeoutMs);
    try {
      for (;;) {
        // Listening before asking: an end between the two is heard.
        const told = once(this.ends, eventOf(id), stop).then(
          () => true,
          () => false,
        );
        if (await hasEnded()) return true;
        if (!(await told)) return false;
      }
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }

  close(): Promise<void> {
    return this.events.close();
  }
}

/** `error` is an id like any other, and no event like any other. */
const eventOf = (id: string): string => `end of ${id}`;
