// Limits of types under real workers: exactness, and that whoever waits is told.
import type { Processor } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { addOf, counted, limit } from './support/limited.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** How often a worker asks by itself: a test that needs it to fails. */
const NEVER = { drainDelay: 600, stalledInterval: 600_000 };

/** Counts what runs at once, by type: over all, and in each worker. */
class Gauge {
  readonly most: Record<string, number> = {};
  readonly order: string[] = [];
  private readonly running: Record<string, number> = {};

  handler(worker: string, work: Processor = async () => undefined): Processor {
    return async (job, token, signal) => {
      this.order.push(String(job.id));
      const names = [job.name, `${worker} ${job.name}`];
      for (const name of names) {
        this.running[name] = (this.running[name] ?? 0) + 1;
        this.most[name] = Math.max(this.most[name] ?? 0, this.running[name]);
      }
      try {
        return await work(job, token, signal);
      } finally {
        for (const name of names) this.running[name] = (this.running[name] ?? 0) - 1;
      }
    };
  }
}

/** Handlers that stay in their jobs until told to go on. */
class Held {
  readonly ids: string[] = [];
  private readonly go = new Map<string, () => void>();

  work: Processor = (job) => {
    const id = String(job.id);
    this.ids.push(id);
    return new Promise<void>((resolve) => this.go.set(id, resolve));
  };
  release(id: string): void {
    this.go.get(id)?.();
  }
  releaseAll(): void {
    for (const go of this.go.values()) go();
  }
}

const turns = (count: number) => async () => {
  for (let nth = 0; nth < count; nth++) await new Promise(setImmediate);
};
const done = (stand: Stand, count: number) =>
  waitFor(async () => (await stand.queue.getCompletedCount()) === count, { timeoutMs: 60_000 });

