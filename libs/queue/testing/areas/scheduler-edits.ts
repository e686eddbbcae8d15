import { cases } from '../bench.js';
import type { Area } from '../store-under-test.js';

const HOUR = 3_600_000;
const later = () => Date.now() + 5 * HOUR;

/** Changing, listing and removing schedulers; how their jobs are protected. */
export const schedulerEditsConformance: Area = (store, differences) => {
  describe('changing schedulers', () => {
    const check = cases(store, differences);

    check('replaces the waiting job on a change', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() }, { name: 'old', data: 1 });
      await queue.upsertJobScheduler(
        'one',
        { every: 2 * HOUR, startDate: later() },
        { name: 'new', data: 2 },
      );
      expect(await queue.getJobSchedulersCount()).toBe(1);
      const jobs = await queue.getDelayed();
      expect(jobs.map((job) => [job.name, job.data])).toEqual([['new', 2]]);
      expect(await queue.getJobScheduler('one')).toMatchObject({ name: 'new', every: 2 * HOUR });
    });

    check('may change from every to a pattern', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR });
      await queue.upsertJobScheduler('one', { pattern: '0 0 3 * * *' });
      const found = await queue.getJobScheduler('one');
      expect(found?.pattern).toBe('0 0 3 * * *');
      expect(found?.every).toBeUndefined();
      expect(await queue.count()).toBe(1);
    });

    check('does not make a second job when upserted the same', async (bench) => {
      const queue = bench.queue();
      for (let nth = 0; nth < 3; nth++) await queue.upsertJobScheduler('one', { every: HOUR });
      expect(await queue.count()).toBe(1);
    });

    check('changes for the next job while one runs', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR }, { data: 'old' });
      const { worker } = bench.worker(async () => {
        await queue.upsertJobScheduler('one', { every: HOUR }, { data: 'new' });
      });
      const log = await bench.events();
      await log.find('completed');
      expect((await queue.getDelayed()).map((job) => job.data)).toEqual(['new']);
      expect(worker.isRunning()).toBe(true);
    });

    check('lists schedulers by their next time', async (bench) => {
      const queue = bench.queue();
      const start = later();
      for (const [id, hours] of [
        ['c', 3],
        ['a', 1],
        ['b', 2],
      ] as const) {
        await queue.upsertJobScheduler(id, { every: 50 * HOUR, startDate: start + hours * HOUR });
      }
      const keys = async (from: number, to: number, asc: boolean) =>
        (await queue.getJobSchedulers(from, to, asc)).map((one) => one.key);
      expect((await keys(0, -1, true)).length).toBe(3);
      const all = await queue.getJobSchedulers(0, -1, true);
      const times = all.map((one) => Number(one.next));
      expect([...times].sort((x, y) => x - y)).toEqual(times);
      expect(await keys(0, -1, false)).toEqual((await keys(0, -1, true)).reverse());
      expect(await keys(0, 0, true)).toHaveLength(1);
      expect(await queue.getJobSchedulersCount()).toBe(3);
    });

    check('has no scheduler that nobody made', async (bench) => {
      const queue = bench.queue();
      expect(await queue.getJobScheduler('nobody')).toBeUndefined();
      expect(await queue.getJobSchedulers()).toEqual([]);
      expect(await queue.removeJobScheduler('nobody')).toBe(false);
    });

    check('removes a scheduler and its waiting job', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      expect(await queue.removeJobScheduler('one')).toBe(true);
      expect(await queue.count()).toBe(0);
      expect(await queue.getJobScheduler('one')).toBeUndefined();
      expect(await queue.removeJobScheduler('one')).toBe(false);
    });

    check('makes nothing more once removed while its job runs', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.upsertJobScheduler('one', { every: HOUR });
      bench.worker(async () => {
        await queue.removeJobScheduler('one');
      });
      await log.find('completed');
      expect(await queue.count()).toBe(0);
    });

    check('protects the current job from removal', async (bench) => {
      const queue = bench.queue();
      const job = await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      await expect(job.remove()).rejects.toMatchObject({
        message: expect.stringContaining(
          `Job ${job.id} belongs to a job scheduler and cannot be removed directly.`,
        ) as string,
        code: -8,
      });
      expect(await job.getState()).toBe('delayed');
    });

    check('protects the current job from draining', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      await queue.add('other', {}, { delay: HOUR });
      await queue.drain(true);
      expect((await queue.getDelayed()).map((job) => job.repeatJobKey)).toEqual(['one']);
    });

    check('protects the current job from cleaning', async (bench) => {
      const queue = bench.queue();
      const job = await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      expect(await queue.clean(0, 100, 'delayed')).toEqual([]);
      expect(await job.getState()).toBe('delayed');
    });

    check('lets a finished job of a scheduler be removed', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const job = await queue.upsertJobScheduler('one', { every: HOUR });
      bench.worker();
      await log.find('completed', { jobId: job.id });
      expect(await queue.remove(String(job.id))).toBe(1);
    });

    check('makes the next job also from one that is promoted', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const job = await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      await job.promote();
      bench.worker();
      await log.find('completed', { jobId: job.id });
      expect(await queue.getDelayedCount()).toBe(1);
    });

    check('obliterates schedulers too', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      await queue.obliterate({ force: true });
      expect(await queue.getJobSchedulersCount()).toBe(0);
    });

    check('answers the backend what is a scheduler', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('one', { every: HOUR, startDate: later() });
      const backend = queue.getBackend();
      expect(await backend.isJobScheduler('one')).toBe(true);
      expect(await backend.isJobScheduler('other')).toBe(false);
      const [key, score] = await backend.getJobSchedulersRange(0, -1, true);
      expect(key).toBe('one');
      expect(Number(score)).toBeGreaterThan(Date.now());
      expect(await backend.getJobSchedulerData('one')).toMatchObject({ every: String(HOUR) });
      const [fields, at] = await backend.getJobScheduler('one');
      expect(fields).toEqual(expect.arrayContaining(['every', String(HOUR)]));
      expect(at).toBe(score);
      expect((await backend.getJobScheduler('other'))[0] ?? null).toBeNull();
    });

    check('may have colons in its name', async (bench) => {
      const queue = bench.queue();
      await queue.upsertJobScheduler('team:a:daily', { every: HOUR, startDate: later() });
      expect((await queue.getJobScheduler('team:a:daily'))?.key).toBe('team:a:daily');
      expect(await queue.removeJobScheduler('team:a:daily')).toBe(true);
    });
  });
};
