import { Injectable } from '@nestjs/common';
import type { LiveType, TypeMetricsView, TypeOverrides } from '#libs/contracts';
import { switchType, TypeCatalog, TypeMetrics, TypeQueues, type DroverBackend } from '#libs/queue';
import { TypeNotFoundError } from '../problems/api-errors.js';
import { KnownQueues } from '../redis/known-queues.js';
import { QueueName } from '../redis/queue-name.js';

/** The job types of a queue: what its workers publish, count, and were told at run time. */
@Injectable()
export class TypesOfQueue {
  constructor(
    private readonly queues: KnownQueues,
    private readonly homes: TypeQueues,
    private readonly own: QueueName,
  ) {}

  /**
   * The types of live workers of a queue, each with the queue that its jobs go to.
   *
   * @throws {QueueNotFoundError} for a queue that nobody knows.
   */
  async list(queue: string | undefined): Promise<LiveType[]> {
    const types = await (await this.catalog(queue)).list();
    if (queue !== undefined && queue !== this.own.name) return types;
    return Promise.all(types.map(async (type) => ({ ...type, queue: await this.homes.queueOf(type.type) })));
  }

  /** @throws {TypeNotFoundError} when no live worker of the queue runs it. */
  async find(queue: string | undefined, name: string): Promise<LiveType> {
    const type = (await this.list(queue)).find((each) => each.type === name);
    if (!type) throw new TypeNotFoundError(name);
    return type;
  }

  async catalog(queue: string | undefined): Promise<TypeCatalog> {
    const backend = await this.queues.find(queue);
    return new TypeCatalog(clientOf(backend), backend.queueKeys);
  }

  /** What was counted of the queue's types, by name. */
  async metrics(queue: string | undefined): Promise<TypeMetricsView[]> {
    const backend = await this.queues.find(queue);
    return new TypeMetrics(clientOf(backend), backend.queueKeys).read();
  }

  /** The same of one type. @throws {TypeNotFoundError} for one that was never counted and that no live worker runs. */
  async metricsOf(queue: string | undefined, name: string): Promise<TypeMetricsView> {
    const counted = (await this.metrics(queue)).find(({ type }) => type === name);
    if (counted) return counted;
    await this.find(queue, name);
    return { type: name, ...NOTHING_COUNTED };
  }

  /**
   * Switches a type on or off in all workers of a queue. What code and environment say anyway is not set as well.
   *
   * @returns what is overridden now.
   * @throws {TypeNotFoundError}
   */
  async enable(queue: string | undefined, name: string, enabled: boolean): Promise<TypeOverrides> {
    const { defaults } = await this.find(queue, name);
    const isDefault = enabled && defaults?.enabled === true;
    return switchType(await this.queues.find(queue), name, isDefault ? undefined : enabled);
  }
}

const NOTHING_COUNTED = {
  total: 0,
  ok: 0,
  failed: 0,
  retried: 0,
  dead: 0,
  running: 0,
  duration: null,
  lastRun: null,
  lastSuccess: null,
  lastFailure: null,
  recent: { runs: 0, failed: 0 },
};

const clientOf = (backend: DroverBackend) => () => backend.client();
