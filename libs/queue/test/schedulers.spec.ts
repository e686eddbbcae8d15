// Job schedulers through BullMQ's own classes.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const HOUR = 3_600_000;

/** The run a scheduler waits for: its id and time in ms. */
async function current(stand: Stand, scheduler = 's'): Promise<{ id: string; at: number }> {
  const at = Number(await stand.redis.zscore(stand.key('schedulers'), scheduler));
  return { id: `repeat:${scheduler}:${at}`, at };
}

/** Ids of all jobs that scheduler has made and that are still known. */
const runs = (stand: Stand) => stand.redis.zrange(stand.key('ids'), 0, -1);

/** Lets the time of a scheduler's current run come, by moving both by the same span. */
async function letItCome(stand: Stand, scheduler = 's'): Promise<string> {
  const { id } = await current(stand, scheduler);
  await stand.redis.zadd(stand.key('delayed'), 'XX', 1, id);
  return id;
}

describe('a scheduler with an interval', () => {
  it('runs at once, then at its next slot, which is delayed: pending and not in the queue', async () => {
    const stand = open();
    const job = await stand.queue.upsertJobScheduler('s', { every: HOUR }, { name: 't', data: { n: 1 } });
    const first = await current(stand);
    expect(job?.id).toBe(first.id);
    expect(await stand.standing(first.id)).toEqual(PLACES.pending);
    const { ids, ran } = stand.newWorker();
    await waitFor(async () => (await stand.status(first.id)) === 'completed');
    expect(ids()).toEqual([first.id]);
    expect(ran[0]).toMatchObject({ name: 't', data: { n: 1 }, repeatJobKey: 's' });
    const second = await current(stand);
    expect(second.at).toBe(first.at + HOUR);
    expect(await stand.standing(second.id)).toEqual(PLACES.delayed);
    expect(await stand.status(second.id)).toBe('pending');
    expect(await stand.queue.getJobScheduler('s')).toMatchObject({ iterationCount: 2, every: HOUR });
  });

  it('writes documents and messages as every add does', async () => {
    const stand = open();
    const heard = await stand.record();
    await stand.queue.upsertJobScheduler(
      's',
      { every: HOUR },
      { name: 't', data: { n: [] }, opts: { priority: 1 } },
    );
    const { id } = await current(stand);
    const document = JSON.parse((await stand.redis.get(stand.key(`data:${id}`))) ?? '') as unknown;
    expect(document).toMatchObject({ id, type: 't', priority: 2, status: 'pending', payload: { n: [] } });
    expect(await heard.undated()).toEqual([
      `{"data":{"job_id":"${id}","status":"pending"},"event":"status_updated","job_id":"${id}","timestamp":0}`,
      `{"data":{"job_id":"${id}","priority":2,"status":"pending"},"event":"job_added","job_id":"${id}","timestamp":0}`,
    ]);
    expect(await stand.service.jobs.get(id)).toMatchObject({
      type: 't',
      priorityName: 'high',
      status: 'pending',
    });
  });

  it('with an offset runs at its slots only', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR, offset: 60_000 });
    const { at } = await current(stand);
    expect(at % HOUR).toBe(60_000);
    expect(at).toBeGreaterThan(Date.now());
    expect(at).toBeLessThanOrEqual(Date.now() + HOUR);
  });

  it('with a start date waits for it', async () => {
    const stand = open();
    const startDate = Date.now() + 90 * 24 * HOUR;
    const job = await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate });
    expect(await current(stand)).toEqual({ id: job?.id, at: startDate });
    expect(await stand.queue.getJobScheduler('s')).toMatchObject({ startDate, next: startDate });
  });

  it('does not make up for runs that were missed, and keeps to its slots', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR, offset: 60_000 });
    const { at, id: coming } = await current(stand);
    await stand.redis.del(stand.key(`job:${coming}`), stand.key(`data:${coming}`));
    const missed = at - 10 * HOUR;
    const id = `repeat:s:${missed}`;
    await stand.redis.zadd(stand.key('schedulers'), missed, 's');
    expect(await stand.backend.schedulers.next('s', undefined, {}, id)).toBe(`repeat:s:${at}`);
  });

  it('makes one run after another, however often and from wherever a run is started', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const first = await current(stand);
    const backends = [stand.backend, stand.newService().backend, stand.newService().backend];
    const made = await Promise.all(
      backends.map(({ schedulers }) => schedulers.next('s', undefined, {}, first.id)),
    );
    const second = `repeat:s:${first.at + HOUR}`;
    expect(made.filter((id) => id !== null)).toEqual([second]);
    expect(await runs(stand)).toEqual([first.id, second]);
    const { ids } = stand.newWorker();
    for (let nth = 1; nth <= 2; nth++) {
      await waitFor(async () => ids().length === nth && (await stand.status(first.id)) === 'completed');
      if (nth === 1) await (await stand.queue.getJob(first.id))?.retry('completed');
    }
    expect(await runs(stand)).toEqual([first.id, second]);
  });

  it('runs no more often than its limit', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: 20, limit: 3 });
    const { ids } = stand.newWorker();
    await waitFor(() => ids().length === 3);
    await waitFor(async () => (await stand.queue.getCompletedCount()) === 3);
    stand.newReconciler().start();
    // A scheduler that goes on is done with its next run well after one that was over.
    await stand.queue.upsertJobScheduler('other', { every: 20, limit: 5 });
    await waitFor(() => ids().filter((id) => id.startsWith('repeat:other:')).length === 5);
    expect(ids().filter((id) => id.startsWith('repeat:s:'))).toHaveLength(3);
    expect(await stand.queue.getJobScheduler('s')).toMatchObject({ limit: 3, iterationCount: 3 });
  });

  it('goes on when handlers fail', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: 20 });
    const { ids } = stand.newWorker(() => Promise.reject(new Error('no')));
    await waitFor(() => ids().length >= 3);
  });
});

