// Batches under load: workers, legacy services and people at the same time, and processes that are killed.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { waitFor } from '../../../tests/support/wait.js';
import { addBatch, batchStore, countsOf, whereabouts } from './support/batch.js';
import { advance } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Counts how many handlers run at once, over all workers. */
class Gauge {
  now = 0;
  most = 0;
  async while(act: () => Promise<unknown>): Promise<void> {
    this.now += 1;
    this.most = Math.max(this.most, this.now);
    try {
      await act();
    } finally {
      this.now -= 1;
    }
  }
}

const aMoment = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 5));

describe('three workers', () => {
  it('never run more of a batch than its limit, also over retries, and each job ends once', async () => {
    const stand = open();
    const gauge = new Gauge();
    const failedOnce = new Set<string>();
    const handler = async (job: { id?: string }) =>
      gauge.while(async () => {
        await aMoment();
        const id = job.id ?? '';
        if (Number(id.slice(1)) % 5 !== 0 || failedOnce.has(id)) return;
        failedOnce.add(id);
        throw new Error('once');
      });
    const items = Array.from({ length: 120 }, (_, at) => ({
      id: `i${at}`,
      type: 'item',
      backoff: { type: 'fixed' as const, delay: 5 },
    }));
    const { batch } = await batchStore(stand).create({ items, limit: 3, callback: { type: 'report' } });
    const workers = [1, 2, 3].map(() => stand.newWorker(handler as never, { concurrency: 4 }));
    await waitFor(async () => (await stand.status(`${batch.id}-callback`)) === 'completed', {
      what: 'the callback to have run',
      timeoutMs: 30_000,
    });
    expect(gauge.most).toBeLessThanOrEqual(3);
    expect(await countsOf(stand, batch.id)).toEqual({ completed: 120 });
    const starts = workers.flatMap((worker) => worker.ids()).filter((id) => id.startsWith('i'));
    expect(starts).toHaveLength(120 + 24);
    expect(await stand.redis.exists(stand.key('parked'), stand.key('delayed'))).toBe(0);
  }, 60_000);

  it('leave a batch that is cancelled meanwhile with each of its jobs ended once', async () => {
    const stand = open();
    const batch = await addBatch(stand, 300, { limit: 5, callback: { type: 'report' } });
    const worker = stand.newWorker(aMoment, { concurrency: 5 });
    await waitFor(() => worker.ids().length > 20, { what: 'some jobs to run' });
    const view = await batchStore(stand).cancel(batch);
    expect(view.counts.pending + view.counts.running).toBe(0);
    expect(view.counts.completed + view.counts.cancelled).toBe(300);
    expect(await stand.redis.hlen(stand.key(`batch-ends:${batch}`))).toBe(300);
    await waitFor(async () => (await stand.status(`${batch}-callback`)) === 'completed', {
      what: 'the callback',
    });
  });
});

/** How many jobs of a batch a legacy service or a worker has. */
async function atWork(stand: Stand): Promise<number> {
  return stand.redis.scard(stand.key('processing'));
}

describe('a legacy service', () => {
  it('pops no more jobs of a batch than its limit, and its ends let others go when they are seen', async () => {
    const stand = open();
    const batch = await addBatch(stand, 6, { limit: 2 });
    expect(await stand.popAll()).toEqual(['i0', 'i1']);
    await stand.legacy.complete('i0');
    await stand.legacy.fail('i1');
    await stand.pass();
    expect(await stand.popAll()).toEqual(['i2', 'i3']);
    expect(await countsOf(stand, batch)).toMatchObject({ completed: 1, failed: 1, running: 2, pending: 2 });
  });

  it('that crashes between any two commands of a claim takes nobody more places', async () => {
    for (let commands = 1; commands <= 4; commands++) {
      const stand = open();
      const batch = await addBatch(stand, 4, { limit: 2 });
      await advance(stand.legacy.dequeuing(), commands);
      await stand.pass();
      await stand.pass();
      expect((await whereabouts(stand, batch)).open).toEqual(['i0', 'i1']);
      expect((await stand.claimAll()).length + (await atWork(stand))).toBeLessThanOrEqual(4);
      expect(await atWork(stand)).toBeLessThanOrEqual(2);
    }
  });

  it('that requeues a job keeps it in its batch, whichever commands the others fall between', async () => {
    for (let commands = 0; commands <= 9; commands++) {
      const stand = open();
      const batch = await addBatch(stand, 4, { limit: 1 });
      const job = await stand.legacy.dequeue();
      if (!job) throw new Error('nothing popped');
      const steps = stand.legacy.requeuing(job);
      await advance(steps, commands);
      await stand.pass();
      await advance(steps, 20);
      await stand.pass();
      const { open: opened, held, ends } = await whereabouts(stand, batch);
      expect(opened).toHaveLength(1);
      expect([...opened, ...held].sort()).toEqual(['i0', 'i1', 'i2', 'i3']);
      expect(ends).toEqual({});
      expect(await stand.claimAll()).toHaveLength(1);
    }
  });

  it('that cancels a held job has it counted, and it never starts', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await stand.legacy.cancel('i1');
    expect(await stand.popAll()).toEqual(['i0']);
    await stand.legacy.complete('i0');
    await stand.pass();
    expect(await stand.popAll()).toEqual(['i2']);
    await stand.legacy.complete('i2');
    await stand.pass();
    expect(await batchStore(stand).get(batch)).toMatchObject({
      status: 'completed',
      counts: { completed: 2, cancelled: 1 },
    });
  });

  it('that adds a held job again does not get past the limit', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await stand.claim('w:1');
    await stand.legacy.add({ id: 'i2' });
    expect(await stand.claim('w:2')).toBeUndefined();
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i0'], held: ['i1', 'i2'] });
  });

  it('that clears the queue loses nothing of a batch', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 2 });
    await stand.redis.del(stand.key('queue'));
    await stand.pass();
    await stand.pass();
    expect((await whereabouts(stand, batch)).open).toEqual(['i0', 'i1']);
    expect((await stand.claimAll()).sort()).toEqual(['i0', 'i1']);
  });
});