describe('several workers', () => {
  it('never run more jobs of a type at once than it allows, and all in the end', async () => {
    const stand = open();
    await limit(stand, { a: { global: 4, perProcess: 2 }, b: { global: 1 }, c: { perProcess: 3 } });
    const gauge = new Gauge();
    for (const name of ['x', 'y', 'z'])
      stand.newWorker(gauge.handler(name, turns(3)), { name, concurrency: 10, ...NEVER });
    await Promise.all(['a', 'b', 'c', 'd'].map((type) => addOf(stand, type, 300)));
    await done(stand, 1200);
    const { a = 0, b = 0 } = gauge.most;
    expect(a).toBeLessThanOrEqual(4);
    expect(b).toBe(1);
    for (const name of ['x', 'y', 'z']) {
      expect(gauge.most[`${name} a`] ?? 0).toBeLessThanOrEqual(2);
      expect(gauge.most[`${name} c`] ?? 0).toBeLessThanOrEqual(3);
    }
    expect(new Set(gauge.order).size).toBe(1200);
    expect(gauge.order.filter((id) => id.startsWith('b'))).toEqual(
      Array.from({ length: 300 }, (_, nth) => `b${nth + 1}`),
    );
    expect(await counted(stand)).toEqual({});
  });

  it('use all places there are', async () => {
    const stand = open();
    const held = new Held();
    await limit(stand, { a: { global: 5, perProcess: 2 } });
    for (const name of ['x', 'y', 'z']) stand.newWorker(held.work, { name, concurrency: 4, ...NEVER });
    await addOf(stand, 'a', 9);
    await waitFor(() => held.ids.length === 5);
    expect(await counted(stand)).toMatchObject({ ga: 5 });
    held.releaseAll();
    await waitFor(() => (held.releaseAll(), held.ids.length === 9));
  });

  it('start a waiting job at once when another one, which stops, ends its last', async () => {
    const stand = open();
    const held = new Held();
    await limit(stand, { a: { global: 1 } });
    const first = stand.newWorker(held.work, { ...NEVER });
    await addOf(stand, 'a', 3);
    await waitFor(() => held.ids.length === 1);
    stand.newWorker(held.work, { concurrency: 2, ...NEVER });
    await waitFor(async () => (await stand.redis.zcard(stand.key('parked'))) === 2);
    const closed = first.worker.close();
    held.release('a1');
    await closed;
    await waitFor(() => held.ids.includes('a2'));
    expect(held.ids).toEqual(['a1', 'a2']);
    held.releaseAll();
  });

  it('that have room are found among those that have none', async () => {
    const stand = open();
    const held = new Held();
    await limit(stand, { a: { perProcess: 1 } });
    // All but the last have a job of the type already, and places for others: they wait, and are woken first.
    for (const name of ['x', 'y', 'z']) stand.newWorker(held.work, { name, concurrency: 2, ...NEVER });
    await addOf(stand, 'a', 3);
    await waitFor(() => held.ids.length === 3);
    await addOf(stand, 'a', 1, {}, 4);
    await waitFor(async () => (await stand.redis.zcard(stand.key('parked'))) === 1);
    await stand.service.jobs.cancel('a2');
    await waitFor(() => held.ids.includes('a4'));
    held.releaseAll();
  });

  it('start jobs when a limit is raised, taken back, or the type is switched on again', async () => {
    const stand = open();
    const held = new Held();
    await limit(stand, { a: { global: 0 }, b: { global: 1 } });
    for (const name of ['x', 'y']) stand.newWorker(held.work, { name, concurrency: 3, ...NEVER });
    await addOf(stand, 'a', 2);
    await addOf(stand, 'b', 4);
    await waitFor(async () => (await stand.redis.zcard(stand.key('parked'))) === 5);
    expect(held.ids).toEqual(['b1']);
    await limit(stand, { b: { global: 3 } });
    await waitFor(() => held.ids.length === 3);
    await limit(stand, { a: { global: null } });
    await waitFor(() => held.ids.length === 5);
    expect(held.ids.slice(3).sort()).toEqual(['a1', 'a2']);
    await limit(stand, { b: {} });
    await waitFor(() => held.ids.length === 6);
    held.releaseAll();
  });

  it('are woken by a lease that ends', async () => {
    const stand = open();
    const held = new Held();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 2);
    expect(await stand.claim('dead:1')).toBe('a1');
    stand.newWorker(held.work, { ...NEVER });
    await waitFor(async () => (await stand.redis.zcard(stand.key('parked'))) === 1);
    await stand.redis.del(stand.key('swept'));
    await stand.endLease('a1');
    await stand.backend.running.recoverStalled();
    await waitFor(() => held.ids.length === 1);
    expect(held.ids).toEqual(['a1']);
    held.release('a1');
    await waitFor(() => held.ids.length === 2);
    held.releaseAll();
  });
});

describe('legacy workers', () => {
  it('take what they find, whatever the limit, and break no count', async () => {
    const stand = open();
    await limit(stand, { a: { global: 2 } });
    const gauge = new Gauge();
    const ids = await addOf(stand, 'a', 200);
    await Promise.all(
      Array.from({ length: 100 }, (_, nth) => stand.legacy.add({ id: `go${nth}`, type: 'a', priority: 1 })),
    );
    const byLegacy: string[] = [];
    let isOver = false;
    const legacy = (async () => {
      while (!isOver) {
        const job = await stand.legacy.dequeue();
        if (!job) continue;
        byLegacy.push(job.id);
        await stand.legacy.complete(job.id);
      }
    })();
    for (const name of ['x', 'y']) stand.newWorker(gauge.handler(name, turns(2)), { name, concurrency: 5 });
    await waitFor(async () => {
      await stand.pass();
      return (
        new Set([...gauge.order, ...byLegacy]).size === 300 && (await stand.queue.getActiveCount()) === 0
      );
    });
    isOver = true;
    await legacy;
    expect(gauge.most['a']).toBeLessThanOrEqual(2);
    expect([...gauge.order, ...byLegacy].sort()).toEqual(
      [...ids, ...Array.from({ length: 100 }, (_, nth) => `go${nth}`)].sort(),
    );
    expect(await counted(stand)).toEqual({});
    expect(await stand.redis.exists(...['slots', 'parked', 'parked:a', 'delayed'].map(stand.key))).toBe(0);
  });
});
