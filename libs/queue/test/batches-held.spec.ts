// What people and services do to jobs of a batch: none of it gets past the batch's limit.
import { DeadLetters } from '#libs/queue';
import { addBatch, batchStore, completeJob, countsOf, whereabouts } from './support/batch.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const outcomes = async (acting: Promise<{ id: string; outcome: string }[]>) =>
  Object.fromEntries((await acting).map(({ id, outcome }) => [id, outcome]));

async function failFor(stand: Stand, id: string, token: string): Promise<void> {
  expect(await stand.claim(token)).toBe(id);
  await stand.backend.moveToFailed({ id, opts: {}, attemptsMade: 0 } as never, 'no', false, token, false);
}

/** Claims until nothing is ready. @returns the ids. */
async function claimAll(stand: Stand): Promise<string[]> {
  const ids: string[] = [];
  for (let id = await stand.claim('all:0'); id !== undefined; id = await stand.claim(`all:${ids.length}`))
    ids.push(id);
  return ids;
}

describe('a held job', () => {
  it('stays held when it is promoted among many, and is told to be ready', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 1 });
    const told = await stand.service.jobs.actOnMany('promote', ['i1', 'i2', 'i3']);
    expect(told).toEqual(['i1', 'i2', 'i3'].map((id) => ({ id, outcome: 'skipped', reason: 'ready' })));
    expect((await whereabouts(stand, batch)).held).toEqual(['i1', 'i2', 'i3']);
    expect(await claimAll(stand)).toEqual(['i0']);
  });

  it('stays held when all delayed jobs of the queue are promoted', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 1 });
    await stand.queue.add('other', {}, { jobId: 'd', delay: 60_000 });
    await stand.queue.promoteJobs();
    expect(await stand.queued()).toEqual(['d', 'i0']);
    expect((await whereabouts(stand, batch)).held).toEqual(['i1', 'i2', 'i3']);
  });

  it('stays held when its priority or payload is edited, and goes at its new place', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 1 });
    await stand.service.jobs.update('i3', { priority: 'high' });
    await stand.service.jobs.update('i2', { payload: { n: 1 } });
    await stand.service.jobs.update('i1', { delay: 0 });
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i0'], held: ['i3', 'i1', 'i2'] });
    expect(await stand.claim('w:1')).toBe('i0');
    await completeJob(stand, 'i0', 'w:1');
    expect(await claimAll(stand)).toEqual(['i3']);
  });

  it('that an edit delays waits for a place once it is due, and its batch for it', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1, callback: { type: 'report' } });
    await stand.service.jobs.update('i2', { delay: 60_000 });
    expect(await whereabouts(stand, batch)).toEqual({ open: ['i0'], held: ['i1'], ends: {} });
    await stand.service.jobs.promote('i2');
    expect(await whereabouts(stand, batch)).toEqual({ open: ['i0'], held: ['i1', 'i2'], ends: {} });
    await stand.service.jobs.update('i2', { delay: 60_000 });
    for (const id of ['i0', 'i1']) {
      expect(await stand.claim(`w:${id}`)).toBe(id);
      await completeJob(stand, id, `w:${id}`);
    }
    expect(await batchStore(stand).get(batch)).toMatchObject({ status: 'running', counts: { pending: 1 } });
    await stand.service.jobs.promote('i2');
    expect(await stand.claim('w:2')).toBe('i2');
    await completeJob(stand, 'i2', 'w:2');
    expect(await batchStore(stand).get(batch)).toMatchObject({ status: 'completed' });
  });

  it('stays held while a ready one of its batch waits for the delay that an edit gave it', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await stand.service.jobs.update('i0', { delay: 60_000 });
    expect(await whereabouts(stand, batch)).toEqual({ open: ['i0'], held: ['i1', 'i2'], ends: {} });
    expect(await claimAll(stand)).toEqual([]);
    await stand.service.jobs.promote('i0');
    expect(await claimAll(stand)).toEqual(['i0']);
  });

  it('cannot be given another delay as if it were delayed', async () => {
    const stand = open();
    const batch = await addBatch(stand, 2, { limit: 1 });
    const job = await stand.queue.getJob('i1');
    await expect(job?.changeDelay(0)).rejects.toThrow();
    expect((await whereabouts(stand, batch)).held).toEqual(['i1']);
  });

  it('stays held through the passes over the queue, with limits of types and without', async () => {
    const stand = open();
    const { limit } = await import('./support/limited.js');
    const batch = await addBatch(stand, 4, { limit: 1 });
    await stand.pass();
    await limit(stand, { item: { global: 3 } });
    for (let nth = 0; nth < 3; nth++) await stand.pass();
    expect((await whereabouts(stand, batch)).held).toEqual(['i1', 'i2', 'i3']);
    expect(await claimAll(stand)).toEqual(['i0']);
  });

  it('is cancelled or removed with others, and each is counted once', async () => {
    const stand = open();
    const batch = await addBatch(stand, 6, { limit: 1 });
    const { jobs } = stand.service;
    expect(await outcomes(jobs.actOnMany('cancel', ['i1', 'i2']))).toEqual({ i1: 'done', i2: 'done' });
    expect(await outcomes(jobs.actOnMany('remove', ['i2', 'i3']))).toEqual({ i2: 'done', i3: 'done' });
    expect(await countsOf(stand, batch)).toEqual({ pending: 3, cancelled: 2, removed: 1 });
    expect((await whereabouts(stand, batch)).held).toEqual(['i4', 'i5']);
  });
});

