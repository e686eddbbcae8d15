import { cases } from '../bench.js';
import type { Area } from '../store-under-test.js';

const HOUR = 3_600_000;

/** Schedulers: which jobs they make, and when. */
export const schedulersConformance: Area = (store, differences) => {
  describe('schedulers', () => {
    const check = cases(store, differences);

    check('makes the first job at once with every', async (bench) => {
      const queue = bench.queue();
      const job = await queue.upsertJobScheduler('hourly', { every: HOUR }, { name: 'tick', data: { n: 1 } });
      expect(job).toMatchObject({ name: 'tick', data: { n: 1 }, repeatJobKey: 'hourly' });
      const claimed = await bench.hand().take();
      expect([claimed.id, claimed.name, claimed.data]).toEqual([job.id, 'tick', { n: 1 }]);
    });

    check('names its jobs by the scheduler and their time', async (bench) => {
      const job = await bench.queue().upsertJobScheduler('hourly', { every: HOUR });
      expect(job.id).toMatch(/^repeat:hourly:\d+$/);
      expect(job.name).toBe('hourly');
    });

    check('makes the next job when the last one starts', async (bench) => {
      const queue = bench.queue();
      const first = await queue.upsertJobScheduler('hourly', { every: HOUR }, { name: 'tick' });
      const { ran } = bench.worker();
      await ran.reach(1);
      const log = await bench.events();
      await log.find('completed', { jobId: first.id });
      const [following, ...others] = await queue.getDelayed();
      expect(others).toEqual([]);
      expect(following?.name).toBe('tick');
      const [, , firstAt] = String(first.id).split(':');
      const [, , nextAt] = String(following?.id).split(':');
      expect(Number(nextAt) - Number(firstAt)).toBe(HOUR);
    });

    check('makes one after the other', async (bench) => {
      const queue = bench.queue();
      const { ran } = bench.worker();
      await queue.upsertJobScheduler('often', { every: 40 }, { name: 'tick', data: 'same' });
      const jobs = await ran.reach(4);
      await queue.removeJobScheduler('often');
      expect(new Set(jobs.map((job) => job.id)).size).toBe(4);
      expect(jobs.map((job) => job.data)).toEqual(['same', 'same', 'same', 'same']);
      const times = jobs.map((job) => Number(String(job.id).split(':')[2]));
      expect([...times].sort((a, b) => a - b)).toEqual(times);
    });

    check('makes jobs by a pattern', async (bench) => {
      const job = await bench.queue().upsertJobScheduler('daily', { pattern: '0 15 3 * * *', tz: 'UTC' });
      expect(await job.isDelayed()).toBe(true);
      const at = new Date(Number(String(job.id).split(':')[2]));
      expect([at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()]).toEqual([3, 15, 0]);
      expect(at.getTime()).toBeGreaterThan(Date.now());
    });

    check('reads a pattern in its time zone', async (bench) => {
      const queue = bench.queue();
      const job = await queue.upsertJobScheduler('india', { pattern: '0 0 12 * * *', tz: 'Asia/Kolkata' });
      const at = new Date(Number(String(job.id).split(':')[2]));
      expect([at.getUTCHours(), at.getUTCMinutes()]).toEqual([6, 30]);
      expect(await queue.getJobScheduler('india')).toMatchObject({
        pattern: '0 0 12 * * *',
        tz: 'Asia/Kolkata',
      });
    });

    check('makes a job by a pattern at once when asked', async (bench) => {
      const queue = bench.queue();
      const job = await queue.upsertJobScheduler('daily', { pattern: '0 15 3 * * *', immediately: true });
      expect((await bench.hand().take()).id).toBe(job.id);
    });

    check('starts no earlier than its start', async (bench) => {
      const queue = bench.queue();
      const startDate = Date.now() + 5 * HOUR;
      const job = await queue.upsertJobScheduler('later', { every: HOUR, startDate });
      expect(await job.isDelayed()).toBe(true);
      expect(Number(String(job.id).split(':')[2])).toBeGreaterThanOrEqual(startDate);
    });

    check('refuses an end in the past', async (bench) => {
      const queue = bench.queue();
      await expect(
        queue.upsertJobScheduler('over', { every: HOUR, endDate: Date.now() - 1 }),
      ).rejects.toThrow('End date must be greater than current timestamp');
      expect(await queue.getJobSchedulersCount()).toBe(0);
    });

    check('makes no job after its end', async (bench) => {
      const queue = bench.queue();
      const endDate = Date.now() + HOUR / 2;
      const first = await queue.upsertJobScheduler('short', { every: HOUR, endDate });
      const hand = bench.hand();
      await hand.worker.waitUntilReady();
      const now = jest.spyOn(Date, 'now').mockReturnValue(endDate + 1);
      const claimed = await hand.take().finally(() => now.mockRestore());
      expect(claimed.id).toBe(first.id);
      expect(await queue.count()).toBe(0);
    });

    check('keeps its offset after runs that were missed', async (bench) => {
      const queue = bench.queue();
      const first = await queue.upsertJobScheduler('hourly', { every: HOUR, offset: 60_000 });
      const at = Number(String(first.id).split(':')[2]);
      expect(at % HOUR).toBe(60_000);
      const hand = bench.hand();
      await hand.worker.waitUntilReady();
      const now = jest.spyOn(Date, 'now').mockReturnValue(at + 5.5 * HOUR);
      const claimed = await hand.take().finally(() => now.mockRestore());
      expect(claimed.id).toBe(first.id);
      expect((await queue.getDelayed()).map((job) => job.id)).toEqual([`repeat:hourly:${at + 6 * HOUR}`]);
    });

    check('makes no more jobs than its limit', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.upsertJobScheduler('twice', { every: 30, limit: 2 });
      bench.worker();
      await log.count('completed', 2);
      await queue.add('after', {}, { jobId: 'after' });
      await log.find('completed', { jobId: 'after' });
      expect(await queue.count()).toBe(0);
      expect(log.seen('added')).toBe(3);
    });

    check('gives its jobs the options of the template', async (bench) => {
      const queue = bench.queue();
      const opts = { attempts: 4, backoff: 10, priority: 3, removeOnFail: 7 };
      const job = await queue.upsertJobScheduler('hourly', { every: HOUR }, { name: 'tick', opts });
      expect(await job.getState()).toBe('prioritized');
      expect((await queue.getJob(String(job.id)))?.opts).toMatchObject({
        attempts: 4,
        priority: 3,
        removeOnFail: 7,
      });
    });

    check('tries a job again without making the next one twice', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const job = await queue.upsertJobScheduler('hourly', { every: HOUR }, { opts: { attempts: 2 } });
      bench.worker(async (one) => {
        if (one.attemptsMade === 0) throw new Error('once');
      });
      await log.find('completed', { jobId: job.id });
      expect(await queue.getDelayedCount()).toBe(1);
    });

    check('keeps time zones, limits and templates for who asks', async (bench) => {
      const queue = bench.queue();
      const endDate = Date.now() + 50 * HOUR;
      await queue.upsertJobScheduler(
        'all',
        { every: HOUR, limit: 9, endDate },
        { name: 'tick', data: { n: 1 }, opts: { attempts: 2 } },
      );
      const found = await queue.getJobScheduler('all');
      expect(found).toMatchObject({
        key: 'all',
        name: 'tick',
        every: HOUR,
        limit: 9,
        endDate,
        template: { data: { n: 1 }, opts: { attempts: 2 } },
      });
      expect(found?.next).toBeGreaterThan(Date.now() - HOUR);
    });

    check('counts its jobs', async (bench) => {
      const queue = bench.queue();
      const { ran } = bench.worker();
      await queue.upsertJobScheduler('often', { every: 30 });
      await ran.reach(3);
      expect(Number((await queue.getJobScheduler('often'))?.iterationCount)).toBeGreaterThanOrEqual(3);
      await queue.removeJobScheduler('often');
    });

    check('asks a strategy of its own', async (bench) => {
      const at = Date.now() + 7 * HOUR;
      const queue = bench.queue({ settings: { repeatStrategy: () => at } });
      const job = await queue.upsertJobScheduler('own', { pattern: 'whenever' });
      expect(job.id).toBe(`repeat:own:${at}`);
    });

    check('refuses both every and a pattern, and neither', async (bench) => {
      const queue = bench.queue();
      await expect(queue.upsertJobScheduler('x', { every: HOUR, pattern: '* * * * *' })).rejects.toThrow();
      await expect(queue.upsertJobScheduler('x', {})).rejects.toThrow();
      expect(await queue.getJobSchedulersCount()).toBe(0);
    });
  });
};
