import { cases, type Bench, type TestQueue } from '../bench.js';
import type { Area } from '../store-under-test.js';

async function finished(bench: Bench, state: 'completed' | 'failed', attempts = 1): Promise<TestQueue> {
  const queue = bench.queue();
  await queue.add('job', { n: 1 }, { jobId: 'a', attempts });
  const hand = bench.hand();
  if (state === 'completed') await hand.complete('value');
  else for (let nth = 0; nth < attempts; nth++) await hand.fail(new Error('why'));
  return queue;
}

/** Running a finished job again, by hand. */
export const retryingConformance: Area = (store, differences) => {
  describe('retrying', () => {
    const check = cases(store, differences);

    for (const state of ['failed', 'completed'] as const) {
      check(`puts a ${state} job back`, async (bench) => {
        const queue = await finished(bench, state);
        const log = await bench.events();
        await (await queue.getJob('a'))?.retry(state);
        expect(await queue.getJobState('a')).toBe('waiting');
        expect(await log.find('waiting', { jobId: 'a', prev: state })).toBeTruthy();
        const job = await queue.getJob('a');
        expect(job?.finishedOn).toBeUndefined();
        expect(job?.processedOn).toBeUndefined();
        expect(job?.returnvalue ?? null).toBeNull();
        expect(job?.failedReason ?? null).toBeNull();
        expect(await queue.getJobCounts(state)).toEqual({ [state]: 0 });
      });

      check(`runs a ${state} job again`, async (bench) => {
        const queue = await finished(bench, state);
        await (await queue.getJob('a'))?.retry(state);
        expect((await bench.hand().complete('again')).data).toEqual({ n: 1 });
        expect((await queue.getJob('a'))?.returnvalue).toBe('again');
      });
    }

    check('keeps the attempts unless told otherwise', async (bench) => {
      const queue = await finished(bench, 'failed', 2);
      await (await queue.getJob('a'))?.retry();
      expect(await queue.getJob('a')).toMatchObject({ attemptsMade: 2, attemptsStarted: 2 });
    });

    check('forgets the attempts when told to', async (bench) => {
      const queue = await finished(bench, 'failed', 2);
      await (
        await queue.getJob('a')
      )?.retry('failed', { resetAttemptsMade: true, resetAttemptsStarted: true });
      expect(await queue.getJob('a')).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    });

    check('refuses the wrong state', async (bench) => {
      const queue = await finished(bench, 'failed');
      const job = await queue.getJob('a');
      await expect(job?.retry('completed')).rejects.toMatchObject({ code: -3 });
      expect(await queue.getJobState('a')).toBe('failed');
    });

    check('refuses a job that waits', async (bench) => {
      const job = await bench.queue().add('one', {});
      await expect(job.retry()).rejects.toMatchObject({ code: -3 });
    });

    check('refuses a job that is gone', async (bench) => {
      const queue = await finished(bench, 'failed');
      const job = await queue.getJob('a');
      await queue.remove('a');
      await expect(job?.retry()).rejects.toMatchObject({ code: -1 });
    });

    check('goes behind those that wait', async (bench) => {
      const queue = await finished(bench, 'failed');
      await queue.add('job', {}, { jobId: 'b' });
      await (await queue.getJob('a'))?.retry();
      expect(await bench.hand().drain()).toEqual(['b', 'a']);
    });

    check('keeps its priority', async (bench) => {
      const queue = bench.queue();
      await queue.add('job', {}, { jobId: 'a', priority: 4 });
      await bench.hand().fail();
      await (await queue.getJob('a'))?.retry();
      expect(await queue.getJobState('a')).toBe('prioritized');
    });

    check('wakes a worker', async (bench) => {
      const queue = await finished(bench, 'failed');
      const { worker, ran } = bench.worker();
      await worker.waitUntilReady();
      await (await queue.getJob('a'))?.retry();
      expect((await ran.reach(1))[0]?.id).toBe('a');
    });

    check('may fail again and be told again', async (bench) => {
      const queue = await finished(bench, 'failed');
      const log = await bench.events();
      await (await queue.getJob('a'))?.retry();
      await bench.hand().fail(new Error('still'));
      await log.count('failed', 2, { jobId: 'a' });
      expect((await queue.getJob('a'))?.failedReason).toBe('still');
    });
  });
};
