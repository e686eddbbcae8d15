// Batches: how many of their jobs are open at a time, what is counted, and the job that follows.
import { BatchStateError, IdsTakenError, type CreateBatch } from '#libs/queue';
import { addBatch, batchStore, completeJob, countsOf, whereabouts } from './support/batch.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Runs everything there is, three workers in turn. @returns ids in the order in which they were claimed. */
async function runAll(stand: Stand): Promise<string[]> {
  const ran: string[] = [];
  for (let nth = 0; ; nth++) {
    const token = `w${nth % 3}:${nth}`;
    const id = await stand.claim(token);
    if (id === undefined) return ran;
    ran.push(id);
    await completeJob(stand, id, token);
  }
}

describe('a batch with a limit', () => {
  it('opens only so many of its jobs, and holds the others without hiding them', async () => {
    const stand = open();
    const batch = await addBatch(stand, 5, { limit: 2 });
    expect(await whereabouts(stand, batch)).toEqual({
      open: ['i0', 'i1'],
      held: ['i2', 'i3', 'i4'],
      ends: {},
    });
    expect(await stand.queued()).toEqual(['i0', 'i1']);
    expect(await stand.standing('i2')).toEqual(['delayed']);
    expect(await stand.status('i2')).toBe('pending');
    expect(await stand.service.jobs.find('i2')).toMatchObject({
      status: 'pending',
      state: 'prioritized',
      delayedUntil: undefined,
      batch,
    });
    expect((await stand.service.jobs.stats()).byState).toMatchObject({ prioritized: 5, delayed: 0 });
  });

  it('lets any number of claims at once have no more than that', async () => {
    const stand = open();
    await addBatch(stand, 20, { limit: 3 });
    const ids = await Promise.all(Array.from({ length: 12 }, (_, nth) => stand.claim(`w${nth % 4}:${nth}`)));
    expect(ids.filter((id) => id !== undefined).sort()).toEqual(['i0', 'i1', 'i2']);
  });

  it('lets the next one go in the step that ends one', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 2 });
    await stand.claim('w:1');
    const { result } = await stand.backend.moveToCompleted(
      { id: 'i0', opts: {}, attemptsMade: 0 } as never,
      1,
      false,
      'w:1',
      true,
    );
    expect(result?.[1]).toBe('i1');
    expect((await whereabouts(stand, batch)).open).toEqual(['i1', 'i2']);
  });

  it('runs its jobs by priority, then in their order, and before what came later', async () => {
    const stand = open();
    const items: CreateBatch['items'] = [
      { id: 'a', type: 't' },
      { id: 'b', type: 't', priority: 'high' },
      { id: 'c', type: 't' },
      { id: 'd', type: 't', priority: 'low' },
      { id: 'e', type: 't', priority: 'high' },
    ];
    await batchStore(stand).create({ items, limit: 1 });
    await stand.service.jobs.create({ id: 'later', type: 't' });
    expect(await runAll(stand)).toEqual(['b', 'e', 'a', 'c', 'later', 'd']);
  });

  it('keeps the place of a job that waits for its retry', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    expect(await stand.claim('w:1')).toBe('i0');
    await stand.backend.moveToDelayed('i0', Date.now() + 60_000, 60_000, 'w:1');
    expect(await stand.claim('w:2')).toBeUndefined();
    expect((await whereabouts(stand, batch)).open).toEqual(['i0']);
    await stand.service.jobs.promote('i0');
    expect(await stand.claim('w:3')).toBe('i0');
  });

  it('keeps the place of a job whose worker was lost', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await stand.claim('w:1');
    await stand.endLease('i0');
    await stand.backend.running.recoverStalled();
    expect((await whereabouts(stand, batch)).open).toEqual(['i0']);
    expect(await stand.claim('w:2')).toBe('i0');
  });

  it('refuses to promote a job that it holds', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await expect(stand.service.jobs.promote('i1')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
    expect((await whereabouts(stand, batch)).held).toEqual(['i1', 'i2']);
  });

  it('keeps a held job held when its priority changes, at its new place', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 1 });
    await stand.backend.editing.changePriority('i3', 1);
    expect(await whereabouts(stand, batch)).toMatchObject({ open: ['i0'], held: ['i3', 'i1', 'i2'] });
    expect(await runAll(stand)).toEqual(['i0', 'i3', 'i1', 'i2']);
  });

  it('goes on when jobs are cancelled, removed, drained or cleaned, and counts them', async () => {
    const stand = open();
    const batch = await addBatch(stand, 8, { limit: 2 });
    await stand.service.jobs.cancel('i0');
    await stand.service.jobs.remove('i1');
    await stand.service.jobs.cancel('i4');
    await stand.service.jobs.remove('i5');
    expect(await whereabouts(stand, batch)).toEqual({
      open: ['i2', 'i3'],
      held: ['i6', 'i7'],
      ends: { i0: 'cancelled', i1: 'removed', i4: 'cancelled', i5: 'removed' },
    });
    await stand.queue.drain();
    expect(await countsOf(stand, batch)).toEqual({ cancelled: 2, removed: 6 });
    expect(await batchStore(stand).get(batch)).toMatchObject({ status: 'completed', percent: 100 });
    expect(await stand.redis.exists(stand.key('parked'), stand.key('delayed'))).toBe(0);
  });

  it('holds a job that is retried while others have its place, and lets it go later', async () => {
    const stand = open();
    const batch = await addBatch(stand, 3, { limit: 1 });
    await stand.service.jobs.cancel('i0');
    await stand.service.jobs.retry('i0');
    expect(await whereabouts(stand, batch)).toEqual({ open: ['i1'], held: ['i2', 'i0'], ends: {} });
    expect(await runAll(stand)).toEqual(['i1', 'i2', 'i0']);
    expect(await countsOf(stand, batch)).toEqual({ completed: 3 });
  });

  it('also holds where the type of its jobs has a limit', async () => {
    const stand = open();
    const { limit } = await import('./support/limited.js');
    await limit(stand, { item: { global: 1 } });
    const batch = await addBatch(stand, 4, { limit: 2 });
    expect(await stand.claim('w:1')).toBe('i0');
    expect(await stand.claim('w:2')).toBeUndefined();
    expect((await whereabouts(stand, batch)).open).toEqual(['i0', 'i1']);
    await stand.backend.running.recoverStalled();
    expect((await whereabouts(stand, batch)).held).toEqual(['i2', 'i3']);
    await completeJob(stand, 'i0', 'w:1');
    expect(await runAll(stand)).toEqual(['i1', 'i2', 'i3']);
    expect(await countsOf(stand, batch)).toEqual({ completed: 4 });
  });
});

