import { Cluster } from 'ioredis';
import type { RedisClient } from '../backend/scripts.js';

export interface StoreHealth {
  ok: boolean;
  redis: { version: string; latencyMs: number };
  /** What could lose jobs, one sentence each. */
  warnings: string[];
}

const field = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

/** Probes Redis and its settings: eviction and missing persistence lose jobs. Rejects when Redis does not answer. */
export async function readHealth(client: RedisClient): Promise<StoreHealth> {
  const node = client instanceof Cluster ? client.nodes('master')[0] : client;
  const started = performance.now();
  const info = (await node?.info()) ?? '';
  const latencyMs = Math.round((performance.now() - started) * 10) / 10;
  const warnings: string[] = [];
  const policy = field(info, 'maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(`Redis may evict jobs: maxmemory-policy is ${policy}, set it to noeviction`);
  }
  if (field(info, 'aof_enabled') === '0') {
    warnings.push('Redis may lose the last jobs when it stops: set appendonly to yes');
  }
  if (field(info, 'aof_last_write_status') === 'err')
    warnings.push('Redis cannot write its append-only file');
  return { ok: true, redis: { version: field(info, 'redis_version') ?? 'unknown', latencyMs }, warnings };
}
