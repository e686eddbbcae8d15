// The contract's table of hazards, row by row: each `describe` is named after one.
import { waitFor } from '../../../tests/support/wait.js';
import { advance, legacyJob } from './support/legacy.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Resolves when Drover has given every waiting job its place: legacy's own scores are whole numbers. */
async function allPlaced({ redis, key }: Stand, count: number): Promise<void> {
  await waitFor(async () => {
    const scores = (await redis.zrange(key('queue'), 0, -1, 'WITHSCORES')).filter((_, at) => at % 2 === 1);
    return scores.length === count && scores.every((score) => !Number.isInteger(Number(score)));
  });
}

describe('EXPIRE of the queue on every add: an hour without adds drops every pending job', () => {
  const sightings: [string, (stand: Stand) => Promise<unknown>][] = [
    ['the reconciler has made a pass', (stand) => stand.pass()],
    ['Drover has added another job', (stand) => stand.service.addJob({ id: 'other' })],
    ['Drover has claimed a job', (stand) => stand.claim()],
  ];
  it.each(sightings)('no job is lost once %s', async (_, seen) => {
    const stand = open();
    await stand.service.addJob({ id: 'ours' });
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.add({ id: 'b' });
    await seen(stand);
    await stand.passAnHour();
    expect(await stand.redis.exists(...['ours', 'a', 'b'].map((id) => stand.key(`data:${id}`)))).toBe(3);
    const standing = await Promise.all(['ours', 'a', 'b'].map((id) => stand.standing(id)));
    expect(standing.flat()).toHaveLength(standing.flat().includes('leases') ? 4 : 3);
  });

  it('a worker with nothing to do keeps what legacy adds', async () => {
    const stand = open();
    const { worker } = stand.newWorker();
    await worker.waitUntilReady();
    await stand.queue.pause();
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.redis.pttl(stand.key('queue'))) === -1);
    await stand.passAnHour();
    expect(await stand.legacy.pending()).toEqual(['a']);
  });

  it('the keys of a running, a delayed and a retried job do not end either', async () => {
    const stand = open();
    for (const id of ['retried', 'running']) await stand.legacy.add({ id });
    await stand.service.jobs.create({ id: 'delayed', type: 't', delay: 60_000 });
    await stand.pass();
    expect(await stand.claimAll()).toEqual(['retried', 'running']);
    await stand.service.failJob('retried');
    await stand.service.jobs.retry('retried');
    await stand.passAnHour();
    for (const [id, place] of [
      ['retried', 'pending'],
      ['running', 'running'],
      ['delayed', 'delayed'],
    ] as const) {
      expect(await stand.standing(id)).toEqual(PLACES[place]);
      expect(await stand.service.jobs.get(id)).toMatchObject({ id });
      expect(await stand.redis.exists(stand.key(`status:${id}`), stand.key(`data:${id}`))).toBe(2);
    }
  });

  it('the keys of a job that legacy runs do not end once Drover saw it', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.dequeue();
    await stand.pass();
    await stand.passAnHour();
    expect(await stand.standing('a')).toEqual(PLACES.running);
    expect(await stand.status('a')).toBe('running');
    expect(await stand.redis.exists(stand.key('data:a'))).toBe(1);
  });
});

describe('pop, then crash: a job between the ZPOPMIN and the SADD of a legacy worker is lost', () => {
  it.each([
    ['popped it', 1],
    ['read its document', 2],
  ])('it is put back when the worker crashed after it %s', async (_, commands) => {
    const stand = open();
    await stand.legacy.add({ id: 'a', priority: 2 });
    await stand.pass();
    await advance(stand.legacy.dequeuing(), commands);
    expect(await stand.standing('a')).toEqual([]);
    expect(await stand.pass()).toEqual(['a']);
    expect(await stand.standing('a')).toEqual(PLACES.pending);
    expect(await stand.claim()).toBe('a');
  });

  it('it is put back before all others of its priority', async () => {
    const stand = open();
    for (const id of ['z', 'y', 'x']) await stand.legacy.add({ id });
    await stand.legacy.add({ id: 'high', priority: 2 });
    await stand.pass();
    await advance(stand.legacy.dequeuing(), 1);
    await advance(stand.legacy.dequeuing(), 1);
    await stand.pass();
    expect(await stand.queued()).toEqual(['high', 'z', 'y', 'x']);
  });

  it.each([
    ['put it among the running', 3],
    ['said that it runs', 5],
  ])('it runs again after its lease when the worker crashed after it %s', async (_, commands) => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    await advance(stand.legacy.dequeuing(), commands);
    expect(await stand.pass()).toEqual([]);
    expect(await stand.standing('a')).toEqual(PLACES.running);
    await stand.endLease('a');
    expect(await stand.backend.running.recoverStalled()).toEqual(['a']);
    expect(await stand.claim()).toBe('a');
  });

  it('a legacy worker that is only slow keeps its job', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    const slow = stand.legacy.dequeuing();
    await advance(slow, 2);
    expect(await stand.pass({ graceMs: 60_000 })).toEqual([]);
    expect(await stand.standing('a')).toEqual([]);
    await advance(slow, 4);
    expect(await stand.pass({ graceMs: 60_000 })).toEqual([]);
    expect(await stand.standing('a')).toEqual(PLACES.running);
    expect(await stand.redis.exists(stand.key('missing'))).toBe(0);
  });

  it('a worker of BullMQ finds and runs it, without a reconciler', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    await advance(stand.legacy.dequeuing(), 2);
    const { ids } = stand.newWorker();
    await waitFor(async () => (await stand.status('a')) === 'completed');
    expect(ids()).toEqual(['a']);
  });
});

