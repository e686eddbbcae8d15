// How many jobs of a type run at once: what a claim gives, what waits, and in which order.
import { resolveStoreOptions } from '#libs/queue';
import { addOf, counted, end, limit } from './support/limited.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

async function claims(stand: Stand, ...tokens: string[]): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  for (const token of tokens) ids.push(await stand.claim(token));
  return ids;
}

describe('a limit over all workers', () => {
  it('is kept by any number of claims at once', async () => {
    const stand = open();
    await limit(stand, { a: { global: 3 } });
    await addOf(stand, 'a', 20);
    const ids = await Promise.all(Array.from({ length: 12 }, (_, nth) => stand.claim(`w${nth % 4}:${nth}`)));
    expect(ids.filter((id) => id !== undefined).sort()).toEqual(['a1', 'a2', 'a3']);
    expect(await counted(stand)).toMatchObject({ ga: 3 });
  });

  it('keeps none of another type waiting', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3);
    await addOf(stand, 'b', 2);
    expect(await claims(stand, 'w:1', 'w:2', 'w:3', 'w:4')).toEqual(['a1', 'b1', 'b2', undefined]);
  });

  it('gives the place of a completed job to the next of its type, in the same step', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3);
    await addOf(stand, 'b', 1);
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', 'b1']);
    expect(await end(stand, 'a1', 'w:1', true)).toBe('a2');
    expect(await end(stand, 'b1', 'w:2', true)).toBeUndefined();
    expect(await end(stand, 'a2', 'w:1', true)).toBe('a3');
    expect(await end(stand, 'a3', 'w:1', true)).toBeUndefined();
    expect(await counted(stand)).toEqual({});
    expect(await stand.redis.exists(stand.key('slots'), stand.key('parked'), stand.key('parked:a'))).toBe(0);
  });

  it('of 0 lets no job of the type start until it is taken back', async () => {
    const stand = open();
    await limit(stand, { a: { global: 0 } });
    await addOf(stand, 'a', 2);
    expect(await stand.claim()).toBeUndefined();
    await limit(stand, { a: {} });
    expect(await stand.claimAll()).toEqual(['a1', 'a2']);
  });

  it('counts jobs that ran before it was set', async () => {
    const stand = open();
    await addOf(stand, 'a', 4);
    expect(await claims(stand, 'w:1', 'v:2')).toEqual(['a1', 'a2']);
    await limit(stand, { a: { global: 2, perProcess: 1 } });
    expect(await counted(stand)).toEqual({ ga: 2, 'ww a': 1, 'wv a': 1 });
    expect(await stand.claim('u:3')).toBeUndefined();
    await end(stand, 'a1', 'w:1');
    expect(await stand.claim('v:4')).toBeUndefined();
    expect(await stand.claim('w:5')).toBe('a3');
  });

  it('that is lowered below what runs lets none start until enough have ended', async () => {
    const stand = open();
    await limit(stand, { a: { global: 3 } });
    await addOf(stand, 'a', 6);
    expect(await claims(stand, 'w:1', 'w:2', 'w:3')).toEqual(['a1', 'a2', 'a3']);
    await limit(stand, { a: { global: 1 } });
    expect(await end(stand, 'a1', 'w:1', true)).toBeUndefined();
    expect(await end(stand, 'a2', 'w:2', true)).toBeUndefined();
    expect(await end(stand, 'a3', 'w:3', true)).toBe('a4');
  });

  it('holds for jobs with a delay, a parent or retries, as for plain ones', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 2, { delay: 1 });
    await stand.redis.zadd(stand.key('delayed'), 'XX', 1, 'a1', 2, 'a2');
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', undefined]);
    await stand.backend.moveToDelayed('a1', Date.now() + 60_000, 60_000, 'w:1');
    expect(await stand.claim('w:3')).toBe('a2');
  });

  it('holds for legacy jobs by the default type, where they name none', async () => {
    const stand = open();
    await limit(stand, { [resolveStoreOptions().defaultType]: { global: 1 } });
    for (const id of ['x', 'y']) await stand.legacy.add({ id });
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['x', undefined]);
  });
});

describe('a limit of one worker', () => {
  it('leaves the rest to other workers', async () => {
    const stand = open();
    await limit(stand, { a: { perProcess: 1 } });
    await addOf(stand, 'a', 4);
    expect(await claims(stand, 'w:1', 'w:2', 'v:1', 'v:2', 'u:1')).toEqual([
      'a1',
      undefined,
      'a2',
      undefined,
      'a3',
    ]);
    expect(await end(stand, 'a2', 'v:1', true)).toBe('a4');
  });

  it('holds together with the one over all', async () => {
    const stand = open();
    await limit(stand, { a: { perProcess: 2, global: 3 } });
    await addOf(stand, 'a', 9);
    expect(await claims(stand, 'w:1', 'w:2', 'w:3', 'v:1', 'v:2', 'u:1')).toEqual([
      'a1',
      'a2',
      undefined,
      'a3',
      undefined,
      undefined,
    ]);
  });
});

