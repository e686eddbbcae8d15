import { Inject, Injectable } from '@nestjs/common';
import type { TypeSettings } from '#libs/contracts';
import { HandlerRegistry } from '#libs/jobs';
import { QueueKeys, TypeLimits, type TypeLimit } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/** Tells the queue how many jobs of each type of this worker may run at once: it is the queue that keeps to it. */
@Injectable()
export class TypeLimitsWriter {
  private readonly limits: TypeLimits;
  private isWritten = false;

  constructor(
    redis: RedisLink,
    private readonly registry: HandlerRegistry,
    keys: QueueKeys,
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
  ) {
    this.limits = new TypeLimits(async () => redis.client, keys, {
      defaultType: settings.QUEUE_DEFAULT_TYPE,
    });
  }

  /**
   * Writes the limits in force, at first and when `hasChanged`; else only where Redis has lost all of them, since a worker of
   * another version may have written its own later, and its settings are as good.
   */
  async write(hasChanged: boolean): Promise<void> {
    const limits = new Map(this.registry.all().map(({ type, settings }) => [type, limitOf(settings)]));
    if (this.isWritten && !hasChanged) return this.limits.restore(limits);
    // Until it has worked it is to be done again, whatever the reason was.
    this.isWritten = false;
    await this.limits.write(limits);
    this.isWritten = true;
  }
}

const limitOf = ({ enabled, concurrency }: TypeSettings): TypeLimit =>
  enabled ? concurrency : { global: 0, perProcess: null };