describe('keys that somebody deleted by hand', () => {
  it('do not keep a batch from its end', async () => {
    const stand = open();
    const batch = await addBatch(stand, 5, { limit: 2 });
    for (const id of ['i1', 'i3']) {
      await stand.redis.del(...['job', 'data', 'status'].map((name) => stand.key(`${name}:${id}`)));
      for (const set of ['queue', 'delayed', 'ids', 'parked']) await stand.redis.zrem(stand.key(set), id);
    }
    await stand.redis.hdel(stand.key('meta'), 'batches');
    await stand.pass();
    const worker = stand.newWorker();
    await waitFor(
      async () => {
        await stand.pass();
        return (await batchStore(stand).get(batch)).finishedAt !== undefined;
      },
      { what: 'the batch to end' },
    );
    expect(worker.ids()).toEqual(['i0', 'i2', 'i4']);
    expect(await countsOf(stand, batch)).toEqual({ completed: 3, removed: 2 });
  });
});

/** A process that creates batches of 200 jobs until it is killed. */
const CREATOR = `
const { BatchStore, QueueService } = await import('#libs/queue');
const [, redisUrl, prefix] = process.argv;
const service = new QueueService({ redisUrl, prefix, queue: 'jobs', logger: { log() {}, warn() {}, error() {} } });
const store = new BatchStore(service.backend);
for (let nth = 0; ; nth++) {
  const items = Array.from({ length: 200 }, (_, at) => ({ id: nth + '-' + at, type: 'item' }));
  await store.create({ items, limit: 7 });
  process.send?.(nth);
}`;

it('a creator that is killed leaves whole batches only', async () => {
  const stand = open();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CREATOR, stand.url, stand.prefix], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  const redis = new Redis(stand.url);
  await waitFor(async () => (await redis.zcard(stand.key('batches'))) >= 3, { what: 'some batches' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  redis.disconnect();
  const ids = await stand.redis.zrange(stand.key('batches'), 0, -1);
  const views = await Promise.all(ids.map((id) => batchStore(stand).get(id)));
  expect(views.map(({ counts }) => counts.pending)).toEqual(ids.map(() => 200));
  expect(await stand.redis.zcard(stand.key('ids'))).toBe(200 * ids.length);
  expect(await stand.redis.zcard(stand.key('queue'))).toBe(7 * ids.length);
});

it('estimates say when a batch will be done; how far off they were is shown', async () => {
  const stand = open();
  const batch = await addBatch(stand, 60, { limit: 4 });
  stand.newWorker(() => new Promise((resolve) => setTimeout(resolve, 15 + Math.random() * 20)), {
    concurrency: 8,
  });
  const store = batchStore(stand);
  const early = await waitFor(
    async () => {
      const view = await store.get(batch);
      return view.counts.completed >= 12 ? view : undefined;
    },
    { what: 'a fifth to be completed' },
  );
  const askedAt = Date.now();
  const { items } = await store.items(batch, 40, 1);
  const done = await waitFor(
    async () => {
      const view = await store.get(batch);
      return view.finishedAt ? view : undefined;
    },
    { what: 'all to be completed' },
  );
  const [item] = (await store.items(batch, 40, 1)).items;
  const off = (told: string | undefined, actual: string | undefined) =>
    Math.round(Date.parse(told ?? '') - Date.parse(actual ?? ''));
  const left = Date.parse(done.finishedAt ?? '') - askedAt;
  process.stderr.write(
    `estimates with ${left} ms to go: the end was off by ${off(early.estimatedFinishAt, done.finishedAt)} ms, ` +
      `the start of job 40 by ${off(items[0]?.estimatedStartAt, item?.startedAt)} ms\n`,
  );
  expect(off(early.estimatedFinishAt, done.createdAt)).toBeGreaterThan(0);
  expect(items[0]?.estimatedFinishAt).toBeDefined();
});
