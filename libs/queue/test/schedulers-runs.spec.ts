// The runs of job schedulers: what protects them, workers that are killed, and what is left behind.
import { waitFor } from '../../../tests/support/wait.js';
import { HOUR, current, letItCome, runs } from './support/runs.js';
import { useStand } from './support/stand.js';

const open = useStand();

describe('the current run of a scheduler', () => {
  it('cannot be removed, by BullMQ or by the API; other runs can', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate: Date.now() + HOUR });
    const { id } = await current(stand);
    const before = await stand.everything();
    await expect(stand.queue.remove(id)).rejects.toMatchObject({ code: -8 });
    await expect(stand.service.jobs.remove(id)).rejects.toMatchObject({
      code: 'JOB_STATE_CONFLICT',
      message: `job ${id} is pending: it is the next run of a job scheduler; remove the scheduler`,
    });
    expect(await stand.everything()).toEqual(before);
    await stand.queue.removeJobScheduler('s');
    expect(await runs(stand)).toEqual([]);
  });

  it.each(['delayed', 'waiting'])(
    'stays when the queue is drained, cleared or cleaned: %s',
    async (state) => {
      const stand = open();
      const startDate = state === 'delayed' ? Date.now() + HOUR : undefined;
      await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate });
      const { id } = await current(stand);
      await stand.queue.addBulk(Array.from({ length: 700 }, () => ({ name: 't', data: {} })));
      await stand.queue.add('t', {}, { delay: HOUR });
      await stand.queue.drain(true);
      expect(await runs(stand)).toEqual([id]);
      await stand.service.clearQueue();
      await stand.queue.clean(0, 0, state === 'delayed' ? 'delayed' : 'wait');
      expect(await runs(stand)).toEqual([id]);
    },
  );

  it('never uses up its stalls, an ordinary job does', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    await stand.queue.add('t', {}, { jobId: 'ordinary', priority: 1 });
    const { id } = await current(stand);
    for (let nth = 0; nth < 3; nth++) {
      expect([await stand.claim(), await stand.claim()]).toEqual([id, 'ordinary']);
      await stand.endLease(id);
      await stand.endLease('ordinary');
      await stand.backend.scripts.run('recoverStalled', 1, 1);
      await waitFor(async () => (await stand.queued()).length === 2);
      await waitFor(async () => (await stand.redis.exists(stand.key('swept'))) === 0);
    }
    expect(await stand.redis.hexists(stand.key(`job:${id}`), 'deferredFailure')).toBe(0);
    expect(await stand.redis.hexists(stand.key('job:ordinary'), 'deferredFailure')).toBe(1);
  });
});

describe('a worker that is killed while it runs one', () => {
  it('before it made the next: the run waits again, and its next worker makes it', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const { id, at } = await current(stand);
    expect(await stand.claim('killed')).toBe(id);
    await stand.endLease(id);
    const { ids } = stand.newWorker();
    await waitFor(async () => (await stand.status(id)) === 'completed');
    expect(ids()).toEqual([id]);
    expect((await current(stand)).at).toBe(at + HOUR);
  });

  it('after it made the next: both run', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const first = (await current(stand)).id;
    const killed = stand.newWorker(() => new Promise(() => undefined), {
      skipLockRenewal: true,
      skipStalledCheck: true,
    });
    await waitFor(async () => (await current(stand)).id !== first);
    await killed.worker.close(true);
    await stand.endLease(first);
    const second = await letItCome(stand);
    const { ids } = stand.newWorker();
    await waitFor(() => ids().length === 2);
    expect(ids().sort()).toEqual([first, second].sort());
  });
});

describe('what schedulers leave behind', () => {
  it('has no TTL, and goes with the queue', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR }, { data: { n: 1 } });
    const first = (await current(stand)).id;
    stand.newWorker();
    await waitFor(async () => (await stand.status(first)) === 'completed');
    await stand.passAnHour();
    expect(await stand.redis.exists(stand.key(`job:${first}`))).toBe(0);
    expect(await stand.queue.getJobSchedulers()).toMatchObject([{ key: 's', template: { data: { n: 1 } } }]);
    await stand.queue.obliterate({ force: true });
    expect(await stand.redis.exists(stand.key('schedulers'), stand.key('scheduler:s'))).toBe(0);
  });

  it('is listed by the time of the next run, and removed once', async () => {
    const stand = open();
    const now = Date.now();
    for (const nth of [3, 1, 2])
      await stand.queue.upsertJobScheduler(`s${nth}`, { every: HOUR, startDate: now + nth * HOUR });
    const keys = async (...range: [number?, number?, boolean?]) =>
      (await stand.queue.getJobSchedulers(...range)).map(({ key }) => key);
    expect(await keys(0, -1, true)).toEqual(['s1', 's2', 's3']);
    expect(await keys(0, 1)).toEqual(['s3', 's2']);
    expect(await stand.queue.removeJobScheduler('s1')).toBe(true);
    expect(await stand.queue.removeJobScheduler('s1')).toBe(false);
    expect(await stand.queue.getJobSchedulersCount()).toBe(2);
    expect(await stand.queue.getJobScheduler('s1')).toBeUndefined();
  });
});
