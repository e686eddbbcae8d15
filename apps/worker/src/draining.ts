import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { DrainOrders, type DrainOrder } from '#libs/queue';
import { Consumer } from './consumer.js';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/** A message may be lost with the connection that would have brought it. */
const LOOK_AGAIN_MS = 1000;

/**
 * Follows orders to claim no more jobs, and to claim again. What was ordered last holds until this worker ends, also when Redis
 * forgets it; the heartbeat says that it is followed.
 */
@Injectable()
export class Draining {
  private readonly logger = new Logger('Worker');
  private readonly orders: DrainOrders;
  private subscriber: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;
  private isStopped = false;

  constructor(
    private readonly redis: RedisLink,
    private readonly consumer: Consumer,
    private readonly state: WorkerState,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {
    this.orders = new DrainOrders(async () => redis.client, identity.settings.QUEUE_PREFIX);
  }

  start(): void {
    this.subscriber = this.redis.duplicate();
    this.subscriber.on('message', (_channel, id: string) => {
      if (id === this.identity.id) this.look();
    });
    this.subscriber.subscribe(this.orders.channel).catch(() => undefined);
    this.timer = setInterval(() => {
      // A Redis that does not answer is asked once.
      if (!this.isLooking) this.look();
    }, LOOK_AGAIN_MS);
  }

  /** The order was for this run of the worker. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    this.subscriber?.disconnect();
    if (this.redis.isUp) await this.orders.drop(this.identity.id).catch(() => undefined);
  }

  /** One look after the other, so that an older answer never replaces a newer one. */
  private look(): void {
    this.looking = this.looking.then(() => this.lookOnce());
  }

  private async lookOnce(): Promise<void> {
    if (!this.redis.isUp || this.isStopped) return;
    this.isLooking = true;
    try {
      await this.follow(await this.orders.of(this.identity.id, this.state.instance));
    } catch (error) {
      if (!this.isStopped) this.logger.warn(`orders to drain were not read: ${(error as Error).message}`);
    } finally {
      this.isLooking = false;
    }
  }

  private async follow(order: DrainOrder | undefined): Promise<void> {
    const { isDraining, instance } = this.state;
    const drain = order?.drain ?? isDraining;
    if (drain) await this.orders.keep(this.identity.id, { drain, instance });
    if (drain === isDraining || this.isStopped) return;
    if (drain) await this.consumer.drain();
    else await this.consumer.resume();
    this.state.drain(drain);
    this.logger.log(drain ? 'draining: claims no more jobs' : 'claims jobs again');
  }
}
