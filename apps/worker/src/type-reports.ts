import { Injectable } from '@nestjs/common';
import type { PublishedType, TypeHealth, TypeMetricsView } from '#libs/contracts';
import { HandlerRegistry } from '#libs/jobs';
import { healthOf, TypeCatalog, TypeMetrics } from '#libs/queue';
import { RedisLink } from './redis-link.js';

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
  private readonly since = Date.now();

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    private readonly metrics: TypeMetrics,
    private readonly catalog: TypeCatalog,
  ) {}

  /** All types that ran so far or that a live worker runs; `undefined` when Redis does not answer within a second. */
  async read(): Promise<TypeReport[] | undefined> {
    return this.redis.soon(() => this.readAll());
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
