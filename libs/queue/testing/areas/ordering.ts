import type { JobsOptions } from 'bullmq';
import { cases, type TestQueue } from '../bench.js';
import type { Area } from '../store-under-test.js';

/** Adds jobs whose names are their ids. */
const add = (queue: TestQueue, jobs: Record<string, JobsOptions>) =>
  queue.addBulk(
    Object.entries(jobs).map(([jobId, opts]) => ({ name: jobId, data: {}, opts: { ...opts, jobId } })),
  );

/** Which of the waiting jobs is next. */
export const orderingConformance: Area = (store, differences) => {
  describe('ordering', () => {
    const check = cases(store, differences);

    check('runs first in, first out', async (bench) => {
      const queue = bench.queue();
      for (const id of ['z', 'a', 'm', 'b']) await queue.add(id, {}, { jobId: id });
      expect(await bench.hand().drain()).toEqual(['z', 'a', 'm', 'b']);
    });

    check('runs last in, first out with lifo', async (bench) => {
      await add(bench.queue(), { a: {}, b: { lifo: true }, c: {}, d: { lifo: true } });
      expect(await bench.hand().drain()).toEqual(['d', 'b', 'a', 'c']);
    });

    check('runs jobs without a priority first, then the lower numbers', async (bench) => {
      await add(bench.queue(), {
        low: { priority: 9 },
        none: {},
        high: { priority: 1 },
        mid: { priority: 5 },
      });
      expect(await bench.hand().drain()).toEqual(['none', 'high', 'mid', 'low']);
    });

    check('runs first in, first out within a priority', async (bench) => {
      const names = ['z', 'a', 'm', 'b'];
      await add(bench.queue(), Object.fromEntries(names.map((name) => [name, { priority: 3 }])));
      expect(await bench.hand().drain()).toEqual(names);
    });

    check('keeps the order within many priorities', async (bench) => {
      const queue = bench.queue();
      const opts = Array.from({ length: 60 }, (_, nth) => ({ priority: 1 + (nth % 6), jobId: `j${nth}` }));
      await queue.addBulk(opts.map((one) => ({ name: 'job', data: {}, opts: one })));
      const expected = [...opts].sort((a, b) => a.priority - b.priority).map((one) => one.jobId);
      expect(await bench.hand().drain()).toEqual(expected);
    });

    check('knows priorities up to the highest', async (bench) => {
      const queue = bench.queue();
      await add(queue, {
        last: { priority: 2_097_151 },
        before: { priority: 2_097_150 },
        first: { priority: 1 },
      });
      expect((await queue.getJob('last'))?.priority).toBe(2_097_151);
      expect(await bench.hand().drain()).toEqual(['first', 'before', 'last']);
    });

    check('has prioritized jobs in a state of their own', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: { priority: 2 }, b: {} });
      expect(await queue.getJobState('a')).toBe('prioritized');
      expect(await queue.getJobCounts('waiting', 'prioritized')).toEqual({ waiting: 1, prioritized: 1 });
      expect((await queue.getPrioritized()).map((job) => job.id)).toEqual(['a']);
    });

    check('counts jobs by priority', async (bench) => {
      const queue = bench.queue();
      await add(queue, {
        a: { priority: 1 },
        b: { priority: 1 },
        c: { priority: 7 },
        d: {},
        e: { delay: 60_000 },
      });
      expect(await queue.getCountsPerPriority([0, 1, 7, 8])).toEqual({ 0: 1, 1: 2, 7: 1, 8: 0 });
    });

    check('counts jobs by priority while paused', async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      await add(queue, { a: { priority: 1 }, d: {} });
      expect(await queue.getCountsPerPriority([0, 1])).toEqual({ 0: 1, 1: 1 });
    });

    check('moves a job with a new priority', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: { priority: 5 }, b: { priority: 5 }, c: { priority: 5 } });
      const job = await queue.getJob('c');
      await job?.changePriority({ priority: 1 });
      expect(job?.priority).toBe(1);
      expect((await queue.getJob('c'))?.priority).toBe(1);
      expect(await bench.hand().drain()).toEqual(['c', 'a', 'b']);
    });

    check('gives a waiting job a priority, and takes it away', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: {}, b: {} });
      await (await queue.getJob('a'))?.changePriority({ priority: 3 });
      expect(await queue.getJobState('a')).toBe('prioritized');
      await (await queue.getJob('a'))?.changePriority({ priority: 0 });
      expect(await queue.getJobState('a')).toBe('waiting');
      expect(await bench.hand().drain()).toEqual(['b', 'a']);
    });

    check('puts a job in front with changePriority and lifo', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: {}, b: {}, c: { priority: 4 } });
      await (await queue.getJob('c'))?.changePriority({ lifo: true });
      expect(await bench.hand().drain()).toEqual(['c', 'a', 'b']);
    });

    check('changes the priority of a delayed job for when it is due', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: { priority: 2 }, b: { delay: 60_000, priority: 5 } });
      const job = await queue.getJob('b');
      await job?.changePriority({ priority: 1 });
      expect(await queue.getJobState('b')).toBe('delayed');
      await job?.promote();
      expect(await bench.hand().drain()).toEqual(['b', 'a']);
    });

    check('refuses to change the priority of a job that is gone', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('a', {}, { priority: 2, jobId: 'a' });
      await job.remove();
      await expect(job.changePriority({ priority: 1 })).rejects.toMatchObject({ code: -1 });
    });

    check('puts a pushed-back prioritized job in front of its priority', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: { priority: 2 }, b: { priority: 2 } });
      const hand = bench.hand();
      await (await hand.take('t')).moveToWait('t');
      expect(await queue.getJobState('a')).toBe('prioritized');
      expect(await hand.drain()).toEqual(['a', 'b']);
    });

    check('keeps the priority of a job that is tried again', async (bench) => {
      const queue = bench.queue();
      await add(queue, { a: { priority: 1, attempts: 2 }, b: { priority: 2 } });
      const hand = bench.hand();
      await hand.fail();
      expect(await hand.drain()).toEqual(['a', 'b']);
    });
  });
};
