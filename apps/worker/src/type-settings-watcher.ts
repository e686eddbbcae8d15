import { Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { HandlerRegistry } from '#libs/jobs';
import { TypeCatalog } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { TypeLimitsWriter } from './type-limits-writer.js';
import { TypePublisher } from './type-publisher.js';

/** A message may be lost with the connection that would have brought it; reconnecting reads anew, and so does this. */
const LOOK_AGAIN_MS = 30_000;
/** The same while no settings hold yet: the worker waits for them. */
const TRY_AGAIN_MS = 1000;

/**
 * Follows what is set for types at run time: a change holds here, and what it limits holds for the queue, as soon as Redis
 * tells of it.
 */
@Injectable()
export class TypeSettingsWatcher {
  private readonly logger = new Logger('Types');
  private subscriber: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private loading: Promise<void> = Promise.resolve();
  private hold!: () => void;
  private areHeld = false;
  private isClosed = false;
  /** Resolves when the settings hold, here and as limits of the queue: no job is to be claimed before. */
  readonly inForce = new Promise<void>((resolve) => (this.hold = resolve));

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    private readonly publisher: TypePublisher,
    private readonly limits: TypeLimitsWriter,
    private readonly catalog: TypeCatalog,
  ) {}

  /** Starts following. Resolves when what is set now holds, or at once when Redis is not there yet. */
  async start(): Promise<void> {
    this.subscriber = this.redis.duplicate();
    this.subscriber.on('message', () => void this.load());
    this.subscriber.on('ready', () => void this.load());
    this.subscriber.subscribe(this.catalog.changes).catch(() => undefined);
    this.timer = setInterval(() => void this.load(), LOOK_AGAIN_MS);
    // Of the two connections either may be there first.
    this.redis.client.on('ready', () => void this.load());
    if (this.redis.isUp) await this.load();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    clearTimeout(this.retry);
    this.subscriber?.disconnect();
  }

  /** One after the other, so that an older answer never replaces a newer one. */
  private load(): Promise<void> {
    this.loading = this.loading
      .then(() => this.apply())
      .catch((error: Error) => {
        if (this.isClosed) return;
        this.logger.warn(`settings of types are not in force: ${error.message}`);
        if (!this.areHeld) this.retry = setTimeout(() => void this.load(), TRY_AGAIN_MS);
      });
    return this.loading;
  }

  private async apply(): Promise<void> {
    if (!this.redis.isUp) return;
    const overrides = await this.catalog.overrides((type, problem) =>
      this.logger.warn(`settings of type "${type}" in Redis cannot be used and are ignored: ${problem}`),
    );
    let changed = false;
    for (const type of this.registry.all()) {
      const before = JSON.stringify(type.settings);
      type.overrideAtRunTime(overrides.get(type.type) ?? {});
      if (JSON.stringify(type.settings) === before) continue;
      changed = true;
      this.logger.log(`settings of type "${type.type}" have changed`);
    }
    if (changed) this.publisher.publish();
    await this.limits.write(changed);
    this.areHeld = true;
    this.hold();
  }
}
