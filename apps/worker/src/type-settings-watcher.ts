import { Injectable, Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { HandlerRegistry, type JobType } from '#libs/jobs';
import { PUBLISHED_TTL_MS, TypeCatalog } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { Schedules } from './schedules.js';
import { TypePublisher } from './type-publisher.js';
import { TypeRulesWriter } from './type-rules-writer.js';

/** A message may be lost with the connection that would have brought it; reconnecting reads anew, and so does this. */
const LOOK_AGAIN_MS = PUBLISHED_TTL_MS / 4;
/** How often it is asked whether Redis still knows: it may have lost its memory, and tells nobody. */
const TICK_MS = 1000;

/**
 * Follows what is set for types at run time: a change holds here, and what it limits holds for the queue, as soon as Redis
 * tells of it.
 */
@Injectable()
export class TypeSettingsWatcher {
  private readonly logger = new Logger('Types');
  private subscriber: Redis | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lookedAt = 0;
  private isAsking = false;
  /** Types of which it was said that they cannot run here. */
  private readonly told = new Set<string>();
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
    private readonly rules: TypeRulesWriter,
    private readonly schedules: Schedules,
    private readonly catalog: TypeCatalog,
  ) {}

  /** Starts following. Resolves when what is set now holds, or at once when Redis is not there yet. */
  async start(): Promise<void> {
    this.subscriber = this.redis.duplicate();
    this.subscriber.on('message', () => void this.load());
    this.subscriber.on('ready', () => void this.load());
    this.subscriber.subscribe(this.catalog.changes).catch(() => undefined);
    this.timer = setInterval(() => void this.tick(), TICK_MS);
    // Of the two connections either may be there first.
    this.redis.client.on('ready', () => void this.load());
    if (this.redis.isUp) await this.load();
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    this.subscriber?.disconnect();
  }

  /** Looks again when it is time, or something is not as it should be. */
  private async tick(): Promise<void> {
    // A Redis that does not answer is asked once.
    if (!this.redis.isUp || this.isAsking) return;
    this.isAsking = true;
    const isKnown = this.areHeld && (await this.rules.isKnown().catch(() => true));
    if (this.areHeld && !isKnown) this.sayAllAnew();
    if (!isKnown || performance.now() - this.lookedAt >= LOOK_AGAIN_MS) await this.load();
    this.isAsking = false;
  }

  private sayAllAnew(): void {
    this.publisher.publish();
    void this.schedules.applyAnew();
  }

  /** One after the other, so that an older answer never replaces a newer one. */
  private load(): Promise<void> {
    this.loading = this.loading
      .then(() => this.apply())
      .catch((error: Error) => {
        if (!this.isClosed) this.logger.warn(`settings of types are not in force: ${error.message}`);
      });
    return this.loading;
  }

  private async apply(): Promise<void> {
    if (!this.redis.isUp || this.isClosed) return;
    const overrides = await this.catalog.overrides((type, problem) => this.tellIgnored(type, problem));
    let changed = false;
    for (const type of this.registry.all()) {
      const before = JSON.stringify(type.settings);
      const problems = type.overrideAtRunTime(overrides.get(type.type) ?? {});
      if (problems.length > 0) this.tellIgnored(type.type, problems.join('; '));
      this.tellUnmet(type);
      if (JSON.stringify(type.settings) === before) continue;
      changed = true;
      this.logger.log(`settings of type "${type.type}" have changed`);
    }
    if (changed) this.publisher.publish();
    // What was taken back meanwhile must not be said again.
    if (this.isClosed) return;
    await this.rules.write();
    this.lookedAt = performance.now();
    this.areHeld = true;
    this.hold();
    if (changed) void this.schedules.apply();
  }

  private tellIgnored(type: string, problem: string): void {
    this.logger.warn(`settings of type "${type}" in Redis cannot be used and are ignored: ${problem}`);
  }

  /** Says once that a type was enabled which cannot run here. */
  private tellUnmet({ type, unmet }: JobType): void {
    if (unmet.length === 0) this.told.delete(type);
    if (unmet.length === 0 || this.told.has(type)) return;
    this.told.add(type);
    for (const problem of unmet) this.logger.error(`${problem}; until then it stays disabled in this worker`);
  }
}
