import { Inject, Injectable } from '@nestjs/common';
import type { PublishedType, TypeHealth, TypeMetricsView } from '#libs/contracts';
import { HandlerRegistry } from '#libs/jobs';
import { healthOf, QueueKeys, TypeCatalog, TypeMetrics } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

const REDIS_ANSWERS_WITHIN_MS = 1000;

/** What is known of a type over all workers. */
export interface TypeReport {
  type: string;
  /** Absent before its first run. */
  metrics: TypeMetricsView | undefined;
  health: TypeHealth;
}

/** Reads how the types of the queue are doing, on all workers together. */
@Injectable()
export class TypeReports {
  private readonly metrics: TypeMetrics;
  private readonly catalog: TypeCatalog;
  private readonly since = Date.now();

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    @Inject(WORKER_IDENTITY) { settings }: WorkerIdentity,
  ) {
    const keys = new QueueKeys(settings.QUEUE_PREFIX, settings.QUEUE_NAME);
    this.metrics = new TypeMetrics(async () => redis.client, keys);
    this.catalog = new TypeCatalog(async () => redis.client, keys);
  }

  /** All types that ran so far or that a live worker runs; `undefined` when Redis does not answer within a second. */
  async read(): Promise<TypeReport[] | undefined> {
    if (!this.redis.isUp) return undefined;
    const late = new Promise<undefined>((resolve) =>
      setTimeout(resolve, REDIS_ANSWERS_WITHIN_MS, undefined).unref(),
    );
    return Promise.race([this.readAll().catch(() => undefined), late]);
  }

  private async readAll(): Promise<TypeReport[]> {
    const [counted, published] = await Promise.all([this.metrics.read(), this.catalog.list()]);
    const metrics = new Map(counted.map((one) => [one.type, one]));
    const known = new Map<string, Pick<PublishedType, 'schedule' | 'settings'>>(
      [...this.registry.all(), ...published].map((type) => [type.type, type]),
    );
    const now = Date.now();
    return [...new Set([...metrics.keys(), ...known.keys()])].sort().map((type) => {
      const { schedule, settings } = known.get(type) ?? {};
      const facts = { metrics: metrics.get(type), schedule, enabled: settings?.enabled ?? true };
      return { type, metrics: facts.metrics, health: healthOf({ ...facts, since: this.since, now }) };
    });
  }
}
