import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { QueueInspector } from '#libs/queue';
import { KnownQueues } from '../redis/known-queues.js';
import { QueueName } from '../redis/queue-name.js';

/** Minutes of ends that are kept of each queue: a day. */
const KEPT_MINUTES = 1440;
/** A queue that was destroyed, or a Redis that lost its memory, counts again after this. */
const EVERY_MS = 30_000;

/** Has the ends of jobs counted by minute in every queue that is looked after. A worker that asks for other minutes has its way. */
@Injectable()
export class EndsCounter implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private isAsking = false;

  constructor(
    private readonly queues: KnownQueues,
    private readonly own: QueueName,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.ask(), EVERY_MS);
    this.ask();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private ask(): void {
    // While Redis is away one question waits for it, not more.
    if (this.isAsking) return;
    this.isAsking = true;
    const asked = this.own.all.map((name) =>
      new QueueInspector(this.queues.backendOf(name)).countEnds(KEPT_MINUTES),
    );
    // What keeps it from being written is told where it matters: by requests and the queue's own log.
    void Promise.allSettled(asked).then(() => (this.isAsking = false));
  }
}
