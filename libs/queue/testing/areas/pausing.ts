import { cases } from '../bench.js';
import { gate, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** Pausing the whole queue, and one worker. */
export const pausingConformance: Area = (store, differences) => {
  describe('pausing', () => {
    const check = cases(store, differences);

    check('claims nothing while the queue is paused', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {});
      await queue.pause();
      expect(await bench.hand().claim()).toBeUndefined();
      expect(await queue.isPaused()).toBe(true);
      await queue.resume();
      expect(await queue.isPaused()).toBe(false);
      await bench.hand().take();
    });

    check('runs what waited once the queue is resumed', async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      expect(ran.values).toEqual([]);
      await queue.resume();
      expect((await ran.reach(2)).map((job) => job.id)).toEqual(['a', 'b']);
    });

    check('runs prioritized jobs once the queue is resumed', async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      const { ran } = bench.worker();
      await queue.add('job', {}, { priority: 2, jobId: 'a' });
      await queue.resume();
      expect((await ran.reach(1))[0]?.id).toBe('a');
    });

    check('runs delayed jobs once the queue is resumed', async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      const { ran } = bench.worker();
      await queue.add('job', {}, { delay: 60, jobId: 'a' });
      await queue.resume();
      expect((await ran.reach(1))[0]?.id).toBe('a');
    });

    check('tells of both', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.pause();
      await log.find('paused');
      await queue.resume();
      await log.find('resumed');
    });

    check('tells its own queue of both', async (bench) => {
      const queue = bench.queue();
      const [paused, resumed] = [next(queue, 'paused'), next(queue, 'resumed')];
      await queue.pause();
      await paused;
      await queue.resume();
      await resumed;
    });

    check('may be paused and resumed twice', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {});
      await queue.pause();
      await queue.pause();
      expect(await queue.isPaused()).toBe(true);
      await queue.resume();
      await queue.resume();
      expect(await queue.isPaused()).toBe(false);
      await bench.hand().take();
    });

    check('counts and lists jobs that wait in a paused queue', async (bench) => {
      const queue = bench.queue();
      await queue.pause();
      const { id } = await queue.add('one', {});
      expect(await queue.getWaitingCount()).toBe(1);
      expect(await queue.count()).toBe(1);
      expect((await queue.getWaiting()).map((job) => job.id)).toEqual([id]);
    });

    check('lets a running job finish', async (bench) => {
      const queue = bench.queue();
      const [started, done] = [gate(), gate()];
      const { worker } = bench.worker(async () => {
        started.open();
        await done.opened;
        return 'finished';
      });
      const completed = next<[unknown, string]>(worker, 'completed');
      await queue.add('one', {});
      await started.opened;
      await queue.pause();
      await queue.add('two', {});
      done.open();
      expect((await completed)[1]).toBe('finished');
      expect(await queue.getJobCounts('active', 'completed')).toEqual({ active: 0, completed: 1 });
      expect(await queue.getWaitingCount()).toBe(1);
    });

    check('fetches no next job while paused', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk([1, 2].map((data) => ({ name: 'job', data })));
      const job = await bench.hand().take();
      await queue.pause();
      const following = (await job.moveToCompleted(1, 'token', true)) as unknown[] | undefined;
      expect(following?.[0] ?? null).toBeNull();
      expect(await queue.getActiveCount()).toBe(0);
    });

    check('keeps the order over a pause', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      await queue.pause();
      await queue.add('two', {}, { jobId: 'b' });
      await queue.add('three', {}, { jobId: 'c', lifo: true });
      await queue.resume();
      expect(await bench.hand().drain()).toEqual(['c', 'a', 'b']);
    });

    check('puts a failed job back while paused', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a', attempts: 2 });
      const job = await bench.hand().take();
      await queue.pause();
      await job.moveToFailed(new Error('again'), 'token', false);
      expect(await queue.getWaitingCount()).toBe(1);
      await queue.resume();
      expect((await bench.hand().take()).id).toBe('a');
    });

    check('pauses one worker only', async (bench) => {
      const queue = bench.queue();
      const first = bench.worker();
      await first.worker.waitUntilReady();
      await first.worker.pause();
      expect(first.worker.isPaused()).toBe(true);
      const second = bench.worker();
      await queue.add('one', {});
      await second.ran.reach(1);
      expect(first.ran.values).toEqual([]);
    });

    check('runs again after the worker is resumed', async (bench) => {
      const queue = bench.queue();
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await worker.pause();
      await queue.add('one', {}, { jobId: 'a' });
      worker.resume().catch(() => undefined);
      expect((await ran.reach(1))[0]?.id).toBe('a');
    });

    check('a paused worker waits for its running jobs', async (bench) => {
      const queue = bench.queue();
      const [started, done] = [gate(), gate()];
      const { worker } = bench.worker(async () => {
        started.open();
        await done.opened;
      });
      const { id } = await queue.add('one', {});
      await started.opened;
      const paused = worker.pause();
      done.open();
      await paused;
      expect(await queue.getJobState(String(id))).toBe('completed');
    });

    check('tells once when nothing is left', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.addBulk([1, 2, 3].map((data) => ({ name: 'job', data })));
      bench.worker();
      await log.count('completed', 3);
      await log.find('drained');
      await queue.add('more', {}, { jobId: 'more' });
      await log.find('completed', { jobId: 'more' });
      await log.count('drained', 2);
      expect(log.seen('drained')).toBe(2);
    });

    check('a worker tells when it found nothing more', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {});
      const { worker } = bench.worker(undefined, { autorun: false });
      const drained = next(worker, 'drained');
      worker.run().catch(() => undefined);
      await drained;
      expect(await queue.getWaitingCount()).toBe(0);
    });
  });
};