describe('a scheduler with a cron pattern', () => {
  it('runs by the clock of its time zone', async () => {
    const stand = open();
    const tz = 'Asia/Kolkata';
    await stand.queue.upsertJobScheduler('s', { pattern: '0 30 9 * * *', tz });
    const { at, id } = await current(stand);
    const shown = new Intl.DateTimeFormat('en-GB', { timeZone: tz, timeStyle: 'medium' }).format(at);
    expect(shown).toBe('09:30:00');
    expect(await stand.standing(id)).toEqual(PLACES.delayed);
    expect(await stand.queue.getJobScheduler('s')).toMatchObject({ pattern: '0 30 9 * * *', tz, next: at });
  });

  it('immediately: runs now, then by its pattern', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { pattern: '0 0 3 * * *', tz: 'UTC', immediately: true });
    const first = await current(stand);
    expect(first.at).toBeLessThanOrEqual(Date.now());
    stand.newWorker();
    await waitFor(async () => (await stand.status(first.id)) === 'completed');
    expect(new Date((await current(stand)).at).toISOString()).toMatch(/T03:00:00\.000Z$/);
  });

  it('goes on after each run', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { pattern: '*/30 * * * *' });
    const first = await current(stand);
    await (await stand.queue.getJob(first.id))?.promote();
    stand.newWorker();
    await waitFor(async () => (await stand.status(first.id)) === 'completed');
    expect((await current(stand)).at).toBe(first.at + HOUR / 2);
  });
});

