import { Inject, Injectable } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Consumer } from './consumer.js';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/**
 * Passes cancels on to the handlers that run here. They come as job ids on the channel
 * `<prefix>:<queue>:cancel`; one that is missed, because the connection was away, is noticed when
 * the job's lease is extended next.
 */
@Injectable()
export class Cancellations {
  private readonly channel: string;
  private subscriber: Redis | undefined;

  constructor(
    private readonly redis: RedisLink,
    private readonly consumer: Consumer,
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
  ) {
    this.channel = `${settings.QUEUE_PREFIX}:${settings.QUEUE_NAME}:cancel`;
  }

  start(): void {
    this.subscriber = this.redis.duplicate();
    this.subscriber.on('message', (_channel, jobId: string) => this.consumer.cancel(jobId));
    // Waits for Redis, and is repeated by the client after each reconnect.
    this.subscriber.subscribe(this.channel).catch(() => undefined);
  }

  close(): void {
    this.subscriber?.disconnect();
  }
}
