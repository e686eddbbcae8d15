import { RateLimitError } from 'bullmq';
import { cases } from '../bench.js';
import { Collected, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

const LONG = 600_000;
const many = (count: number) => Array.from({ length: count }, (_, nth) => ({ name: 'job', data: nth }));

/** Rate limits of a worker and of the queue, and the queue's concurrency. */
export const limitsConformance: Area = (store, differences) => {
  describe('limits', () => {
    const check = cases(store, differences);

    check("starts no more jobs in a window than the worker's limit", async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(5));
      const hand = bench.hand({ limiter: { max: 2, duration: LONG } });
      expect(await hand.drain()).toEqual(['1', '2']);
      expect(await queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 3, active: 2 });
      expect(await queue.getRateLimitTtl(2)).toBeGreaterThan(0);
    });

    check('counts the starts of all workers together', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(4));
      const limiter = { max: 2, duration: LONG };
      await bench.hand({ limiter }).take();
      await bench.hand({ limiter }).take();
      expect(await bench.hand({ limiter }).claim()).toBeUndefined();
    });

    check('goes on when the window is over', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(5));
      const { ran } = bench.worker(undefined, { limiter: { max: 2, duration: 100 } });
      const started = (await ran.reach(5)).map((job) => Number(job.processedOn));
      // Three windows hold five jobs, two each.
      expect((started[4] ?? 0) - (started[0] ?? 0)).toBeGreaterThanOrEqual(150);
    });

    check('says how long the limit holds', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(2));
      await bench.hand({ limiter: { max: 2, duration: LONG } }).take();
      expect(await queue.getRateLimitTtl(2)).toBe(0);
      const ttl = await queue.getRateLimitTtl();
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(LONG);
    });

    check('counts the window from its first start', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(2));
      await bench.hand({ limiter: { max: 3, duration: LONG } }).take();
      const left = await queue.getRateLimitTtl();
      await bench.hand({ limiter: { max: 3, duration: 2 * LONG } }).take();
      expect(await queue.getRateLimitTtl()).toBeLessThanOrEqual(left);
    });

    check('starts again once the limit is removed', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(2));
      const hand = bench.hand({ limiter: { max: 1, duration: LONG } });
      expect(await hand.drain()).toHaveLength(1);
      expect(await queue.removeRateLimitKey()).toBe(1);
      expect(await queue.getRateLimitTtl()).toBe(-2);
      const fresh = bench.hand({ limiter: { max: 1, duration: LONG } });
      expect(await fresh.drain()).toHaveLength(1);
    });

    check('removes no limit where there is none', async (bench) => {
      expect(await bench.queue().removeRateLimitKey()).toBe(0);
    });

    check('limits prioritized jobs too', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(
        [3, 1, 2].map((priority) => ({ name: 'job', data: {}, opts: { priority, jobId: `p${priority}` } })),
      );
      expect(await bench.hand({ limiter: { max: 2, duration: LONG } }).drain()).toEqual(['p1', 'p2']);
    });

    check('fetches no next job over the limit', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(many(2));
      const job = await bench.hand({ limiter: { max: 1, duration: LONG } }).take();
      const following = (await job.moveToCompleted(1, 'token', true)) as unknown[] | undefined;
      expect(following?.[0] ?? null).toBeNull();
      expect(await queue.getActiveCount()).toBe(0);
    });

    check('obeys the limit of the queue', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalRateLimit(2, LONG);
      expect(await queue.getGlobalRateLimit()).toEqual({ max: 2, duration: LONG });
      await queue.addBulk(many(4));
      expect(await bench.hand().drain()).toHaveLength(2);
    });

    check("prefers the queue's limit to the worker's", async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalRateLimit(1, LONG);
      await queue.addBulk(many(4));
      expect(await bench.hand({ limiter: { max: 3, duration: LONG } }).drain()).toHaveLength(1);
    });

    check("prefers the worker's window to the queue's", async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalRateLimit(1, 2 * LONG);
      await queue.add('one', {});
      await bench.hand({ limiter: { max: 1, duration: LONG } }).take();
      expect(await queue.getRateLimitTtl()).toBeGreaterThan(0);
      expect(await queue.getRateLimitTtl()).toBeLessThanOrEqual(LONG);
    });

    check('forgets the limit of the queue', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalRateLimit(1, LONG);
      await queue.removeGlobalRateLimit();
      expect(await queue.getGlobalRateLimit()).toBeNull();
      await queue.addBulk(many(3));
      expect(await bench.hand().drain()).toHaveLength(3);
    });

    check('can be limited by hand', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {});
      await queue.rateLimit(LONG);
      expect(await queue.getRateLimitTtl()).toBeGreaterThan(0);
      expect(await bench.hand({ limiter: { max: 1, duration: 10 } }).claim()).toBeUndefined();
      await queue.removeRateLimitKey();
      await bench.hand({ limiter: { max: 1, duration: 10 } }).take();
    });

    check('a running job can limit the queue and goes back, without using up an attempt', async (bench) => {
      const queue = bench.queue();
      const seen = new Collected<number>();
      const { worker } = bench.worker(
        async (job) => {
          seen.add(job.attemptsStarted);
          if (job.attemptsStarted > 1) return 'second time';
          await queue.rateLimit(60);
          throw new RateLimitError();
        },
        { limiter: { max: 1, duration: 50 } },
      );
      const completed = next<[{ attemptsMade: number }, string]>(worker, 'completed');
      const { id } = await queue.add('one', {});
      expect((await completed)[1]).toBe('second time');
      expect(seen.values).toEqual([1, 2]);
      expect((await queue.getJob(String(id)))?.attemptsMade).toBe(1);
    });

    check('a job pushed back says how long the limit holds', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      const hand = bench.hand({ limiter: { max: 1, duration: 10 } });
      const job = await hand.take('t');
      await queue.rateLimit(LONG);
      expect(await job.moveToWait('t')).toBeGreaterThan(0);
      expect(await queue.getJobState('a')).toBe('waiting');
    });

    check('runs no more jobs at once than the queue allows', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalConcurrency(2);
      await queue.addBulk(many(5));
      expect(await bench.hand().drain()).toHaveLength(2);
      expect(await queue.isMaxed()).toBe(true);
      expect(await queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 3, active: 2 });
    });

    check('takes the next when one of them ends', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalConcurrency(1);
      await queue.addBulk(many(2));
      const hand = bench.hand();
      const job = await hand.take();
      expect(await hand.claim()).toBeUndefined();
      await job.moveToCompleted(1, 'token', false);
      expect(await queue.isMaxed()).toBe(false);
      expect((await hand.take()).id).toBe('2');
    });

    check('fetches the next in the place of the one that ends', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalConcurrency(1);
      await queue.addBulk(many(2));
      const job = await bench.hand().take();
      expect(((await job.moveToCompleted(1, 'token', true)) as unknown[])[1]).toBe('2');
      expect(await queue.isMaxed()).toBe(true);
    });

    check('never runs more at once over many jobs and workers', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalConcurrency(3);
      let now = 0;
      let most = 0;
      const work = async () => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now -= 1;
      };
      const log = await bench.events();
      for (let nth = 0; nth < 3; nth++) bench.worker(work, { concurrency: 4 });
      await queue.addBulk(many(40));
      await log.count('completed', 40);
      expect(most).toBeLessThanOrEqual(3);
    });

    check('starts more once the concurrency is removed', async (bench) => {
      const queue = bench.queue();
      await queue.setGlobalConcurrency(1);
      await queue.addBulk(many(3));
      const hand = bench.hand();
      expect(await hand.drain()).toHaveLength(1);
      await queue.removeGlobalConcurrency();
      expect(await queue.getGlobalConcurrency()).toBeNull();
      expect(await hand.drain()).toHaveLength(2);
    });
  });
};