describe('the job that follows a batch', () => {
  const callback = { type: 'report', payload: { to: 'ops' }, priority: 'high' as const };

  it('is added once, in the step that ends the last job, with what became of all', async () => {
    const stand = open();
    const batch = await addBatch(stand, 4, { limit: 2, callback, name: 'orders', creator: 'ci' });
    await stand.service.jobs.cancel('i3');
    await stand.service.jobs.remove('i2');
    expect(await stand.claim('w:1')).toBe('i0');
    expect(await stand.claim('w:2')).toBe('i1');
    await completeJob(stand, 'i0', 'w:1');
    expect(await stand.service.jobs.find(`${batch}-callback`)).toBeUndefined();
    await completeJob(stand, 'i1', 'w:2');
    const view = await batchStore(stand).get(batch);
    expect(view).toMatchObject({ status: 'completed', callback: { jobId: `${batch}-callback` } });
    expect(view.finishedAt).toBeDefined();
    expect(await stand.service.jobs.find(`${batch}-callback`)).toMatchObject({
      type: 'report',
      priorityName: 'high',
      status: 'pending',
      createdAt: view.finishedAt,
      payload: {
        to: 'ops',
        batch: {
          id: batch,
          name: 'orders',
          total: 4,
          completed: 2,
          failed: 0,
          cancelled: 1,
          removed: 1,
          createdAt: view.createdAt,
          startedAt: view.startedAt,
          finishedAt: view.finishedAt,
        },
      },
    });
    expect(await runAll(stand)).toEqual([`${batch}-callback`]);
  });

  it('does not follow again when a job is retried after the end', async () => {
    const stand = open();
    const batch = await addBatch(stand, 1, { callback });
    expect(await runAll(stand)).toEqual(['i0', `${batch}-callback`]);
    await stand.service.jobs.retry('i0');
    expect(await batchStore(stand).get(batch)).toMatchObject({
      finishedAt: undefined,
      counts: { pending: 1, completed: 0 },
    });
    expect(await runAll(stand)).toEqual(['i0']);
    expect(await countsOf(stand, batch)).toEqual({ completed: 1 });
  });

  it('can be popped by a legacy service like any job', async () => {
    const stand = open();
    const batch = await addBatch(stand, 1, { callback });
    expect(await runAll(stand)).toHaveLength(2);
    await stand.service.jobs.retry(`${batch}-callback`);
    const popped = await stand.legacy.dequeue();
    expect(popped).toMatchObject({ id: `${batch}-callback`, type: 'report', priority: 2 });
    expect(Date.parse(String(popped?.created_at))).toBeGreaterThan(Date.now() - 60_000);
  });
});