describe('a running job of a crashed worker stays in processing for ever', () => {
  it("a claim of Drover's is put back when its lease ends, whoever claims next", async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', payload: 1 });
    await stand.claim('crashed', 1);
    await waitFor(async () => (await stand.newService().backend.running.recoverStalled())?.includes('a'));
    expect(await stand.standing('a')).toEqual(PLACES.pending);
    expect(await stand.status('a')).toBe('pending');
    expect(await stand.legacy.dequeue()).toMatchObject({ id: 'a', payload: 1 });
  });

  it('a claim of legacy is given a lease when first seen, and put back when it ends', async () => {
    const stand = open({ legacyLeaseSeconds: 1 });
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.dequeue();
    stand.newReconciler().start();
    await waitFor(async () => (await stand.standing('a')).includes('leases'));
    await waitFor(async () => (await stand.standing('a')).includes('queue'));
    expect(await stand.status('a')).toBe('pending');
    expect(await stand.standing('a')).toEqual(PLACES.pending);
  });

  it('a job that loses its runner too often is failed by the next worker, with the reason', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    const backend = stand.factory()('jobs', {
      ...stand.bullOptions(),
      maxStalledCount: 2,
      stalledInterval: 1,
    } as never);
    stand.keep(backend);
    for (let crash = 1; crash <= 3; crash++) {
      expect(await stand.claim(`crashed ${crash}`)).toBe('a');
      await stand.endLease('a');
      await waitFor(async () => (await backend.running.recoverStalled())?.includes('a'));
    }
    const { ids } = stand.newWorker();
    await waitFor(async () => (await stand.status('a')) === 'failed');
    expect(ids()).toEqual([]);
    expect(await stand.service.jobs.get('a')).toMatchObject({
      error: 'job stalled more than allowable limit',
    });
  });

  it('a job that legacy workers drop too often is failed in the same way', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    for (let crash = 1; crash <= 3; crash++) {
      await advance(stand.legacy.dequeuing(), 2);
      expect(await stand.pass({ maxStalls: 2 })).toEqual(['a']);
    }
    expect(await stand.service.dequeueJob()).toBeNull();
    expect(await stand.status('a')).toBe('failed');
    expect(await stand.service.jobs.get('a')).toMatchObject({
      error: 'job stalled more than allowable limit',
    });
  });
});

describe('priority bands overlap in GetQueueStats', () => {
  it("Drover's jobs are counted once by legacy's ranges, and Drover's own counts are exact", async () => {
    const stand = open();
    for (const [priority, count] of [
      [-3, 1],
      [0, 2],
      [1, 3],
      [2, 4],
      [3, 5],
      [1000, 1],
    ] as const) {
      for (let nth = 0; nth < count; nth++) {
        await stand.service.addJob({ id: `${priority}-${nth}`, priority });
      }
    }
    expect(await stand.legacy.stats()).toEqual({ queue: 16, processing: 0, high: 10, normal: 3, low: 3 });
    expect(await stand.service.getQueueStats()).toMatchObject({
      queue_length: 16,
      high_priority: 10,
      normal_priority: 3,
      low_priority: 3,
    });
    expect((await stand.service.jobs.stats()).byPriority).toEqual({ low: 3, normal: 3, high: 10 });
  });

  it("Drover's own counts are exact for jobs of legacy that nobody adopted yet, too", async () => {
    const stand = open();
    for (const priority of [0, 1, 1, 2, 2, 2]) {
      await stand.legacy.add({ id: legacyJob({ id: `${priority}` }).id + Math.random(), priority });
    }
    expect(await stand.service.getQueueStats()).toMatchObject({
      high_priority: 3,
      normal_priority: 2,
      low_priority: 1,
    });
    await stand.pass();
    await allPlaced(stand, 6);
    expect(await stand.legacy.stats()).toMatchObject({ high: 3, normal: 2, low: 1 });
  });
});