describe('jobs at the limit of their type', () => {
  it('are taken by priority, then by arrival, also among those that came later', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3, { priority: 2 });
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', undefined]);
    await addOf(stand, 'a', 2, { priority: 2 }, 4);
    await addOf(stand, 'a', 1, { priority: 1 }, 6);
    await addOf(stand, 'a', 1, { priority: 3 }, 7);
    const order: (string | undefined)[] = [];
    for (let id: string | undefined = 'a1'; id;) {
      id = await end(stand, id, 'w:1', true);
      order.push(id);
    }
    expect(order).toEqual(['a6', 'a2', 'a3', 'a4', 'a5', 'a7', undefined]);
  });

  it('wait behind better ones of other types when a place becomes free', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 2, { priority: 3 });
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', undefined]);
    await addOf(stand, 'b', 2, { priority: 1 });
    expect(await end(stand, 'a1', 'w:1', true)).toBe('b1');
    expect(await claims(stand, 'w:2', 'w:3', 'w:4')).toEqual(['b2', 'a2', undefined]);
  });

  it('are shown as waiting: in states, counts, lists and priorities', async () => {
    const stand = open();
    await limit(stand, { a: { global: 0 } });
    await addOf(stand, 'a', 2);
    await addOf(stand, 'a', 2, { priority: 2 }, 3);
    await stand.queue.add('b', {}, { jobId: 'late', delay: 60_000 });
    expect(await stand.claim()).toBeUndefined();
    await addOf(stand, 'b', 1);
    expect(await stand.standing('a1')).toEqual(['delayed']);
    expect(await stand.queue.getJobState('a1')).toBe('waiting');
    expect(await stand.queue.getJobState('a3')).toBe('prioritized');
    expect(await stand.queue.getJobCounts('waiting', 'prioritized', 'delayed')).toEqual({
      waiting: 3,
      prioritized: 2,
      delayed: 1,
    });
    const ids = async (state: 'waiting' | 'prioritized' | 'delayed', from = 0, to = -1) =>
      (await stand.queue.getJobs([state], from, to, true)).map((job) => job.id);
    expect(await ids('waiting')).toEqual(['b1', 'a1', 'a2']);
    expect(await ids('waiting', 1, 1)).toEqual(['a1']);
    expect(await ids('prioritized')).toEqual(['a3', 'a4']);
    expect(await ids('delayed')).toEqual(['late']);
    expect(await stand.queue.getCountsPerPriority([0, 2])).toEqual({ 0: 3, 2: 2 });
    expect(await stand.service.jobs.find('a1')).toMatchObject({ status: 'pending', delayedUntil: undefined });
  });

  it('do not make anybody wait who asks for the next delayed job', async () => {
    const stand = open();
    await limit(stand, { a: { global: 0 } });
    await addOf(stand, 'a', 1);
    const [, , , due] = await stand.backend.running.claim('w:1');
    expect(due).toBe(0);
    expect(await stand.redis.zscore(stand.key('wakeup'), 'due')).toBeNull();
  });
});

describe('thousands of jobs at the limit of their type', () => {
  it('keep none behind them waiting, and cost later claims nothing', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 10_000);
    await addOf(stand, 'b', 3);
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', 'b1']);
    expect(await stand.queued()).toEqual(['b2', 'b3']);
    expect(await stand.redis.zcard(stand.key('parked:a'))).toBe(9_999);
    expect(await end(stand, 'a1', 'w:1', true)).toBe('a2');
    expect(await stand.queue.getWaitingCount()).toBe(10_000);
  });

  it('that are removed leave nothing in the way of later ones', async () => {
    const stand = open();
    await limit(stand, { a: { global: 1 } });
    await addOf(stand, 'a', 3_000);
    expect(await claims(stand, 'w:1', 'w:2')).toEqual(['a1', undefined]);
    await stand.queue.drain();
    await addOf(stand, 'a', 2, {}, 5_001);
    expect(await stand.claim('w:2')).toBeUndefined();
    expect(await end(stand, 'a1', 'w:1', true)).toBe('a5001');
    expect(await stand.redis.zrange(stand.key('parked:a'), 0, -1)).toEqual(['a5002']);
  });
});
