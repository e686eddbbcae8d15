import { Cluster, type Redis } from 'ioredis';
import type { RedisClient } from '../backend/scripts.js';

/** Keys that Redis looks at in one step, and steps in one look. */
const KEYS_A_STEP = 1000;
const STEPS = 20;
/** An answer holds for so long: many callers cost no more than one. */
const FRESH_MS = 1000;
const MOST_KNOWN = 10_000;

/**
 * Finds the heartbeats of workers that say nowhere that they are there. All keys have to be looked at for them: each look goes on
 * where the one before stopped, so none takes long, however many keys there are.
 */
export class LegacyWorkers {
  private readonly known = new Set<string>();
  /** Where to go on, by server. */
  private cursors = new Map<Redis, string>();
  private readonly done = new Set<Redis>();
  private isComplete = false;
  private lookedAt = -Infinity;
  private looking: Promise<void> | undefined;

  /** @param start what the keys begin with; the rest is the worker's id. */
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly start: string,
  ) {}

  /** Ids of those found so far; `complete` once all keys were looked at. */
  async find(): Promise<{ ids: string[]; complete: boolean }> {
    if (performance.now() - this.lookedAt >= FRESH_MS) {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
      await this.looking;
    }
    return { ids: [...this.known], complete: this.isComplete };
  }

  /** These live no longer. */
  forget(ids: readonly string[]): void {
    for (const id of ids) this.known.delete(id);
  }

  private async look(): Promise<void> {
    const client = await this.client();
    const servers = client instanceof Cluster ? client.nodes('master') : [client];
    const cursors = new Map<Redis, string>();
    for (const server of servers)
      cursors.set(server, await this.scan(server, this.cursors.get(server) ?? '0'));
    this.cursors = cursors;
    for (const [server, cursor] of cursors) if (cursor === '0') this.done.add(server);
    this.isComplete = servers.every((server) => this.done.has(server));
    this.lookedAt = performance.now();
  }

  private async scan(server: Redis, from: string): Promise<string> {
    let cursor = from;
    for (let step = 0; step < STEPS; step++) {
      const [next, keys] = await server.scan(
        cursor,
        'MATCH',
        `${escaped(this.start)}*`,
        'COUNT',
        KEYS_A_STEP,
      );
      for (const key of keys) if (this.known.size < MOST_KNOWN) this.known.add(key.slice(this.start.length));
      cursor = next;
      if (cursor === '0') break;
    }
    return cursor;
  }
}

/** What Redis takes for itself and not for a pattern. */
const escaped = (word: string) => word.replaceAll(/[\\*?[\]]/g, '\\$&');
