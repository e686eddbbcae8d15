// Looking after a queue that legacy services use: what they add, take, finish and drop.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { advance, toEnd } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const becomes = (stand: Stand, id: string, place: keyof typeof PLACES) =>
  waitFor(async () => JSON.stringify(await stand.standing(id)) === JSON.stringify(PLACES[place]), {
    what: `${id} to be ${place}`,
  });

describe('what a legacy worker finishes', () => {
  it.each([
    ['complete', 'completed'],
    ['fail', 'failed'],
    ['cancel', 'cancelled'],
  ] as const)('(%s) is recorded: state, counts, lists, result', async (act, status) => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    stand.newReconciler().start();
    await becomes(stand, 'a', 'pending');
    await stand.legacy.dequeue();
    await becomes(stand, 'a', 'running');
    await stand.legacy.saveResult('a', { by: 'legacy' });
    await stand.legacy[act]('a');
    await becomes(stand, 'a', status);
    expect(await stand.status('a')).toBe(status);
    expect((await stand.service.jobs.stats()).byStatus).toMatchObject({
      [status]: 1,
      running: 0,
      pending: 0,
    });
    expect((await stand.service.jobs.list({ page: 1, pageSize: 9, status })).items).toMatchObject([
      { id: 'a' },
    ]);
    expect(await stand.service.getJobResult('a')).toEqual({ by: 'legacy' });
    const bull = await stand.queue.getJob('a');
    expect(await bull?.getState()).toBe(status === 'completed' ? 'completed' : 'failed');
    if (status === 'completed') expect(bull?.returnvalue).toEqual({ by: 'legacy' });
    expect(Object.keys(await stand.endings())).toEqual(
      expect.arrayContaining(['data:a', 'job:a', 'status:a']),
    );
  });

  it('is recorded within a moment when the reconciler watches', async () => {
    const stand = open();
    const reconciler = stand.newReconciler({ watch: true, intervalSeconds: 3600 });
    reconciler.start();
    await waitFor(async () => Number((await stand.redis.pubsub('NUMSUB', stand.key('updates')))[1]) === 1);
    await stand.legacy.add({ id: 'a' });
    await becomes(stand, 'a', 'pending');
    await stand.legacy.dequeue();
    await stand.legacy.complete('a');
    await becomes(stand, 'a', 'completed');
  });
});