describe('cancelling a batch', () => {
  it('ends what waits at once, tells what runs, and lets nothing start any more', async () => {
    const stand = open();
    const told = await stand.record('cancel');
    const batch = await addBatch(stand, 500, { limit: 3 });
    expect(await stand.claim('w:1')).toBe('i0');
    expect(await batchStore(stand).cancel(batch)).toMatchObject({
      status: 'cancelled',
      counts: { cancelled: 500 },
    });
    expect(await told.texts()).toContain('i0');
    expect(await stand.claim('w:2')).toBeUndefined();
    await expect(batchStore(stand).cancel(batch)).rejects.toBeInstanceOf(BatchStateError);
  });

  it('that breaks off is finished by the next passes', async () => {
    const stand = open();
    const batch = await addBatch(stand, 450, { limit: 3 });
    await stand.backend.scripts.run('cancelBatch', batch, 'batch cancelled', 10);
    expect((await whereabouts(stand, batch)).open).toEqual(['i0', 'i1', 'i2']);
    for (let nth = 0; nth < 5; nth++) await stand.pass();
    expect(await batchStore(stand).get(batch)).toMatchObject({
      status: 'cancelled',
      counts: { cancelled: 450 },
    });
  });
});

describe('creating a batch', () => {
  it('adds nothing when one of its ids is taken', async () => {
    const stand = open();
    await stand.service.jobs.create({ id: 'i2', type: 'other' });
    const before = await stand.everything();
    await expect(addBatch(stand, 4, { limit: 1 })).rejects.toBeInstanceOf(IdsTakenError);
    expect(await stand.everything()).toEqual(before);
  });

  it('adds nothing when a key in the way is of the wrong type', async () => {
    const stand = open();
    await stand.redis.set(stand.key('delayed'), 'x');
    await expect(addBatch(stand, 4, { limit: 1 })).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE' });
    expect(await stand.redis.keys(stand.key('batch*'))).toEqual([]);
    expect(await stand.queued()).toEqual([]);
  });

  it('makes one batch for a key, however often it is asked', async () => {
    const stand = open();
    const store = batchStore(stand);
    const input = { items: [{ type: 't' }, { type: 't' }], creator: 'a' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => store.create(input, 'k')));
    expect(new Set(answers.map(({ batch }) => batch.id)).size).toBe(1);
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(await stand.queued()).toHaveLength(2);
    await expect(store.create({ ...input, limit: 1 }, 'k')).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    expect((await store.create({ ...input, creator: 'b' }, 'k')).created).toBe(true);
  });
});

describe('the keys of a batch', () => {
  it('end with its jobs, and come back to last when one of them is retried', async () => {
    const stand = open();
    const batch = await addBatch(stand, 2, { limit: 1 });
    await runAll(stand);
    const names = ['batch', 'batch-items', 'batch-ends'].map((name) => `${name}:${batch}`);
    const ends = await stand.endings();
    for (const name of names) expect(ends[name]).toBeGreaterThanOrEqual(ends['status:i1'] ?? Infinity);
    await stand.service.jobs.retry('i0');
    expect(Object.keys(await stand.endings()).filter((name) => name.startsWith('batch'))).toEqual([]);
    await runAll(stand);
    await stand.passAnHour();
    expect(await stand.redis.keys(stand.key('batch-*'))).toEqual([]);
    await stand.pass();
    expect(await stand.redis.zcard(stand.key('batches'))).toBe(0);
  });

  it('go with the queue when it is obliterated', async () => {
    const stand = open();
    await addBatch(stand, 30, { limit: 2, callback: { type: 'report' } });
    await stand.queue.pause();
    await stand.queue.obliterate();
    expect(Object.keys(await stand.keyspace())).toEqual([]);
  });
});
