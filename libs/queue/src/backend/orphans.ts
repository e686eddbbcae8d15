import { Cluster, type Redis } from 'ioredis';
import { InvalidOptionError } from '../errors/index.js';
import { JOB_KEY_TYPES, type QueueKeys } from './keys.js';
import { escapeGlob } from './reconciling.js';
import type { RedisClient, Scripts } from './scripts.js';

/** Ids one script call looks at. */
const BATCH = 200;
/** Keys one SCAN looks at, at most. */
const MOST_SCANNED = 10_000;

/** A status means that the job lives, or ended a moment ago: that is the reconciler's. */
const LEFT_OVER = Object.keys(JOB_KEY_TYPES).filter((name) => name !== 'status');

/** Removes keys of jobs that no longer exist; `removeOrphans.lua` has the rule. */
export class Orphans {
  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * Goes through all keys of the database.
   *
   * @param count keys to look at in one step.
   * @param limit most jobs to remove; 0 = all.
   * @returns how many were removed.
   * @throws {InvalidOptionError} for a count below 1 or a negative limit.
   */
  async remove(count: number, limit: number): Promise<number> {
    check(count, 1, 'count');
    check(limit, 0, 'limit');
    const most = limit === 0 ? Number.MAX_SAFE_INTEGER : limit;
    const client = await this.client();
    let removed = 0;
    for (const node of client instanceof Cluster ? client.nodes('master') : [client]) {
      for await (const ids of this.candidates(node, Math.min(count, MOST_SCANNED))) {
        removed += await this.removeAmong(ids, most - removed);
        if (removed >= most) return removed;
      }
    }
    return removed;
  }

  /** Ids that keys on a node belong to, page by page. */
  private async *candidates(node: Redis, count: number): AsyncGenerator<string[]> {
    const { base } = this.keys;
    const prefixes = LEFT_OVER.map((name) => `${base}${name}:`);
    let cursor = '0';
    do {
      const [next, found] = await node.scan(cursor, 'MATCH', `${escapeGlob(base)}*`, 'COUNT', count);
      const ids = found.map((key) => {
        const prefix = prefixes.find((one) => key.startsWith(one));
        return prefix ? key.slice(prefix.length) : '';
      });
      yield [...new Set(ids)].filter((id) => id !== '');
      cursor = next;
    } while (cursor !== '0');
  }

  private async removeAmong(ids: readonly string[], most: number): Promise<number> {
    let removed = 0;
    for (let from = 0; from < ids.length && removed < most; from += BATCH) {
      const batch = ids.slice(from, from + BATCH);
      removed += await this.scripts.run<number>('removeOrphans', most - removed, ...batch);
    }
    return removed;
  }
}

function check(value: number, least: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new InvalidOptionError(
      `${name} of orphaned jobs must be a whole number from ${least}, not ${value}`,
    );
  }
}
