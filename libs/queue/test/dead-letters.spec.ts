// Jobs that failed for good and are kept: what makes one, and what can be done with it.
import { UnrecoverableError } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import type { EndRules } from '#libs/queue';
import { backendOf, counted, stall } from './support/counted.js';
import { DAY, dead, die, end, ends, HOUR, letters, RULES } from './support/letters.js';
import { useStand, type Stand, type StandOptions } from './support/stand.js';

const openStand = useStand({ jobTtlSeconds: 3600 });

function open(rules: Partial<EndRules> = {}, options: StandOptions = {}): Stand {
  const stand = openStand(options);
  stand.backend.endings.follow(() => ({ ...RULES, ...rules }));
  return stand;
}

describe('a dead letter', () => {
  it('is listed with its reason, its code and its end, the newest first, and counted', async () => {
    const stand = open();
    await die(stand, 'a', 'mail-1', 'b');
    const { items, total } = await stand.service.deadLetters.list({ page: 1, pageSize: 2 });
    expect(total).toBe(3);
    expect(items).toMatchObject([
      { id: 'b', type: 't', status: 'failed', error: 'broken', errorCode: 'ERROR' },
      { id: 'mail-1', type: 'mail' },
    ]);
    expect(Math.round((Date.parse(items[0]?.keptUntil ?? '') - Date.now()) / DAY)).toBe(14);
    const second = await stand.service.deadLetters.list({ page: 2, pageSize: 2 });
    expect(second.items.map(({ id }) => id)).toEqual(['a']);
    expect(await stand.service.deadLetters.count()).toBe(3);
    expect(await counted(stand, 't')).toMatchObject({ failed: 3, dead: 3 });
  });

  it('is found by its type, page by page, also that of a legacy service which names none', async () => {
    const stand = open({}, { defaultType: 'from-go' });
    await die(stand, 'a', 'mail-1', 'mail-2', 'b', 'mail-3');
    await stand.legacy.add({ id: 'legacy' });
    await stand.claim();
    await end(stand, 'legacy');
    const page = (number: number) =>
      stand.service.deadLetters.list({ page: number, pageSize: 2, type: 'mail' });
    expect(await page(1)).toMatchObject({ total: 3, items: [{ id: 'mail-3' }, { id: 'mail-2' }] });
    expect(await page(2)).toMatchObject({ total: 3, items: [{ id: 'mail-1' }] });
    expect(await stand.service.deadLetters.count('mail')).toBe(3);
    expect(await letters(stand, 'from-go')).toEqual(['legacy']);
    expect(await letters(stand, 'none')).toEqual([]);
  });

  it('is a failed job like others to BullMQ and to Go', async () => {
    const stand = open();
    await die(stand, 'a');
    expect(await stand.queue.getJobCounts('failed')).toEqual({ failed: 1 });
    expect((await stand.queue.getFailed())[0]).toMatchObject({ id: 'a', failedReason: 'broken' });
    expect(await stand.status('a')).toBe('failed');
  });

  it.each<[string, (stand: Stand) => Promise<unknown>]>([
    ['retried', ({ service }) => service.jobs.retry('a')],
    ['retried by BullMQ', async ({ queue }) => (await queue.getJob('a'))?.retry('failed')],
    ['retried with all others by BullMQ', ({ queue }) => queue.retryJobs({ state: 'failed' })],
    ['removed', ({ service }) => service.jobs.remove('a')],
    ['cleaned', ({ queue }) => queue.clean(-1, 10, 'failed')],
    ['added again', ({ service }) => service.addJob({ id: 'a' })],
    ['added again by Go', ({ legacy }) => legacy.add({ id: 'a' })],
    ['obliterated', ({ queue }) => queue.obliterate({ force: true })],
  ])('is none any more once it is %s', async (what, act) => {
    const stand = open();
    await die(stand, 'a');
    expect(await dead(stand)).toEqual(['a']);
    await act(stand);
    if (what === 'added again by Go') await stand.claim();
    expect(await dead(stand)).toEqual([]);
  });

  it('is none any more once its keys have ended', async () => {
    const stand = open({ deadMs: 1000 });
    await die(stand, 'a', 'b');
    await stand.redis.zadd(stand.key('expiring'), 1, 'a');
    expect(await letters(stand)).toEqual(['b']);
    expect(await stand.service.deadLetters.replay({ ids: ['a'] })).toMatchObject({ missing: ['a'] });
    expect(await dead(stand)).toEqual(['b']);
  });

  it('is none that was cancelled, or that a legacy service failed', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'off', type: 't' });
    await stand.claim();
    await stand.service.cancelJob('off');
    await stand.legacy.add({ id: 'bad' });
    await stand.popAll();
    await stand.legacy.fail('bad');
    await stand.pass();
    expect(await dead(stand)).toEqual([]);
  });

  it('is one that stalled too often; run again it may stall as often as before', async () => {
    const stand = open();
    const { worker } = stand.newWorker(undefined, { autorun: false, maxStalledCount: 1 });
    backendOf(worker).endings.follow(() => RULES);
    await stand.queue.add('t', {}, { jobId: 'a' });
    await stall(stand, 'a', 1);
    await stall(stand, 'a', 1);
    // This claim of the worker fails it instead of running it.
    void worker.run();
    await waitFor(async () => (await dead(stand)).length === 1);
    expect(await stand.service.jobs.get('a')).toMatchObject({
      errorCode: 'STALLED',
      error: 'job stalled more than allowable limit',
    });
    await worker.pause();
    await stand.service.deadLetters.replay({ ids: ['a'] });
    expect(await stand.redis.hget(stand.key('job:a'), 'stalledCounter')).toBeNull();
    await stall(stand, 'a', 1);
    expect(await stand.redis.hget(stand.key('job:a'), 'deferredFailure')).toBeNull();
  });
});

