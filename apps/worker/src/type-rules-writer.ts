import { Inject, Injectable } from '@nestjs/common';
import { HandlerRegistry, type JobType } from '#libs/jobs';
import { PUBLISHED_TTL_MS, QueueKeys, DeclaredTypes, type TypeRule } from '#libs/queue';
import { Consumer } from './consumer.js';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

/**
 * Tells the queue what this worker's code and environment say of its types: how many of their jobs may run at once, and how long
 * ended ones are kept. It is the queue that keeps to it.
 */
@Injectable()
export class TypeRulesWriter {
  private readonly declared: DeclaredTypes;

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    private readonly consumer: Consumer,
    keys: QueueKeys,
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
  ) {
    this.declared = new DeclaredTypes(async () => redis.client, keys, {
      defaultType: settings.QUEUE_DEFAULT_TYPE,
    });
  }

  /** Says it, or that it still holds. What follows from it, from what others say and from settings at run time, holds at once. */
  async write(): Promise<void> {
    const rules = new Map(this.registry.all().map((type) => [type.type, ruleOf(type)]));
    await this.declared.declare(this.consumer.claimant, rules, PUBLISHED_TTL_MS);
  }

  /** Whether the queue still knows. */
  isKnown(): Promise<boolean> {
    return this.declared.isKnown(this.consumer.claimant);
  }

  /** Takes it back: this worker claims no more. */
  async stop(): Promise<void> {
    if (this.redis.isUp) await this.declared.withdraw(this.consumer.claimant).catch(() => undefined);
  }
}

function ruleOf({ standingSettings, settings, version, isBarred }: JobType): TypeRule {
  const { retention } = settings;
  return {
    limit: standingSettings.concurrency,
    isOff: !standingSettings.enabled,
    isBarred,
    version,
    kept: { ...retention, dead: settings.deadLetters ? retention.dead : null },
  };
}
