import { cases } from '../bench.js';
import { gate, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** A claim belongs to its token: who may finish, extend and move a running job, and with which errors. */
export const locksConformance: Area = (store, differences) => {
  describe('locks', () => {
    const check = cases(store, differences);

    check('refuses to complete with another token', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      const job = await bench.hand().take('mine');
      await expect(job.moveToCompleted(1, 'other', false)).rejects.toMatchObject({
        message: expect.stringMatching(/^Lock mismatch for job a\. Cmd moveToFinished from active/) as string,
        code: -6,
      });
      expect(await queue.getJobState('a')).toBe('active');
    });

    check('refuses to fail with another token', async (bench) => {
      await bench.queue().add('one', {}, { jobId: 'a' });
      const job = await bench.hand().take('mine');
      await expect(job.moveToFailed(new Error('x'), 'other', false)).rejects.toMatchObject({ code: -6 });
    });

    check('refuses to complete a job that nobody claimed', async (bench) => {
      const job = await bench.queue().add('one', {});
      await expect(job.moveToCompleted(1, 'token', false)).rejects.toMatchObject({ code: -2 });
    });

    check('keeps the first of two results', async (bench) => {
      await bench.queue().add('one', {}, { jobId: 'a' });
      const hand = bench.hand();
      const job = await hand.take();
      await job.moveToCompleted('first', 'token', false);
      // Some stores refuse this, others take it for the same message sent twice.
      await job.moveToCompleted('second', 'token', false).catch(() => undefined);
      expect((await bench.queue().getJob('a'))?.returnvalue).toBe('first');
    });

    check('refuses to complete a job that is gone', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {}, { jobId: 'a' });
      await queue.remove('a');
      await expect(job.moveToCompleted(1, 'token', false)).rejects.toMatchObject({
        message: expect.stringMatching(/^Missing key for job a\./) as string,
        code: -1,
      });
    });

    check('refuses to delay with another token', async (bench) => {
      await bench.queue().add('one', {});
      const job = await bench.hand().take('mine');
      await expect(job.moveToDelayed(Date.now() + 5000, 'other')).rejects.toMatchObject({ code: -6 });
    });

    check('refuses to put back with another token', async (bench) => {
      await bench.queue().add('one', {});
      const job = await bench.hand().take('mine');
      await expect(job.moveToWait('other')).rejects.toMatchObject({ code: -6 });
    });

    check('extends a claim with its own token only', async (bench) => {
      await bench.queue().add('one', {});
      const job = await bench.hand().take('mine');
      expect(await job.extendLock('mine', 60_000)).toBe(1);
      expect(await job.extendLock('other', 60_000)).toBe(0);
    });

    check('extends many, and names those it could not', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      const hand = bench.hand();
      for (const token of ['t1', 't2', 't3']) await hand.take(token);
      const failed = await hand.worker.extendJobLocks(
        ['a', 'b', 'c', 'gone'],
        ['t1', 'no', 't3', 't4'],
        60_000,
      );
      expect(failed).toEqual(['b', 'gone']);
    });

    check('lets nobody extend a job that has finished', async (bench) => {
      await bench.queue().add('one', {});
      const job = await bench.hand().complete();
      expect(await job.extendLock('token', 60_000)).toBe(0);
    });

    check('does not remove a running job', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      const job = await bench.hand().take();
      expect(await queue.remove('a')).toBe(0);
      await expect(job.remove()).rejects.toThrow(/could not be removed because it is locked/);
      expect(await queue.getJobState('a')).toBe('active');
    });

    check('keeps extending while a job runs', async (bench) => {
      const queue = bench.queue();
      const done = gate();
      const { worker } = bench.worker(() => done.opened, { lockDuration: 300, stalledInterval: 100 });
      const log = await bench.events();
      const completed = next(worker, 'completed');
      const { id } = await queue.add('long', {});
      // Three renewals are longer than the lock: without them the job would have stalled.
      for (let nth = 0; nth < 3; nth++) await next(worker, 'locksRenewed');
      done.open();
      await completed;
      await log.find('completed', { jobId: id });
      expect(log.seen('stalled')).toBe(0);
    });

    check('tells a worker that it lost a claim', async (bench) => {
      const queue = bench.queue();
      const done = gate();
      const { worker } = bench.worker(() => done.opened, {
        lockDuration: 60_000,
        lockRenewTime: 40,
        name: 'w',
      });
      const lost = next<[string[]]>(worker, 'lockRenewalFailed');
      const active = next<[{ token: string; moveToWait(token: string): Promise<number> }]>(worker, 'active');
      await queue.pause();
      await queue.add('one', {}, { jobId: 'a' });
      await queue.resume();
      const [job] = await active;
      await queue.pause();
      await job.moveToWait(job.token);
      expect((await lost)[0]).toEqual(['a']);
      done.open();
    });
  });
};