describe('changing a scheduler', () => {
  const change = (stand: Stand, every = HOUR) =>
    stand.queue.upsertJobScheduler('s', { every }, { name: 't', data: { version: 2 } });

  it.each(['delayed', 'waiting', 'prioritized'])('replaces a run that is %s', async (state) => {
    const stand = open();
    const opts = state === 'prioritized' ? { priority: 1 } : {};
    const startDate = state === 'delayed' ? Date.now() + HOUR : undefined;
    await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate }, { name: 't', data: {}, opts });
    const before = await current(stand);
    expect(await stand.queue.getJobState(before.id)).toBe(state);
    await change(stand);
    expect(await current(stand)).toEqual(before);
    expect(await runs(stand)).toEqual([before.id]);
    expect((await stand.queue.getJob(before.id))?.data).toEqual({ version: 2 });
  });

  it('leaves a run that is active, and makes the next one from the new template', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR }, { name: 't', data: { version: 1 } });
    const before = await current(stand);
    expect(await stand.claim()).toBe(before.id);
    await change(stand);
    const after = await current(stand);
    expect(after.at).toBe(before.at + HOUR);
    expect((await stand.queue.getJob(after.id))?.data).toEqual({ version: 2 });
    expect((await stand.queue.getJob(before.id))?.data).toEqual({ version: 1 });
  });

  it('starts afresh with another interval', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate: Date.now() + HOUR });
    const before = Date.now();
    await change(stand, 2 * HOUR);
    const { at, id } = await current(stand);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(at).toBeLessThanOrEqual(Date.now());
    expect(await runs(stand)).toEqual([id]);
  });

  it('keeps the time of a run that was started early, under the id of a neighbour', async () => {
    const stand = open();
    const daily = { pattern: '0 0 3 * * *', tz: 'UTC' };
    await stand.queue.upsertJobScheduler('s', daily);
    const first = await current(stand);
    await (await stand.queue.getJob(first.id))?.promote();
    expect(await stand.claim()).toBe(first.id);
    await stand.backend.schedulers.next('s', first.at + 24 * HOUR, {}, first.id);
    await stand.queue.upsertJobScheduler('s', daily, { name: 't', data: { version: 2 } });
    const neighbour = `repeat:s:${first.at + 1}`;
    expect((await current(stand)).at).toBe(first.at);
    expect(await runs(stand)).toEqual([first.id, neighbour]);
    await expect(stand.queue.remove(neighbour)).rejects.toMatchObject({ code: -8 });
    await (await stand.queue.getJob(neighbour))?.promote();
    const { ran } = stand.newWorker();
    await waitFor(async () => (await stand.status(neighbour)) === 'completed');
    expect(ran.map(({ data }) => data as unknown)).toEqual([{ version: 2 }]);
    const after = await current(stand);
    expect(after.at).toBe(first.at + 24 * HOUR);
    expect(await stand.standing(after.id)).toEqual(PLACES.delayed);
  });

  it('from many places at once leaves one scheduler and one run', async () => {
    const stand = open();
    const queues = [stand.queue, stand.newQueue(), stand.newQueue()];
    await Promise.all(
      Array.from({ length: 30 }, (_, nth) =>
        queues[nth % 3]?.upsertJobScheduler('s', { every: HOUR + (nth % 2) * 1000 }, { data: { nth } }),
      ),
    );
    expect(await stand.queue.getJobSchedulersCount()).toBe(1);
    expect(await runs(stand)).toEqual([(await current(stand)).id]);
  });
});

describe('an id that another job has', () => {
  it('moves a scheduler with an interval to its next free slot', async () => {
    const stand = open();
    const startDate = Date.now() + HOUR;
    for (const slot of [0, 1])
      await stand.queue.add('t', {}, { jobId: `repeat:s:${startDate + slot * HOUR}` });
    await stand.queue.upsertJobScheduler('s', { every: HOUR, startDate });
    expect((await current(stand)).at).toBe(startDate + 2 * HOUR);
  });

  it('is refused when all slots are taken, and when a pattern gives no other; nothing changes', async () => {
    const stand = open();
    const startDate = Date.now() + HOUR;
    for (let slot = 0; slot < 33; slot++)
      await stand.queue.add('t', {}, { jobId: `repeat:s:${startDate + slot}` });
    const atNewYear = { pattern: '0 0 0 1 1 *', tz: 'UTC' };
    const newYear = Date.UTC(new Date().getUTCFullYear() + 1, 0, 1);
    await stand.queue.add('t', {}, { jobId: `repeat:p:${newYear}` });
    const before = await stand.everything();
    await expect(stand.queue.upsertJobScheduler('s', { every: 1, startDate })).rejects.toMatchObject({
      code: -11,
    });
    await expect(stand.queue.upsertJobScheduler('p', atNewYear)).rejects.toMatchObject({ code: -10 });
    expect(await stand.everything()).toEqual(before);
  });
});

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
