import type { RedisClient } from '../backend/scripts.js';

/** How long an order is kept for a worker that does not keep it alive itself. */
const KEPT_SECONDS = 3600;

/** What a worker is told: to claim no more, or to claim again. */
export interface DrainOrder {
  drain: boolean;
  /** The run of the worker that is meant: one that starts later with the same id is not. */
  instance: string;
}

/**
 * Orders to single workers to claim no more jobs. In Redis:
 *
 * - `<prefix>:worker:drain:<id>`: JSON, a {@link DrainOrder}; the worker keeps it alive while it runs, and takes it away when it ends;
 * - `<prefix>:worker:orders`: channel; a message is the id of a worker that has an order.
 */
export class DrainOrders {
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly prefix: string,
  ) {}

  get channel(): string {
    return `${this.prefix}:worker:orders`;
  }

  /** Gives a worker an order, and tells it. */
  async give(id: string, order: DrainOrder): Promise<void> {
    const client = await this.client();
    await client.set(this.keyOf(id), JSON.stringify(order), 'EX', KEPT_SECONDS);
    await client.publish(this.channel, id);
  }

  /** The order that holds for one run of a worker; `undefined` when there is none. */
  async of(id: string, instance: string): Promise<DrainOrder | undefined> {
    return (await this.ofMany([{ id, instance }]))[0];
  }

  /** The same for several workers, in the given order. */
  async ofMany(
    workers: readonly { id: string; instance: string | undefined }[],
  ): Promise<(DrainOrder | undefined)[]> {
    if (workers.length === 0) return [];
    const client = await this.client();
    const texts = await client.mget(workers.map(({ id }) => this.keyOf(id)));
    return texts.map((text, at) => orderFor(text, workers[at]?.instance));
  }

  /** Keeps an order that holds alive; gives it again where Redis has lost it. */
  async keep(id: string, order: DrainOrder): Promise<void> {
    const client = await this.client();
    const isNew = await client.set(this.keyOf(id), JSON.stringify(order), 'EX', KEPT_SECONDS, 'NX');
    if (isNew === null) await client.expire(this.keyOf(id), KEPT_SECONDS);
  }

  /** Takes away what a worker that ends was told. */
  async drop(id: string): Promise<void> {
    await (await this.client()).del(this.keyOf(id));
  }

  private keyOf(id: string): string {
    return `${this.prefix}:worker:drain:${id}`;
  }
}

function orderFor(text: string | null, instance: string | undefined): DrainOrder | undefined {
  if (text === null || instance === undefined) return undefined;
  try {
    const order = JSON.parse(text) as Partial<DrainOrder> | null;
    if (order?.instance !== instance) return undefined;
    return { drain: order.drain === true, instance };
  } catch {
    return undefined;
  }
}
