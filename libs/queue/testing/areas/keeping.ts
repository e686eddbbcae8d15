import type { KeepJobs } from 'bullmq';
import { cases } from '../bench.js';
import type { Area } from '../store-under-test.js';

type Ending = 'completed' | 'failed';

/** How long finished jobs stay. */
export const keepingConformance: Area = (store, differences) => {
  describe('keeping finished jobs', () => {
    const check = cases(store, differences);

    for (const ending of ['completed', 'failed'] as Ending[]) {
      const option = ending === 'completed' ? 'removeOnComplete' : 'removeOnFail';
      const setting = (keep: boolean | number | KeepJobs) => ({ [option]: keep });
      const numbered = (count: number, keep?: boolean | number | KeepJobs) =>
        Array.from({ length: count }, (_, nth) => ({
          name: 'job',
          data: nth,
          opts: { jobId: `j${nth}`, ...(keep === undefined ? {} : setting(keep)) },
        }));

      check(`keeps ${ending} jobs, newest first`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(3));
        const hand = bench.hand();
        for (let nth = 0; nth < 3; nth++) await (ending === 'completed' ? hand.complete() : hand.fail());
        expect((await queue.getJobs([ending])).map((job) => job.id)).toEqual(['j2', 'j1', 'j0']);
      });

      check(`removes a ${ending} job at once with ${option}: true`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(1, true));
        const hand = bench.hand();
        const job = await hand.take();
        await job.log('a row');
        if (ending === 'completed') await job.moveToCompleted('result', 'token', false);
        else await job.moveToFailed(new Error('x'), 'token', false);
        expect(await queue.getJob('j0')).toBeUndefined();
        expect(await queue.getJobLogs('j0')).toEqual({ logs: [], count: 0 });
        expect(await queue.getJobCounts(ending)).toEqual({ [ending]: 0 });
        expect(await queue.getJobState('j0')).toBe('unknown');
      });

      check(`still tells of a ${ending} job that is removed at once`, async (bench) => {
        const queue = bench.queue();
        const log = await bench.events();
        await queue.addBulk(numbered(1, true));
        const hand = bench.hand();
        await (ending === 'completed' ? hand.complete('value') : hand.fail(new Error('why')));
        const fields = ending === 'completed' ? { returnvalue: 'value' } : { failedReason: 'why' };
        expect(await log.find(ending, { jobId: 'j0' })).toMatchObject(fields);
      });

      check(`keeps the newest with ${option}: 2`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(4, 2));
        const hand = bench.hand();
        for (let nth = 0; nth < 4; nth++) await (ending === 'completed' ? hand.complete() : hand.fail());
        expect((await queue.getJobs([ending])).map((job) => job.id)).toEqual(['j3', 'j2']);
        expect(await queue.getJob('j1')).toBeUndefined();
      });

      check(`keeps none with ${option}: 0`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(1, 0));
        const hand = bench.hand();
        await (ending === 'completed' ? hand.complete() : hand.fail());
        expect(await queue.getJob('j0')).toBeUndefined();
      });

      check(`keeps all with ${option}: false`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(3, false));
        const hand = bench.hand({ [option]: { count: 1 } });
        for (let nth = 0; nth < 3; nth++) await (ending === 'completed' ? hand.complete() : hand.fail());
        expect(await queue.getJobCounts(ending)).toEqual({ [ending]: 3 });
      });

      check(`removes older ${ending} jobs by their age`, async (bench) => {
        const queue = bench.queue();
        await queue.add('old', {}, { jobId: 'old' });
        const hand = bench.hand();
        await (ending === 'completed' ? hand.complete() : hand.fail());
        const finishedOn = Number((await queue.getJob('old'))?.finishedOn);
        // Ages are whole seconds of the clock of whoever finishes the next one.
        await queue.add('new', {}, { jobId: 'new', ...setting({ age: 1 }) });
        const job = await hand.take();
        const now = jest.spyOn(Date, 'now').mockReturnValue(finishedOn + 2500);
        try {
          if (ending === 'completed') await job.moveToCompleted(1, 'token', false);
          else await job.moveToFailed(new Error('x'), 'token', false);
        } finally {
          now.mockRestore();
        }
        expect((await queue.getJobs([ending])).map((one) => one.id)).toEqual(['new']);
        expect(await queue.getJob('old')).toBeUndefined();
      });

      check(`keeps ${ending} jobs as the worker says, unless the job says otherwise`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(3));
        const hand = bench.hand({ [option]: { count: 1 } });
        for (let nth = 0; nth < 3; nth++) await (ending === 'completed' ? hand.complete() : hand.fail());
        expect((await queue.getJobs([ending])).map((job) => job.id)).toEqual(['j2']);
        await queue.add('kept', {}, { jobId: 'own', ...setting(5) });
        await (ending === 'completed' ? hand.complete() : hand.fail());
        expect((await queue.getJobs([ending])).map((job) => job.id)).toEqual(['own', 'j2']);
      });

      check(`keeps at most count of the ${ending} jobs young enough`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(numbered(4, { age: 3600, count: 2 }));
        const hand = bench.hand();
        for (let nth = 0; nth < 4; nth++) await (ending === 'completed' ? hand.complete() : hand.fail());
        expect((await queue.getJobs([ending])).map((job) => job.id)).toEqual(['j3', 'j2']);
      });
    }

    check('does not remove a job that is tried again', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a', attempts: 2, removeOnFail: true });
      const hand = bench.hand();
      await hand.fail();
      expect(await queue.getJobState('a')).toBe('waiting');
      await hand.fail();
      expect(await queue.getJob('a')).toBeUndefined();
    });

    check('counts completed and failed jobs apart', async (bench) => {
      const queue = bench.queue();
      const opts = { removeOnComplete: 1, removeOnFail: 1 };
      await queue.addBulk([1, 2, 3, 4].map((data) => ({ name: 'job', data, opts })));
      const hand = bench.hand();
      await hand.complete();
      await hand.fail();
      await hand.complete();
      await hand.fail();
      expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 1 });
    });
  });
};
