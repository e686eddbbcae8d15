import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { testRedisUrl } from '../../support/redis.js';
import { LegacyGo, type QueueAddress } from './legacy-go.js';
import { TsSide, type StoreSettings } from './ts-side.js';

export interface StandOptions extends StoreSettings {
  /** Go's TTL, an hour by contract. */
  goTtlSeconds?: number;
}

/** Both sides of one queue that no other test uses. */
export interface Stand {
  go: LegacyGo;
  ts: TsSide;
  /** For what neither side shows: raw keys. */
  redis: Redis;
  /** A key of the queue, by its name behind `<prefix>:<queue>:`. */
  key: (name: string) => string;
  address: QueueAddress;
  /** One more Go service. */
  moreGo: (flags?: readonly string[]) => LegacyGo;
  /** One more TypeScript process, as far as the queue can tell. */
  moreTs: (settings?: StoreSettings) => TsSide;
}

/** Gives every test a queue of its own, and closes all that used it afterwards. */
export function useStand(defaults: StandOptions = {}): (options?: StandOptions) => Stand {
  const open: { close(): Promise<unknown> }[] = [];
  const keep = <T extends { close(): Promise<unknown> }>(one: T): T => {
    open.push(one);
    return one;
  };

  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  return (options = {}) => {
    const { goTtlSeconds, ...given } = { ...defaults, ...options };
    const settings = { reconcileSeconds: 1, ...given };
    const address = { url: testRedisUrl(), prefix: `t${randomBytes(6).toString('hex')}`, queue: 'jobs' };
    const redis = new Redis(address.url);
    keep({ close: () => redis.quit() });
    const moreGo = (flags: readonly string[] = []) => keep(new LegacyGo(address, goTtlSeconds, flags));
    const moreTs = (changed: StoreSettings = {}) => keep(new TsSide(address, { ...settings, ...changed }));
    const key = (name: string) => `${address.prefix}:${address.queue}:${name}`;
    return { go: moreGo(), ts: moreTs(), redis, key, address, moreGo, moreTs };
  };
}
