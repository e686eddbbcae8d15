import { cases } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

const LONG = 600_000;

/** Jobs that are not ready yet. */
export const delayedConformance: Area = (store, differences) => {
  describe('delayed', () => {
    const check = cases(store, differences);

    check('does not run a delayed job before its time', async (bench) => {
      const queue = bench.queue();
      const before = Date.now();
      await queue.add('later', {}, { jobId: 'later', delay: 100 });
      await queue.add('now', {}, { jobId: 'now' });
      expect(await queue.getJobState('later')).toBe('delayed');
      const { ran } = bench.worker();
      const [first, second] = await ran.reach(2);
      expect([first?.id, second?.id]).toEqual(['now', 'later']);
      expect(second?.processedOn).toBeGreaterThanOrEqual(before + 100);
    });

    check('is not claimed, but counted', async (bench) => {
      const queue = bench.queue();
      await queue.add('later', {}, { delay: LONG });
      expect(await bench.hand().claim()).toBeUndefined();
      expect(await queue.getDelayedCount()).toBe(1);
      expect(await queue.count()).toBe(1);
    });

    check('goes straight to waiting with a delay of 0', async (bench) => {
      const queue = bench.queue();
      const plain = await queue.add('now', {}, { delay: 0 });
      const prioritized = await queue.add('now', {}, { delay: 0, priority: 2 });
      expect(await plain.getState()).toBe('waiting');
      expect(await prioritized.getState()).toBe('prioritized');
    });

    check('counts the delay from the timestamp of the job', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const timestamp = Date.now() - 1000;
      const { id } = await queue.add('later', {}, { timestamp, delay: LONG });
      expect(Number((await log.find('delayed', { jobId: id }))['delay'])).toBe(timestamp + LONG);
    });

    check('runs in the order of their times', async (bench) => {
      const queue = bench.queue();
      // One time for all: a pause between two adds must not change the order.
      const timestamp = Date.now();
      for (const delay of [90, 30, 60]) {
        await queue.add('later', {}, { jobId: `after-${delay}`, timestamp, delay });
      }
      const { ran } = bench.worker();
      expect((await ran.reach(3)).map((job) => job.id)).toEqual(['after-30', 'after-60', 'after-90']);
    });

    check('keeps the order of jobs due in the same millisecond', async (bench) => {
      const queue = bench.queue();
      const timestamp = Date.now();
      const ids = ['z', 'a', 'm', 'b', 'y', 'c'];
      for (const jobId of ids) await queue.add('later', {}, { jobId, timestamp, delay: 40 });
      const { ran } = bench.worker();
      expect((await ran.reach(6)).map((job) => job.id)).toEqual(ids);
    });

    check('honours the priority once it is due', async (bench) => {
      const queue = bench.queue();
      const timestamp = Date.now() - 1000;
      for (const priority of [3, 1, 2]) {
        await queue.add('due', {}, { jobId: `p${priority}`, timestamp, delay: 999 + priority, priority });
      }
      const { ran } = bench.worker(undefined, { autorun: false });
      const log = await bench.events();
      for (const priority of [1, 2, 3]) {
        await (await queue.getJob(`p${priority}`))?.promote().catch(() => undefined);
      }
      await log.count('waiting', 3);
      expect(ran.values).toEqual([]);
      expect(await bench.hand().drain()).toEqual(['p1', 'p2', 'p3']);
    });

    check('wakes an idle worker for a job with an earlier time', async (bench) => {
      const queue = bench.queue();
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await queue.add('late', {}, { jobId: 'late', delay: LONG });
      await queue.add('soon', {}, { jobId: 'soon', delay: 50 });
      expect((await ran.reach(1)).map((job) => job.id)).toEqual(['soon']);
    });

    check('has no delay left once it runs', async (bench) => {
      const queue = bench.queue();
      await queue.add('later', {}, { jobId: 'a', delay: LONG });
      await (await queue.getJob('a'))?.promote();
      expect((await bench.hand().take()).delay).toBe(0);
      expect((await queue.getJob('a'))?.delay).toBe(0);
    });

    check('is promoted behind those that wait', async (bench) => {
      const queue = bench.queue();
      await queue.add('later', {}, { jobId: 'later', delay: LONG });
      await queue.add('now', {}, { jobId: 'now' });
      const log = await bench.events();
      await (await queue.getJob('later'))?.promote();
      expect(await queue.getJobState('later')).toBe('waiting');
      expect(await log.find('waiting', { jobId: 'later' })).toMatchObject({ prev: 'delayed' });
      expect(await bench.hand().drain()).toEqual(['now', 'later']);
    });

    check('is promoted to its priority', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('later', {}, { delay: LONG, priority: 3 });
      await job.promote();
      expect(await job.getState()).toBe('prioritized');
    });

    check('wakes a worker when promoted', async (bench) => {
      const queue = bench.queue();
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      const job = await queue.add('later', {}, { delay: LONG });
      await job.promote();
      expect((await ran.reach(1))[0]?.id).toBe(job.id);
    });

    for (const state of ['waiting', 'active', 'completed', 'gone']) {
      check(`a job that is ${state} cannot be promoted or delayed anew`, async (bench) => {
        const queue = bench.queue();
        const job = await queue.add('one', {});
        if (state === 'active') await bench.hand().take();
        if (state === 'completed') await bench.hand().complete();
        if (state === 'gone') await job.remove();
        const codes = state === 'gone' ? [-1, -3] : [-3];
        for (const refused of [job.promote(), job.changeDelay(100)]) {
          const error = (await refused.catch((reason: unknown) => reason)) as { code?: number };
          expect(codes).toContain(error?.code);
        }
      });
    }

    check('names the job and the state that is missing', async (bench) => {
      const job = await bench.queue().add('one', {}, { jobId: 'a' });
      await expect(job.promote()).rejects.toThrow('Job a is not in the delayed state. promote');
      await expect(job.changeDelay(5)).rejects.toThrow('Job a is not in the delayed state. changeDelay');
    });

    check('gets a new delay from now on', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('later', {}, { delay: LONG });
      const log = await bench.events();
      const before = Date.now();
      await job.changeDelay(2 * LONG);
      await log.count('delayed', 2, { jobId: job.id });
      const [, again] = await log.count('delayed', 2, { jobId: job.id });
      expect(Number(again?.['delay'])).toBeGreaterThanOrEqual(before + 2 * LONG);
      expect((await queue.getJob(String(job.id)))?.delay).toBe(2 * LONG);
      expect(job.delay).toBe(2 * LONG);
    });

    check('runs soon when its delay becomes short', async (bench) => {
      const queue = bench.queue();
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      const job = await queue.add('later', {}, { delay: LONG });
      await job.changeDelay(20);
      expect((await ran.reach(1))[0]?.id).toBe(job.id);
    });

    check('promotes all at once', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(
        Array.from({ length: 25 }, (_, nth) => ({ name: 'later', data: {}, opts: { delay: LONG + nth } })),
      );
      await queue.promoteJobs({ count: 10 });
      expect(await queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 25, delayed: 0 });
    });

    check('promotes nothing when nothing is delayed', async (bench) => {
      await bench.queue().promoteJobs();
      expect(await bench.queue().count()).toBe(0);
    });

    check('counts those due before a time', async (bench) => {
      const queue = bench.queue();
      const timestamp = Date.now();
      for (const delay of [LONG, 2 * LONG, 3 * LONG]) await queue.add('later', {}, { timestamp, delay });
      expect(await queue.getDelayedCount(timestamp + 2 * LONG)).toBe(1);
      expect(await queue.getDelayedCount(timestamp + 2 * LONG + 1)).toBe(2);
    });

    check('moves a running job to a later time', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      const job = await bench.hand().take('t');
      const log = await bench.events();
      const at = Date.now() + LONG;
      await job.moveToDelayed(at, 't');
      expect(await queue.getJobState('a')).toBe('delayed');
      expect(Number((await log.find('delayed', { jobId: 'a' }))['delay'])).toBe(at);
      expect(await queue.getActiveCount()).toBe(0);
    });

    check('is due while the worker is busy', async (bench) => {
      const queue = bench.queue();
      const { worker, ran } = bench.worker(async (job) => {
        if (job.id !== 'busy') return;
        const delayed = await queue.add('later', {}, { jobId: 'later', delay: 20 });
        await expect(delayed.getState()).resolves.toBe('delayed');
      });
      const drained = next(worker, 'completed', (job: { id: string }) => job.id === 'later');
      await queue.add('busy', {}, { jobId: 'busy' });
      await drained;
      expect(ran.values.map((job) => job.id)).toEqual(['busy', 'later']);
    });
  });
};
