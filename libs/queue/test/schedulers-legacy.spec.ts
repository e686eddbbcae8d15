// Job schedulers where legacy services run the jobs: nobody there makes the next run.
import { waitFor } from '../../../tests/support/wait.js';
import { advance } from './support/legacy.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const HOUR = 3_600_000;

async function current(stand: Stand, scheduler = 's'): Promise<string> {
  return `repeat:${scheduler}:${await stand.redis.zscore(stand.key('schedulers'), scheduler)}`;
}
const timeOf = (run: string) => Number(run.split(':').at(-1));

/** Everything of a queue, as another process looks after it. */
const goOn = (stand: Stand) => stand.newService().backend.scheduleKeeper.goOn();

/** A scheduler whose first run, at a time that has come, a legacy service has popped. */
async function taken(stand: Stand): Promise<string> {
  await stand.queue.upsertJobScheduler('s', { every: HOUR }, { name: 't', data: { n: 1 } });
  const run = await current(stand);
  expect((await stand.legacy.dequeue())?.id).toBe(run);
  return run;
}

describe('a run that a legacy worker takes', () => {
  it('is a job like any other to it, and the schedule goes on', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler(
      's',
      { every: HOUR },
      { name: 't', data: { n: 1 }, opts: { priority: 1 } },
    );
    const run = await current(stand);
    expect(await stand.legacy.pending()).toEqual([run]);
    expect(await stand.legacy.dequeue()).toMatchObject({ id: run, priority: 2, payload: { n: 1 } });
    await stand.legacy.complete(run);
    await stand.pass();
    expect(await stand.standing(run)).toEqual(PLACES.completed);
    expect(await goOn(stand)).toEqual([await current(stand)]);
    const next = await current(stand);
    expect(timeOf(next)).toBe(timeOf(run) + HOUR);
    expect(await stand.standing(next)).toEqual(PLACES.delayed);
    expect(await stand.queue.getJob(next)).toMatchObject({
      name: 't',
      data: { n: 1 },
      priority: 1,
      repeatJobKey: 's',
    });
    expect(await stand.queue.getJobScheduler('s')).toMatchObject({ iterationCount: 2 });
  });

  it.each(['complete', 'fail', 'cancel'] as const)(
    'and ends (%s), noticed or not: the next run is made once',
    async (end) => {
      const stand = open();
      const run = await taken(stand);
      await stand.legacy[end](run);
      expect(await goOn(stand)).toHaveLength(1);
      expect(await goOn(stand)).toEqual([]);
      expect(await stand.queue.getDelayedCount()).toBe(1);
    },
  );

  it('and still has: the next run is made all the same, as BullMQ does when a run starts', async () => {
    const stand = open();
    const run = await taken(stand);
    expect(await goOn(stand)).toHaveLength(1);
    await stand.pass();
    expect(await stand.standing(run)).toEqual(PLACES.running);
  });

  it('or is cancelled before anybody takes it: the next run is made all the same', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const run = await current(stand);
    await stand.service.cancelJob(run);
    expect(await goOn(stand)).toHaveLength(1);
    expect(timeOf(await current(stand))).toBe(timeOf(run) + HOUR);
  });

  it('and requeues is still to come', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const run = await current(stand);
    const job = await stand.legacy.dequeue();
    if (job) await stand.legacy.requeue(job);
    expect(await goOn(stand)).toEqual([]);
    const { ids } = stand.newWorker();
    await waitFor(() => ids().length > 0);
    expect(ids()).toEqual([run]);
    await waitFor(async () => timeOf(await current(stand)) === timeOf(run) + HOUR);
  });

  it('and drops in between is put back, then run, and the schedule goes on', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const run = await current(stand);
    await advance(stand.legacy.dequeuing(), 1);
    expect(await stand.standing(run)).toEqual([]);
    expect(await goOn(stand)).toEqual([]);
    await stand.pass();
    await stand.pass();
    expect(await stand.standing(run)).toEqual(PLACES.pending);
    expect((await stand.legacy.dequeue())?.id).toBe(run);
    expect(await goOn(stand)).toHaveLength(1);
  });

  it('and whose keys ended an hour later is not missed', async () => {
    const stand = open();
    const run = await taken(stand);
    await stand.legacy.complete(run);
    await stand.pass();
    await stand.passAnHour();
    expect(await stand.redis.exists(stand.key(`job:${run}`))).toBe(0);
    // Who ran it is no longer known, so a worker is given a moment to make the next one.
    await waitFor(async () => (await stand.backend.scheduleKeeper.goOn()).length === 1);
    expect(timeOf(await current(stand))).toBe(timeOf(run) + HOUR);
  });
});

describe('whoever looks after the queue makes the next run', () => {
  it('a reconciler', async () => {
    const stand = open();
    const run = await taken(stand);
    await stand.legacy.complete(run);
    stand.newReconciler().start();
    await waitFor(async () => (await current(stand)) !== run);
    expect(await stand.standing(await current(stand))).toEqual(PLACES.delayed);
  });

  it('a reconciler that hears of it, long before its next pass', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const run = await current(stand);
    stand.newReconciler({ intervalSeconds: 3600, watch: true }).start();
    await waitFor(
      async () => ((await stand.redis.call('PUBSUB', 'NUMSUB', stand.key('updates'))) as unknown[])[1] === 1,
    );
    await stand.legacy.dequeue();
    await waitFor(async () => (await current(stand)) !== run);
  });

  it('a worker of BullMQ, which runs nothing of it', async () => {
    const stand = open();
    const run = await taken(stand);
    const { ids } = stand.newWorker();
    await waitFor(async () => (await current(stand)) !== run);
    expect(ids()).toEqual([]);
  });

  it('several processes at once make one', async () => {
    const stand = open();
    for (let nth = 0; nth < 150; nth++) await stand.queue.upsertJobScheduler(`s${nth}`, { every: HOUR });
    for (const id of await stand.popAll()) await stand.legacy.complete(id);
    await stand.pass();
    const services = Array.from({ length: 4 }, () => stand.newService());
    const made = await Promise.all(services.map(({ backend }) => backend.scheduleKeeper.goOn()));
    expect(new Set(made.flat()).size).toBe(150);
    expect(made.flat()).toHaveLength(150);
    expect(await stand.queue.getDelayedCount()).toBe(150);
  });

  it('and also makes due runs ready, so that a legacy worker alone keeps a schedule running', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: 50 });
    stand.newReconciler({ intervalSeconds: 0.05 }).start();
    const ran: string[] = [];
    await waitFor(async () => {
      const job = await stand.legacy.dequeue();
      if (job) {
        ran.push(job.id);
        await stand.legacy.complete(job.id);
      }
      return ran.length >= 4;
    });
    expect(new Set(ran).size).toBe(ran.length);
  });
});