describe('replaying', () => {
  it('runs them as if for the first time, with what they kept, and says which are no dead letters', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', type: 't', payload: { n: 1 } });
    await stand.claim();
    await stand.backend.checkpoints.keep('a', 'token', '{"done":3}');
    await end(stand, 'a');
    await die(stand, 'b');
    expect(await stand.service.deadLetters.replay({ ids: ['a', 'nobody', 'a'] })).toEqual({
      count: 1,
      missing: ['nobody'],
      more: false,
    });
    expect(await stand.service.jobs.get('a')).toMatchObject({
      status: 'pending',
      payload: { n: 1 },
      error: undefined,
      errorCode: undefined,
      attempts: { made: 0, started: 0 },
    });
    expect(await ends(stand, 'a')).toEqual([[], []]);
    expect(await stand.backend.checkpoints.find('a')).toEqual({ done: 3 });
    expect(await dead(stand)).toEqual(['b']);
    expect(await stand.claim()).toBe('a');
  });

  it('takes all of a type, at most so many, and says whether there are more', async () => {
    const stand = open();
    await die(stand, 'mail-1', 'a', 'mail-2', 'mail-3');
    const replay = () => stand.service.deadLetters.replay({ type: 'mail', limit: 2 });
    expect(await replay()).toEqual({ count: 2, missing: [], more: true });
    expect(await dead(stand)).toEqual(['a', 'mail-3']);
    expect(await replay()).toEqual({ count: 1, missing: [], more: false });
    expect(await dead(stand)).toEqual(['a']);
    expect(await stand.queued()).toEqual(['mail-1', 'mail-2', 'mail-3']);
  });

  it('takes more than one call looks at, each once though a worker lets them die again meanwhile', async () => {
    const stand = open();
    const { worker, ran } = stand.newWorker(
      async () => {
        throw new UnrecoverableError('again');
      },
      { concurrency: 50, stalledInterval: 5000 },
    );
    backendOf(worker).endings.follow(() => RULES);
    const count = 1200;
    await stand.queue.addBulk(Array.from({ length: count }, () => ({ name: 't', data: {} })));
    const allDead = () => waitFor(async () => (await dead(stand)).length === count);
    await allDead();
    const replayed = await stand.service.deadLetters.replay({ type: 't', limit: 10_000 });
    expect(replayed).toEqual({ count, missing: [], more: false });
    await waitFor(() => ran.length === 2 * count);
    await allDead();
    expect(await stand.service.deadLetters.count('t')).toBe(count);
  });

  it.each([
    ['limit', { limit: 0 }],
    ['limit', { limit: 1.5 }],
    ['olderThan', { olderThan: Number.NaN }],
    ['olderThan', { olderThan: -1 }],
  ])('is refused for a %s that is no usable number: %j', async (name, choice) => {
    await expect(open().service.deadLetters.replay(choice)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(name) as string,
    });
  });
});

describe('purging', () => {
  it('removes all that belongs to them', async () => {
    const stand = open();
    await die(stand, 'a');
    await stand.backend.addLog('a', 'row');
    expect(await stand.service.deadLetters.purge({ ids: ['a', 'b'] })).toMatchObject({
      count: 1,
      missing: ['b'],
    });
    const left = Object.keys(await stand.keyspace()).filter((key) => !key.startsWith('types:'));
    expect(left.filter((key) => !['counter', 'events', 'wakeup', 'meta'].includes(key))).toEqual([]);
  });

  it('takes those older than a time, of one type or of all', async () => {
    const stand = open();
    await die(stand, 'old', 'mail-old', 'mail-new', 'new');
    for (const id of ['old', 'mail-old']) await stand.redis.zadd(stand.key('dead'), Date.now() - DAY, id);
    const { deadLetters } = stand.service;
    expect(await deadLetters.purge({ olderThan: HOUR, type: 'mail' })).toMatchObject({ count: 1 });
    expect((await letters(stand)).sort()).toEqual(['mail-new', 'new', 'old']);
    expect(await deadLetters.purge({ olderThan: HOUR })).toMatchObject({ count: 1 });
    expect(await deadLetters.purge({ olderThan: 0 })).toMatchObject({ count: 2, more: false });
    expect(await deadLetters.count()).toBe(0);
  });

  it('lets a parent go on that waits for one', async () => {
    const stand = open();
    await stand.queue.add('t', {}, { jobId: 'parent' });
    await stand.queue.add(
      't',
      {},
      {
        jobId: 'child',
        parent: { id: 'parent', queue: `${stand.prefix}:jobs` },
      },
    );
    await stand.claim();
    await stand.backend.moveToWaitingChildren('parent', 'token', {});
    await stand.claim();
    await end(stand, 'child');
    await stand.service.deadLetters.purge({ ids: ['child'] });
    expect(await stand.standing('parent')).toEqual(['queue']);
  });
});
