// Jobs with nothing unusual have no runtime state of their own: `<p>plain` holds one text for each, until something
// happens to one that the text cannot say. What callers see of a job is the same before and after.
import type { Job } from 'bullmq';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const PAYLOAD = { text: 'line\nbreak', big: 12_345_678_901_234.5, list: [], nested: { empty: {} } };
const OPTIONS = { jobId: 'a', attempts: 3, priority: 1, backoff: { type: 'fixed', delay: 1000 } };

const add = ({ queue }: Stand, jobId = 'a') => queue.add('kind', PAYLOAD, { ...OPTIONS, jobId });
const isPlain = async (stand: Stand, id = 'a') => (await stand.redis.hexists(stand.key('plain'), id)) === 1;
const find = async ({ queue }: Stand, id = 'a') => (await queue.getJob(id)) as Job;

async function claimed(stand: Stand): Promise<Job> {
  await add(stand);
  expect(await stand.claim()).toBe('a');
  return find(stand);
}

/** What must not be lost, whatever happens to the job. */
const SAME = {
  id: 'a',
  name: 'kind',
  data: PAYLOAD,
  opts: expect.objectContaining({ attempts: 3 }) as object,
};

describe('a plain job', () => {
  it('is one text, and reads like any other', async () => {
    const stand = open();
    const added = await add(stand);
    expect(await isPlain(stand)).toBe(true);
    expect(await stand.redis.exists(stand.key('job:a'))).toBe(0);
    expect(await find(stand)).toMatchObject({ ...SAME, timestamp: added.timestamp, priority: 1, delay: 0 });
    expect(await stand.service.jobs.get('a')).toMatchObject({ type: 'kind', payload: PAYLOAD });
  });

  it('stays so while it runs and when it completes', async () => {
    const stand = open();
    const job = await claimed(stand);
    await stand.backend.moveToCompleted(job, { ok: 1 }, false, 'token', false);
    expect(await isPlain(stand)).toBe(true);
    expect(await find(stand)).toMatchObject({
      ...SAME,
      attemptsMade: 1,
      attemptsStarted: 1,
      returnvalue: { ok: 1 },
    });
    expect(Object.keys(await stand.endings()).sort()).toEqual(['data:a', 'results:a', 'status:a']);
  });

  it('is found by its type in a list', async () => {
    const stand = open();
    await add(stand);
    const { items } = await stand.service.jobs.list({ page: 1, pageSize: 10, type: 'kind' });
    expect(items.map(({ id }) => id)).toEqual(['a']);
  });

  it.each([
    ['delays', 'delayed', { delay: 60_000 }],
    ['is deduplicated', 'prioritized', { deduplication: { id: 'one' } }],
  ])('is none that %s', async (_, state, options) => {
    const stand = open();
    await stand.queue.add('kind', PAYLOAD, { ...OPTIONS, ...options });
    expect(await isPlain(stand)).toBe(false);
    expect(await (await find(stand)).getState()).toBe(state);
    expect(await find(stand)).toMatchObject(SAME);
  });
});

describe('a plain job that gets a child', () => {
  const child = (stand: Stand) => ({
    name: 'child',
    data: {},
    opts: { jobId: 'child', parent: { id: 'a', queue: stand.base.slice(0, -1) } },
  });

  it.each<[string, (stand: Stand) => Promise<unknown>]>([
    ['before it runs', async (stand) => [await add(stand), await stand.queue.addBulk([child(stand)])]],
    [
      'in the same call',
      (stand) =>
        stand.queue.addBulk([{ name: 'kind', data: PAYLOAD, opts: OPTIONS as object }, child(stand)]),
    ],
  ])('%s does not complete before its child', async (_, act) => {
    const stand = open();
    await act(stand);
    expect(await isPlain(stand)).toBe(false);
    expect((await stand.claimAll()).sort()).toEqual(['a', 'child']);
    const job = await find(stand);
    expect(job).toMatchObject(SAME);
    await expect(stand.backend.moveToCompleted(job, 1, false, 'token', false)).rejects.toMatchObject({
      code: -4,
    });
  });
});