describe('an id that legacy adds again', () => {
  it.each(['completed', 'failed', 'cancelled'] as const)(
    'after it %s waits again as a new job',
    async (end) => {
      const stand = open();
      await stand.service.addJob({ id: 'a', payload: 1 });
      await stand.service.updateJobStatus('a', 'running');
      await stand.service.updateJobStatus('a', end);
      await stand.legacy.add({ id: 'a', priority: 2, payload: 'new' });
      await stand.pass();
      expect(await stand.standing('a')).toEqual(PLACES.pending);
      expect(await stand.endings()).toEqual({});
      expect(await stand.service.jobs.get('a')).toMatchObject({
        priority: 2,
        error: undefined,
        attempts: { made: 0 },
      });
      const { ran } = stand.newWorker();
      await becomes(stand, 'a', 'completed');
      expect(ran[0]?.data).toBe('new');
    },
  );

  it.each([1, 2, 3, 4, 5])(
    'after it completed is not lost to a pass after %s of its commands',
    async (commands) => {
      const stand = open();
      await stand.legacy.add({ id: 'a' });
      await stand.legacy.dequeue();
      await stand.legacy.complete('a');
      await stand.pass();
      const adding = stand.legacy.adding({ id: 'a' });
      await advance(adding, commands);
      await stand.backend.reconciling.lookAfter(['a'], { maxStalls: 10 });
      await stand.pass({ graceMs: 60_000 });
      await toEnd(adding);
      await stand.pass({ graceMs: 60_000 });
      expect(await stand.standing('a')).toEqual(PLACES.pending);
      expect(await stand.claim()).toBe('a');
    },
  );

  it('while it runs here goes on running, once', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', payload: 1 });
    await stand.claim();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.running);
    expect(await stand.status('a')).toBe('running');
    expect(await stand.backend.extendLocks(['a'], ['token'], 30_000)).toEqual([]);
    await stand.backend.moveToCompleted({ id: 'a', opts: {} } as never, 1, false, 'token', false);
    expect(await stand.standing('a')).toEqual(PLACES.completed);
  });

  it('while it waits moves to the tail of its new priority', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.legacy.add({ id });
    await stand.pass();
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.add({ id: 'c', priority: 2 });
    await stand.pass();
    expect(await stand.queued()).toEqual(['c', 'b', 'a']);
  });

  it('leaves a delayed job without a status, which it gets back', async () => {
    const stand = open();
    await stand.service.jobs.create({ id: 'a', type: 't', delay: 60_000 });
    await stand.legacy.updateStatus('a', 'pending');
    await stand.redis.del(stand.key('status:a')); // as it ends an hour later
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.delayed);
    expect(await stand.redis.pttl(stand.key('status:a'))).toBe(-1);
  });

  it('while it is delayed does not wait for its time any more', async () => {
    const stand = open();
    await stand.service.jobs.create({ id: 'a', type: 't', delay: 60_000 });
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.pending);
  });

  it('after it stalled too often starts anew', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    for (let crash = 0; crash < 3; crash++) {
      await stand.redis.zpopmin(stand.key('queue'));
      await stand.pass({ maxStalls: 1 });
    }
    expect(await stand.service.dequeueJob()).toBeNull();
    expect(await stand.status('a')).toBe('failed');
    await stand.legacy.add({ id: 'a' });
    expect(await stand.service.dequeueJob()).toMatchObject({ id: 'a' });
  });

  it('requeued by legacy while it ran here: the runner loses it, and it runs again', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', payload: 1 });
    const told = await stand.record('cancel');
    await stand.claim();
    const job = JSON.parse((await stand.redis.get(stand.key('data:a')))!) as never;
    await stand.legacy.requeue(job);
    await stand.pass();
    expect(await told.texts()).toEqual(['a']);
    expect(await stand.standing('a')).toEqual(PLACES.pending);
    await expect(
      stand.backend.moveToCompleted({ id: 'a', opts: {} } as never, 1, false, 'token', false),
    ).rejects.toMatchObject({ code: -2 });
    expect(await stand.service.jobs.get('a')).toMatchObject({ priority: 0, payload: 1 });
  });
});

describe('ClearProcessing by legacy', () => {
  it('under a running worker of Drover: the job runs to its end, once', async () => {
    const stand = open();
    let finish: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (finish = resolve));
    const { ids } = stand.newWorker(() => released, { stalledInterval: 100 });
    await stand.service.addJob({ id: 'a' });
    await becomes(stand, 'a', 'running');
    await stand.legacy.clearProcessing();
    await becomes(stand, 'a', 'running');
    finish();
    await becomes(stand, 'a', 'completed');
    expect(ids()).toEqual(['a']);
  });

  it('under a legacy worker: the job waits again', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.dequeue();
    await stand.pass();
    await stand.legacy.clearProcessing();
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.pending);
  });
});

describe('a job whose document ended or was deleted', () => {
  it.each(['waiting', 'popped', 'delayed'] as const)(
    'while it was %s blocks nothing and leaves the counts',
    async (where) => {
      const stand = open();
      if (where === 'delayed') await stand.service.jobs.create({ id: 'a', type: 't', delay: 20 });
      else await stand.legacy.add({ id: 'a' });
      await stand.pass();
      if (where === 'popped') await stand.redis.zpopmin(stand.key('queue'));
      await stand.redis.del(stand.key('data:a'), stand.key('job:a'));
      await stand.legacy.add({ id: 'behind' });
      const { ids } = stand.newWorker(undefined, { stalledInterval: 100 });
      await becomes(stand, 'behind', 'completed');
      expect(ids()).not.toContain('a');
      await waitFor(async () => (await stand.service.jobs.stats()).byStatus.pending === 0);
      expect((await stand.service.jobs.stats()).byStatus.running).toBe(0);
    },
  );
});
