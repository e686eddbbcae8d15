import { cases, type Bench } from '../bench.js';
import { gate, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** A worker that takes jobs for 1 ms only and never renews: what it claims stalls. */
const careless = (bench: Bench) => bench.hand({ lockDuration: 1 });

/** One that looks for stalled jobs every few milliseconds. */
const CHECKING = { stalledInterval: 20, lockDuration: 30_000 };

/** Jobs whose worker went silent. */
export const stalledConformance: Area = (store, differences) => {
  describe('stalled', () => {
    const check = cases(store, differences);

    check('is told and put back, and another worker runs it', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const { id } = await queue.add('one', {});
      await careless(bench).take();
      const { worker } = bench.worker(async () => 'rescued', CHECKING);
      const completed = next<[unknown, string]>(worker, 'completed');
      await log.find('stalled', { jobId: id });
      await log.find('waiting', { jobId: id, prev: 'active' });
      expect((await completed)[1]).toBe('rescued');
    });

    check('tells the worker that found it', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      await careless(bench).take();
      const { worker } = bench.worker(undefined, CHECKING);
      const [jobId, prev] = await next<[string, string]>(worker, 'stalled');
      expect([jobId, prev]).toEqual([id, 'active']);
    });

    check('counts how often it stalled', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      await careless(bench).take();
      const log = await bench.events();
      bench.worker(undefined, CHECKING);
      await log.find('completed', { jobId: id });
      expect((await queue.getJob(String(id)))?.stalledCounter).toBe(1);
    });

    check('goes ahead of the jobs that wait', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'silent' });
      await queue.add('two', {}, { jobId: 'waits' });
      await careless(bench).take();
      const log = await bench.events();
      const checker = bench.hand(CHECKING);
      await checker.worker.startStalledCheckTimer();
      await log.find('stalled', { jobId: 'silent' });
      expect(await bench.hand().drain()).toEqual(['silent', 'waits']);
    });

    check('fails when it stalls more often than allowed', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      await careless(bench).take();
      const log = await bench.events();
      const { ran } = bench.worker(undefined, { ...CHECKING, maxStalledCount: 0 });
      const failed = await log.find('failed', { jobId: id });
      expect(failed['failedReason']).toBe('job stalled more than allowable limit');
      expect(ran.values).toEqual([]);
      expect(await queue.getJobState(String(id))).toBe('failed');
    });

    check('may stall as often as allowed', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      const log = await bench.events();
      const lazy = careless(bench);
      const checker = bench.hand({ ...CHECKING, maxStalledCount: 2 });
      await lazy.take();
      await checker.worker.startStalledCheckTimer();
      await log.count('stalled', 1);
      await lazy.take();
      await log.count('stalled', 2);
      const { worker } = bench.worker(async () => 'third time', { ...CHECKING, maxStalledCount: 2 });
      expect((await next<[{ stalledCounter: number }, string]>(worker, 'completed'))[1]).toBe('third time');
      expect((await queue.getJob(String(id)))?.stalledCounter).toBe(2);
    });

    check('is removed at once when it fails, if its options say so', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {}, { removeOnFail: true });
      await careless(bench).take();
      const log = await bench.events();
      bench.worker(undefined, { ...CHECKING, maxStalledCount: 0 });
      await log.find('failed', { jobId: id });
      await expect(queue.getJob(String(id))).resolves.toBeUndefined();
    });

    check('leaves a job alone whose lock is extended', async (bench) => {
      const queue = bench.queue();
      await queue.add('kept', {}, { jobId: 'kept' });
      await queue.add('lost', {}, { jobId: 'lost' });
      const kept = await bench.hand({ lockDuration: 5000 }).take('t');
      await kept.extendLock('t', 60_000);
      await careless(bench).take('t');
      const log = await bench.events();
      const { ran } = bench.worker(undefined, CHECKING);
      await log.find('completed', { jobId: 'lost' });
      expect(ran.values.map((job) => job.id)).toEqual(['lost']);
      expect(await queue.getJobState('kept')).toBe('active');
      expect(log.seen('stalled', { jobId: 'kept' })).toBe(0);
    });

    check('rescues all jobs of a worker', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 20 }, (_, nth) => ({ name: 'job', data: nth })));
      await careless(bench).drain();
      const log = await bench.events();
      bench.worker(undefined, { ...CHECKING, concurrency: 5 });
      await log.count('completed', 20);
      expect(log.seen('stalled')).toBe(20);
    });

    check('keeps a prioritized job in its priority', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'p', priority: 3 });
      await careless(bench).take();
      const log = await bench.events();
      const checker = bench.hand(CHECKING);
      await checker.worker.startStalledCheckTimer();
      await log.find('stalled', { jobId: 'p' });
      expect((await bench.hand().take()).priority).toBe(3);
    });

    check('refuses the result of the worker that went silent', async (bench) => {
      const queue = bench.queue();
      await queue.add('one', {}, { jobId: 'a' });
      const late = await careless(bench).take('late');
      const log = await bench.events();
      const held = gate();
      bench.worker(() => held.opened.then(() => 'new'), CHECKING);
      await log.find('stalled', { jobId: 'a' });
      await log.count('active', 2, { jobId: 'a' });
      await expect(late.moveToCompleted('old', 'late', false)).rejects.toMatchObject({ code: -6 });
      held.open();
      expect((await log.find('completed', { jobId: 'a' }))['returnvalue']).toBe('new');
    });

    check('answers the backend with the ids it put back', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      await careless(bench).take();
      const checker = bench.hand({ stalledInterval: 1 });
      const backend = checker.worker.getBackend();
      const found: string[] = [];
      // The first look marks, a later one puts back; looks within one interval do nothing.
      const log = await bench.events();
      const told = log.find('stalled', { jobId: id });
      while (found.length === 0) found.push(...(await backend.moveStalledJobsToWait()));
      await told;
      expect(found).toEqual([id]);
    });
  });
};
