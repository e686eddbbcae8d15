// Job schedulers through BullMQ's own classes: when runs come, and changing schedulers.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { HOUR, current, runs } from './support/runs.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

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
