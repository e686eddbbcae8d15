import type { TypeMetricsView } from '#libs/contracts';
import type { QueueKeys } from '../backend/keys.js';
import type { RedisClient } from '../backend/scripts.js';
import { quantilesOf } from './histogram.js';

/**
 * What is counted of the job types of a queue, over all workers. The store's scripts count where runs end; this reads it. In Redis:
 *
 * - `<p>types:metrics`: set of the types that were counted;
 * - `<p>types:metrics:<type>`: hash of the counts, see `includes/typeMetrics.lua`; it has no TTL;
 * - `<p>types:busy:<worker>`: JSON, runs that go on in a worker by type; it ends soon after the worker.
 */
export class TypeMetrics {
  /** @param client the connection that commands run on. */
  constructor(
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /** All types that were counted so far or run now, in alphabetical order. */
  async read(): Promise<TypeMetricsView[]> {
    const client = await this.client();
    const [counted, running] = await Promise.all([
      client.smembers(this.keys.key('types:metrics')),
      this.running(),
    ]);
    return this.viewsOf([...new Set([...counted, ...running.keys()])].sort(), running);
  }

  /** The same of these types, in order; how many run now is not looked up. */
  async readSome(types: readonly string[]): Promise<TypeMetricsView[]> {
    return this.viewsOf(types, new Map());
  }

  private async viewsOf(
    types: readonly string[],
    running: ReadonlyMap<string, number>,
  ): Promise<TypeMetricsView[]> {
    const client = await this.client();
    const pipeline = client.pipeline();
    for (const type of types) pipeline.hgetall(this.keys.key(`types:metrics:${type}`));
    const answers = types.length > 0 ? ((await pipeline.exec()) ?? []) : [];
    return types.map((type, at) => {
      const [error, fields] = answers[at] ?? [null, {}];
      if (error) throw error;
      return viewOf(type, fields as Record<string, string>, running.get(type) ?? 0);
    });
  }

  /** Says how many runs of each type go on in a worker, until `ttlMs` is over. */
  async publishRunning(
    workerId: string,
    running: Readonly<Record<string, number>>,
    ttlMs: number,
  ): Promise<void> {
    const client = await this.client();
    await client.set(this.busyKey(workerId), JSON.stringify(running), 'PX', ttlMs);
  }

  /** Takes back what a worker said: nothing runs there any more. */
  async withdrawRunning(workerId: string): Promise<void> {
    const client = await this.client();
    await client.del(this.busyKey(workerId));
  }

  private async running(): Promise<Map<string, number>> {
    // A worker that was killed stands there for a while, but its own key has ended.
    const client = await this.client();
    const workers = await client.zrangebyscore(this.keys.key('types:workers'), Date.now(), '+inf');
    const sums = new Map<string, number>();
    if (workers.length === 0) return sums;
    for (const text of await client.mget(workers.map((id) => this.busyKey(id)))) {
      for (const [type, count] of Object.entries(parsed(text))) {
        sums.set(type, (sums.get(type) ?? 0) + (Number(count) || 0));
      }
    }
    return sums;
  }

  private busyKey(workerId: string): string {
    return this.keys.key(`types:busy:${workerId}`);
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    return (JSON.parse(text ?? '{}') as Record<string, unknown> | null) ?? {};
  } catch {
    return {};
  }
}

function viewOf(type: string, fields: Record<string, string>, running: number): TypeMetricsView {
  const count = (name: string) => Number(fields[name] ?? 0);
  const time = (name: string) => (fields[name] === undefined ? null : Number(fields[name]));
  const recent = fields['recent'] ?? '';
  return {
    type,
    total: count('total'),
    ok: count('ok'),
    failed: count('failed'),
    retried: count('retried'),
    dead: count('dead'),
    running,
    duration: durationOf(fields),
    lastRun: time('lastRun'),
    lastSuccess: time('lastSuccess'),
    lastFailure: time('lastFailure'),
    recent: { runs: recent.length, failed: [...recent].filter((end) => end === '0').length },
  };
}

function durationOf(fields: Record<string, string>): TypeMetricsView['duration'] {
  const buckets = new Map<number, number>();
  for (const [name, text] of Object.entries(fields)) {
    const [, bucket] = /^h(\d+)$/.exec(name) ?? [];
    if (bucket !== undefined) buckets.set(Number(bucket), Number(text));
  }
  const count = [...buckets.values()].reduce((sum, some) => sum + some, 0);
  if (count === 0) return null;
  const [sum, min, max] = [fields['sum'], fields['min'], fields['max']].map((text) => Number(text ?? 0)) as [
    number,
    number,
    number,
  ];
  const [p50, p95, p99] = quantilesOf(buckets, [0.5, 0.95, 0.99], { min, max }) as [number, number, number];
  return { count, sum, min, mean: sum / count, max, p50, p95, p99 };
}
