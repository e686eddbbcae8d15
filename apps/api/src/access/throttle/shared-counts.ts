import { QueueService } from '#libs/queue';
import { withDeadline } from '../../redis/with-deadline.js';
import type { SlidingWindows } from './sliding-windows.js';

/** Milliseconds between two looks at what other processes have counted. */
const EVERY_MS = 1000;
const DEADLINE_MS = 5000;
/** Callers of one look. */
const MOST = 500;
/** A count outlives the minute it is of by the next one, seconds. */
const KEPT_SECONDS = 150;

/**
 * Adds what this process has counted to the counts in Redis, and learns what all processes have: once a second, in one
 * call for all callers, so that no request waits for it. Without Redis each process counts for itself.
 */
export class SharedCounts {
  private timer: NodeJS.Timeout | undefined;
  private telling: Promise<void> | undefined;

  /** @param prefix first word of the keys. */
  constructor(
    private readonly windows: SlidingWindows,
    private readonly queue: QueueService,
    private readonly prefix: string,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => void this.tell(), EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.telling;
  }

  /** One look at a time: while Redis is away nothing piles up. */
  tell(): Promise<void> {
    this.telling ??= withDeadline(this.exchange(), DEADLINE_MS)
      .catch(() => undefined)
      .finally(() => (this.telling = undefined));
    return this.telling;
  }

  private async exchange(): Promise<void> {
    const told = this.windows.untold(MOST).map(([who, { minute, untold }]) => ({ who, minute, untold }));
    if (told.length === 0) return;
    const client = await this.queue.backend.client();
    if (client.status !== 'ready') return;
    const pipeline = client.pipeline();
    for (const { who, minute, untold } of told) {
      const key = `${this.prefix}:drover:rate:${who}:${minute}`;
      pipeline.incrby(key, untold).expire(key, KEPT_SECONDS);
    }
    const answers = (await pipeline.exec()) ?? [];
    told.forEach(({ who, minute, untold }, index) => {
      const [error, total] = answers[index * 2] ?? [];
      if (!error && typeof total === 'number') this.windows.learn(who, minute, untold, total);
    });
  }
}
