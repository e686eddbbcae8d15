import { cases } from '../bench.js';
import type { Area } from '../store-under-test.js';

/** What may be changed in a job: progress, data, logs. */
export const mutationsConformance: Area = (store, differences) => {
  describe('progress, data and logs', () => {
    const check = cases(store, differences);

    for (const progress of [42, 0, 'half', true, { done: 3, of: { all: 7 } }]) {
      check(`keeps and tells the progress ${JSON.stringify(progress)}`, async (bench) => {
        const queue = bench.queue();
        const log = await bench.events();
        const job = await queue.add('one', {});
        await job.updateProgress(progress);
        expect((await queue.getJob(String(job.id)))?.progress).toEqual(progress);
        expect((await log.find('progress', { jobId: job.id }))['data']).toEqual(progress);
      });
    }

    check('tells the worker of progress', async (bench) => {
      const told = new Promise((resolve) => {
        const { worker } = bench.worker(async (job) => job.updateProgress(7));
        worker.on('progress', (_job, progress) => resolve(progress));
      });
      await bench.queue().add('one', {});
      expect(await told).toBe(7);
    });

    check('updates the progress of a job by its id', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      await queue.updateJobProgress(String(id), 12);
      expect((await queue.getJob(String(id)))?.progress).toBe(12);
    });

    check('replaces the data', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', { old: true });
      await job.updateData({ new: [1, 2] });
      expect((await queue.getJob(String(job.id)))?.data).toEqual({ new: [1, 2] });
      expect((await bench.hand().take()).data).toEqual({ new: [1, 2] });
    });

    check('lets a running job change its data for the next attempt', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', { step: 1 }, { attempts: 2 });
      const hand = bench.hand();
      const job = await hand.take();
      await job.updateData({ step: 2 });
      await job.moveToFailed(new Error('again'), 'token', false);
      expect((await hand.take()).data).toEqual({ step: 2 });
    });

    for (const [what, change] of [
      ['updateProgress', (job) => job.updateProgress(1)],
      ['updateData', (job) => job.updateData({})],
      ['log', (job) => job.log('row')],
    ] as [
      string,
      (job: {
        updateProgress(p: number): Promise<void>;
        updateData(d: object): Promise<void>;
        log(r: string): Promise<number>;
      }) => Promise<unknown>,
    ][]) {
      check(`${what} of a job that is gone is refused`, async (bench) => {
        const queue = bench.queue();
        const job = await queue.add('one', {});
        await job.remove();
        await expect(change(job)).rejects.toMatchObject({
          message: expect.stringContaining(`Missing key for job ${job.id}.`) as string,
          code: -1,
        });
      });
    }

    check('appends rows to the log and counts them', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {});
      expect([await job.log('first'), await job.log('second'), await job.log('third')]).toEqual([1, 2, 3]);
      expect(await queue.getJobLogs(String(job.id))).toEqual({
        logs: ['first', 'second', 'third'],
        count: 3,
      });
    });

    check('adds a row by the id of the job', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      expect(await queue.addJobLog(String(id), 'from outside')).toBe(1);
      expect((await queue.getJobLogs(String(id))).logs).toEqual(['from outside']);
    });

    check('gives pages of the log in both directions', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {});
      for (const row of ['a', 'b', 'c', 'd', 'e']) await job.log(row);
      const page = (start: number, end: number, asc: boolean) =>
        queue.getJobLogs(String(job.id), start, end, asc);
      expect(await page(1, 2, true)).toEqual({ logs: ['b', 'c'], count: 5 });
      expect(await page(0, 1, false)).toEqual({ logs: ['e', 'd'], count: 5 });
      expect(await page(3, -1, true)).toEqual({ logs: ['d', 'e'], count: 5 });
      expect(await page(9, 12, true)).toEqual({ logs: [], count: 5 });
    });

    check('keeps as many rows as the job wants', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {}, { keepLogs: 2 });
      for (const row of ['a', 'b', 'c']) await job.log(row);
      expect(await queue.getJobLogs(String(job.id))).toEqual({ logs: ['b', 'c'], count: 2 });
    });

    check('clears the log, all or all but the newest rows', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {});
      for (const row of ['a', 'b', 'c']) await job.log(row);
      await job.clearLogs(2);
      expect((await queue.getJobLogs(String(job.id))).logs).toEqual(['b', 'c']);
      await job.clearLogs();
      expect(await queue.getJobLogs(String(job.id))).toEqual({ logs: [], count: 0 });
    });

    check('has no log of a job that has none', async (bench) => {
      expect(await bench.queue().getJobLogs('none')).toEqual({ logs: [], count: 0 });
    });
  });
};