describe('a cron pattern', () => {
  const EARLY = Date.now() - 10 * HOUR;
  /** A scheduler whose run at {@link EARLY} a legacy worker has completed. */
  async function ranByLegacy(stand: Stand, repeat: object): Promise<void> {
    await stand.queue.upsertJobScheduler('s', { pattern: '0 0 3 * * *', tz: 'Asia/Tokyo', ...repeat });
    const run = await current(stand);
    await (await stand.queue.getJob(run))?.promote();
    await stand.legacy.dequeue();
    await stand.legacy.complete(run);
    await stand.pass();
    const early = `repeat:s:${EARLY}`;
    for (const name of ['job', 'data', 'status'])
      await stand.redis.rename(stand.key(`${name}:${run}`), stand.key(`${name}:${early}`));
    for (const name of ['ids', 'completed']) {
      await stand.redis.zrem(stand.key(name), run);
      await stand.redis.zadd(stand.key(name), EARLY, early);
    }
    const opts = JSON.parse((await stand.redis.hget(stand.key('scheduler:s'), 'run')) ?? '') as object;
    await stand.redis.hset(stand.key('scheduler:s'), 'run', JSON.stringify({ ...opts, prevMillis: EARLY }));
    await stand.redis.zadd(stand.key('schedulers'), EARLY, 's');
  }

  it('goes on at its next time, in its time zone', async () => {
    const stand = open();
    await ranByLegacy(stand, {});
    expect(await goOn(stand)).toEqual([await current(stand)]);
    const at = timeOf(await current(stand));
    expect(at).toBeGreaterThan(Date.now());
    expect(at).toBeLessThanOrEqual(Date.now() + 24 * HOUR);
    // Three in the morning in Tokyo.
    expect(new Date(at).toISOString()).toMatch(/T18:00:00\.000Z$/);
  });

  it('ends at its limit', async () => {
    const stand = open();
    await ranByLegacy(stand, { limit: 1 });
    expect(await goOn(stand)).toEqual([]);
  });

  it('ends at its end date', async () => {
    const stand = open();
    await ranByLegacy(stand, { endDate: Date.now() + 100 * HOUR });
    const run = JSON.parse((await stand.redis.hget(stand.key('scheduler:s'), 'run')) ?? '') as {
      repeat: object;
    };
    const over = JSON.stringify({ ...run, repeat: { ...run.repeat, endDate: Date.now() - 1 } });
    await stand.redis.hset(stand.key('scheduler:s'), 'run', over);
    expect(await goOn(stand)).toEqual([]);
  });

  it('whose times come from a strategy of its own is left to processes that have it', async () => {
    const stand = open();
    const settings = { repeatStrategy: (millis: number) => millis + 5 * HOUR };
    const queue = stand.newQueue({ settings });
    await queue.upsertJobScheduler('s', { pattern: 'every five hours' });
    const run = await current(stand);
    await stand.redis.zadd(stand.key('schedulers'), EARLY, 's');
    expect(await goOn(stand)).toEqual([]);
    const { ids } = stand.newWorker(undefined, { settings });
    await waitFor(async () => timeOf(await current(stand)) > Date.now(), { what: 'the next run' });
    expect(await current(stand)).not.toBe(run);
    expect(ids()).toEqual([]);
  });

  it('that cannot be read is told by name, and stops no other scheduler', async () => {
    const stand = open();
    await ranByLegacy(stand, {});
    await stand.queue.upsertJobScheduler('well', { every: HOUR });
    await stand.legacy.dequeue();
    const run = JSON.parse((await stand.redis.hget(stand.key('scheduler:s'), 'run')) ?? '') as {
      repeat: object;
    };
    const broken = JSON.stringify({ ...run, repeat: { ...run.repeat, pattern: 'broken' } });
    await stand.redis.hset(stand.key('scheduler:s'), 'run', broken);
    await expect(goOn(stand)).rejects.toThrow(/^scheduler s cannot go on: /);
    expect(timeOf(await current(stand, 'well'))).toBeGreaterThan(Date.now());
  });
});

describe('a run that a worker of ours took', () => {
  it('is left to it for a moment, then the next run is made', async () => {
    const stand = open();
    await stand.queue.upsertJobScheduler('s', { every: HOUR });
    const run = await current(stand);
    expect((await stand.service.dequeueJob())?.id).toBe(run);
    const { scheduleKeeper } = stand.backend;
    expect(await scheduleKeeper.goOn()).toEqual([]);
    await waitFor(async () => (await scheduleKeeper.goOn()).length === 1);
    expect(timeOf(await current(stand))).toBe(timeOf(run) + HOUR);
    await stand.service.completeJob(run);
  });
});
