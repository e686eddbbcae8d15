import { endClient, openClient } from '../backend/connection.js';
import { QueueKeys } from '../backend/keys.js';
import type { RedisClient } from '../backend/scripts.js';
import { resolveServiceOptions, type QueueServiceOptions } from './options.js';

/** Waits for news in the event stream of one queue, on a connection of its own. */
export class EventWaiter {
  private client: RedisClient | undefined;
  private isClosed = false;

  constructor(private readonly options: QueueServiceOptions) {}

  /**
   * Resolves once there is an entry behind this one, or `ms` have passed. Also waits while Redis is away.
   *
   * @param id `0-0` = any entry.
   * @throws when it is closed.
   */
  async wait(id: string, ms: number): Promise<void> {
    if (this.isClosed) throw new Error('Connection is closed.');
    const { connection, prefix, queue } = resolveServiceOptions(this.options);
    this.client ??= quietClient(connection);
    const key = new QueueKeys(prefix, queue).key('events');
    await this.client.xread('COUNT', 1, 'BLOCK', ms, 'STREAMS', key, id);
  }

  /** Ends the wait under way. */
  close(): void {
    this.isClosed = true;
    if (this.client) endClient(this.client);
  }
}

/** It comes back by itself; the queue's own connection reports outages. */
function quietClient(connection: Parameters<typeof openClient>[0]): RedisClient {
  const client = openClient(connection);
  client.on('error', () => undefined);
  return client;
}