describe('nothing of a plain job is lost when it', () => {
  it.each<[string, (stand: Stand, job: Job) => Promise<unknown>, object]>([
    ['reports progress', ({ backend }) => backend.updateProgress('a', 50), { progress: 50 }],
    ['logs', ({ backend }) => backend.addLog('a', 'row'), {}],
    [
      'fails and is delayed',
      ({ backend }) =>
        backend.moveToDelayed('a', Date.now(), 60_000, 'token', { fieldsToUpdate: { failedReason: 'x' } }),
      { attemptsMade: 1, attemptsStarted: 1, failedReason: 'x', priority: 1 },
    ],
    ['is tried again at once', ({ backend }) => backend.retryJob('a', false, 'token'), { attemptsMade: 1 }],
    ['is handed back', ({ backend }) => backend.moveJobFromActiveToWait('a', 'token'), { attemptsMade: 0 }],
    [
      'fails for good',
      ({ backend }, job) => backend.moveToFailed(job, 'broken', false, 'token', false),
      { attemptsMade: 1, failedReason: 'broken' },
    ],
    [
      'stalls',
      async (stand) => {
        await stand.endLease('a');
        await stand.backend.moveStalledJobsToWait();
      },
      { attemptsStarted: 1, stalledCounter: 1 },
    ],
    ['is cancelled', ({ service }) => service.cancelJob('a'), { failedReason: 'job cancelled' }],
    [
      'completes and runs again',
      async ({ backend }, job) => {
        await backend.moveToCompleted(job, 1, false, 'token', false);
        await backend.retryFinishedJob(job, 'completed', {});
      },
      { attemptsMade: 1 },
    ],
    [
      'gets a child while it runs',
      async (stand) => {
        const parent = { id: 'a', queue: stand.base.slice(0, -1) };
        await stand.queue.add('child', {}, { jobId: 'child', parent });
        await expect(
          stand.backend.moveToCompleted(await find(stand), 1, false, 'token', false),
        ).rejects.toMatchObject({ code: -4 });
      },
      {},
    ],
  ])('%s', async (_, act, expected) => {
    const stand = open();
    const job = await claimed(stand);
    await act(stand, job);
    expect(await find(stand)).toMatchObject({ ...SAME, timestamp: job.timestamp, ...expected });
  });

  it('is changed while it waits', async () => {
    const stand = open();
    const job = await add(stand);
    await job.changePriority({ priority: 5 });
    await job.updateData({ other: 1 });
    expect(await find(stand)).toMatchObject({
      ...SAME,
      data: { other: 1 },
      priority: 5,
      timestamp: job.timestamp,
    });
  });

  it('is failed and requeued by a legacy service, which drops type and payload', async () => {
    const stand = open();
    await add(stand);
    const taken = await stand.legacy.dequeue();
    await stand.legacy.requeue(taken as never);
    await stand.pass();
    expect(await find(stand)).toMatchObject({ ...SAME, data: PAYLOAD });
    expect(await stand.claim()).toBe('a');
  });

  it('loses its document', async () => {
    const stand = open();
    await add(stand);
    await stand.redis.del(stand.key('data:a'));
    expect(await stand.claim()).toBe('a');
    expect(await find(stand)).toMatchObject(SAME);
  });
});

describe('the text of a plain job goes', () => {
  it.each<[string, (stand: Stand, job: Job) => Promise<unknown>]>([
    ['with the job that is removed', ({ service }) => service.jobs.remove('waiting')],
    ['with a queue that is drained', ({ queue }) => queue.drain()],
    ['with one that is cleaned', ({ queue }) => queue.clean(0, 0, 'prioritized')],
    ['with one that is cleared', ({ service }) => service.clearQueue()],
  ])('%s', async (_, act) => {
    const stand = open();
    const job = await add(stand, 'waiting');
    await act(stand, job);
    expect(await stand.redis.exists(stand.key('plain'))).toBe(0);
  });

  it('with a job that nobody keeps', async () => {
    const stand = open();
    const job = await claimed(stand);
    await stand.backend.moveToCompleted(job, 1, true, 'token', false);
    expect(await stand.redis.exists(stand.key('plain'), stand.key('runs'))).toBe(0);
  });

  it('when the keys of a finished job have ended', async () => {
    const stand = open({ jobTtlSeconds: 1 });
    const job = await claimed(stand);
    await stand.backend.moveToCompleted(job, 1, false, 'token', false);
    await stand.passAnHour();
    await stand.redis.zadd(stand.key('expiring'), 1, 'a');
    expect(await stand.queue.getJobCounts('completed')).toEqual({ completed: 0 });
    expect(await stand.redis.exists(stand.key('plain'), stand.key('runs'))).toBe(0);
  });

  it('and it is not found any more from that moment on', async () => {
    const stand = open({ jobTtlSeconds: 1 });
    const job = await claimed(stand);
    await stand.backend.moveToCompleted(job, 1, false, 'token', false);
    await stand.redis.del(stand.key('data:a'), stand.key('status:a'), stand.key('results:a'));
    await stand.redis.zadd(stand.key('expiring'), 1, 'a');
    expect(await stand.queue.getJob('a')).toBeUndefined();
  });

  it('and its state ends with the other keys when something is noted of a finished job', async () => {
    const stand = open({ jobTtlSeconds: 3600 });
    const job = await claimed(stand);
    await stand.backend.moveToCompleted(job, 1, false, 'token', false);
    await stand.backend.addLog('a', 'late');
    const ends = await stand.endings();
    expect(new Set(Object.values(ends)).size).toBe(1);
    expect(Object.keys(ends).sort()).toEqual(['data:a', 'job:a', 'logs:a', 'results:a', 'status:a']);
    expect(await find(stand)).toMatchObject({ ...SAME, attemptsMade: 1 });
  });
});