describe('a finished job of a batch that is run again', () => {
  /** Three of five have failed, the fourth is ready, the fifth is held. */
  async function failed(stand: Stand): Promise<string> {
    const batch = await addBatch(stand, 5, { limit: 1 });
    for (const id of ['i0', 'i1', 'i2']) await failFor(stand, id, `f:${id}`);
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i3'], held: ['i4'] });
    return batch;
  }

  const HELD = { open: ['i3'], held: ['i4', 'i0', 'i1', 'i2'], ends: {} };

  it('is held when it is retried among many', async () => {
    const stand = open();
    const batch = await failed(stand);
    expect(await outcomes(stand.service.jobs.actOnMany('retry', ['i0', 'i1', 'i2']))).toEqual({
      i0: 'done',
      i1: 'done',
      i2: 'done',
    });
    expect(await whereabouts(stand, batch)).toEqual(HELD);
    expect(await claimAll(stand)).toEqual(['i3']);
  });

  it('is held when all failed jobs of the queue are retried', async () => {
    const stand = open();
    const batch = await failed(stand);
    await stand.queue.retryJobs({ state: 'failed' });
    expect(await whereabouts(stand, batch)).toEqual(HELD);
  });

  it('is held when it is retried with another payload', async () => {
    const stand = open();
    const batch = await failed(stand);
    await stand.service.jobs.retry('i1', { n: 2 });
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i3'], held: ['i4', 'i1'] });
  });

  it('is held when it is replayed as a dead letter', async () => {
    const stand = open();
    const batch = await failed(stand);
    await stand.redis.zadd(stand.key('dead'), 1, 'i0', 2, 'i1', 3, 'i2');
    expect(await new DeadLetters(stand.backend).replay({ ids: ['i0', 'i1', 'i2'] })).toMatchObject({
      count: 3,
    });
    expect(await whereabouts(stand, batch)).toEqual(HELD);
  });

  it('is no job of the batch any more as a copy', async () => {
    const stand = open();
    const batch = await failed(stand);
    const copy = await stand.service.jobs.replay('i0');
    expect(copy.batch).toBeUndefined();
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i3'], held: ['i4'] });
    expect(await claimAll(stand)).toEqual(['i3', copy.id]);
  });
});

describe('a running job of a batch', () => {
  it('keeps its place when it is handed back, put back by hand, or all claims are ended', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    const ways = [
      () => stand.backend.moveJobFromActiveToWait('i0', 'w:0'),
      () => stand.service.updateJobStatus('i0', 'pending'),
      () => stand.service.clearProcessing(),
      () => stand.backend.retryJob('i0', false, 'w:3'),
      () => stand.service.failJob('i0', { requeue: true }),
    ];
    for (const [nth, way] of ways.entries()) {
      expect(await stand.claim(`w:${nth}`)).toBe('i0');
      await way();
      expect(await whereabouts(stand, batch)).toEqual({ open: ['i0'], held: ['i1', 'i2'], ends: {} });
      expect(await stand.queued()).toEqual(['i0']);
    }
  });
});

it('a batch is not added over the id of a plain job, of which only the shared hash is left', async () => {
  const stand = open();
  await stand.service.jobs.create({ id: 'i1', type: 'other' });
  await stand.redis.del(stand.key('data:i1'), stand.key('status:i1'));
  expect(await stand.redis.hexists(stand.key('plain'), 'i1')).toBe(1);
  await expect(addBatch(stand, 3)).rejects.toMatchObject({
    code: 'JOB_EXISTS',
    taken: [{ index: 1, id: 'i1' }],
  });
});
