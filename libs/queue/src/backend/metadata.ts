import type { StreamReadRaw } from 'bullmq';
import { Cluster } from 'ioredis';
import { asJson } from './json-text.js';
import type { QueueKeys } from './keys.js';
import { isLimit, type Limits } from './limits.js';
import type { RedisClient } from './scripts.js';

/** BullMQ parses each result: one that a legacy service wrote and that is no JSON would end its reader. */
function makeParsable(fields: string[]): void {
  const at = fields.findIndex((name, place) => place % 2 === 0 && name === 'returnvalue') + 1;
  if (at > 0) fields[at] = asJson(fields[at] ?? '');
}

/** The queue's settings, its event stream, and who is connected. */
export class Metadata {
  /** Position that "from now on" means, for a reader of events. */
  private fromNow: Promise<string> | undefined;

  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
    private readonly limits: Limits,
  ) {}

  async set(values: Record<string, string | number>): Promise<number> {
    if (Object.keys(values).some(isLimit)) return this.limits.set(values);
    return (await this.client()).hset(this.keys.key('meta'), values);
  }

  async get(fields: readonly string[]): Promise<(string | null)[]> {
    return (await this.client()).hmget(this.keys.key('meta'), ...fields);
  }

  async all(): Promise<Record<string, string>> {
    return (await this.client()).hgetall(this.keys.key('meta'));
  }

  async unset(fields: readonly string[]): Promise<number> {
    if (fields.some(isLimit)) return this.limits.unset(fields);
    return (await this.client()).hdel(this.keys.key('meta'), ...fields);
  }

  async has(field: string): Promise<boolean> {
    return (await (await this.client()).hexists(this.keys.key('meta'), field)) === 1;
  }

  async trimEvents(maxLength: number): Promise<number> {
    return (await this.client()).xtrim(this.keys.key('events'), 'MAXLEN', '~', maxLength);
  }

  async publishEvent(fields: Record<string, string | number>, maxEvents: number): Promise<string> {
    const client = await this.client();
    const pairs = Object.entries(fields).flat();
    const asked = Number(await client.hget(this.keys.key('meta'), 'events'));
    const most = Math.max(maxEvents, asked);
    return (await client.xadd(this.keys.key('events'), 'MAXLEN', '~', most, '*', ...pairs)) ?? '';
  }

  /**
   * Fixes the position that `readEvents('$')` starts from as soon as `ready` resolves: before the first
   * blocking read, behind which every other command on this connection would wait.
   */
  markNow(ready: Promise<void>): void {
    this.fromNow = ready.then(async () => {
      const last = await (await this.client()).xrevrange(this.keys.key('events'), '+', '-', 'COUNT', 1);
      return last[0]?.[0] ?? '0-0';
    });
    this.fromNow.catch(() => undefined);
  }

  /** Resolves once the position is fixed; at once where {@link markNow} was not called. */
  async marked(): Promise<void> {
    await this.fromNow;
  }

  async readEvents(id: string, blockMs: number): Promise<StreamReadRaw> {
    // Also for a position that is given: whoever waits to be ready waits for an answer on this connection.
    const now = await this.fromNow;
    const from = id === '$' ? (now ?? id) : id;
    const client = await this.client();
    const read = await client.xread('BLOCK', blockMs, 'STREAMS', this.keys.key('events'), from);
    for (const [, fields] of read?.[0]?.[1] ?? []) makeParsable(fields);
    return read as StreamReadRaw;
  }

  async setName(name: string): Promise<void> {
    const client = await this.client();
    if (!(client instanceof Cluster)) await client.client('SETNAME', name);
  }

  /** Redis' client list, one text per cluster node. */
  async clientLists(): Promise<string[]> {
    const client = await this.client();
    const nodes = client instanceof Cluster ? client.nodes('all') : [client];
    return Promise.all(nodes.map(async (node) => String(await node.client('LIST'))));
  }
}
