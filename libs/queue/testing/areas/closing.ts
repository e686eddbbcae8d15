import { cases } from '../bench.js';
import { gate, inTime, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** Letting go: of workers with and without jobs, of queues, of blocked connections. */
export const closingConformance: Area = (store, differences) => {
  describe('closing', () => {
    const check = cases(store, differences);

    check('waits for the running job', async (bench) => {
      const queue = bench.queue();
      const [started, done] = [gate(), gate()];
      const { worker } = bench.worker(async () => {
        started.open();
        await done.opened;
        return 'finished';
      });
      const { id } = await queue.add('one', {});
      await started.opened;
      const closed = worker.close();
      done.open();
      await closed;
      expect(await queue.getJob(String(id))).toMatchObject({ returnvalue: 'finished' });
    });

    check('starts no further job', async (bench) => {
      const queue = bench.queue();
      const [started, done] = [gate(), gate()];
      const { worker, ran } = bench.worker(async () => {
        started.open();
        await done.opened;
      });
      await queue.addBulk([1, 2].map((data) => ({ name: 'job', data })));
      await started.opened;
      const closed = worker.close();
      done.open();
      await closed;
      expect(ran.values).toHaveLength(1);
      expect(await queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 1, active: 0 });
    });

    check('does not wait for the running job when forced', async (bench) => {
      const started = gate();
      const { worker } = bench.worker(async () => {
        started.open();
        await new Promise(() => undefined);
      });
      const { id } = await bench.queue().add('one', {});
      await started.opened;
      await inTime(worker.close(true), 'the forced end');
      expect(await bench.queue().getJobState(String(id))).toBe('active');
    });

    check('ends a worker that waits for a job', async (bench) => {
      const { worker } = bench.worker();
      const drained = next(worker, 'drained');
      await bench.queue().add('one', {});
      await drained;
      await inTime(worker.close(), 'the end of an idle worker');
      expect(worker.isRunning()).toBe(false);
    });

    check('ends a worker that never ran', async (bench) => {
      const { worker } = bench.worker(undefined, { autorun: false });
      await inTime(worker.close(), 'the end');
    });

    check('ends before it was ready', async (bench) => {
      const { worker } = bench.worker();
      await inTime(worker.close(), 'the end of the worker');
      await inTime(bench.queue().close(), 'the end of the queue');
      await inTime(bench.queueEvents().close(), 'the end of the events');
      await inTime(bench.flows().close(), 'the end of the flows');
    });

    check('may be closed twice', async (bench) => {
      const { worker } = bench.worker();
      const all = [worker, bench.queue(), bench.queueEvents(), bench.flows(), bench.producer()];
      await worker.waitUntilReady();
      await inTime(Promise.all(all.flatMap((one) => [one.close(), one.close()])), 'all ends');
      for (const one of all) await inTime(one.close(), 'another end');
    });

    check('tells that it closes and has closed', async (bench) => {
      const { worker } = bench.worker();
      await worker.waitUntilReady();
      const [closing, closed] = [next(worker, 'closing'), next(worker, 'closed')];
      await worker.close();
      await Promise.all([closing, closed]);
    });

    check('ends the blocking read of events', async (bench) => {
      const events = bench.queueEvents({ blockingTimeout: 3_600_000 });
      await events.waitUntilReady();
      await inTime(events.close(), 'the end');
    });

    check('does nothing for others on the same connection', async (bench) => {
      const queue = bench.queue();
      const other = bench.queue();
      await queue.add('one', {});
      await queue.close();
      expect(await other.getWaitingCount()).toBe(1);
    });

    check('does no more work for a closed queue', async (bench) => {
      const queue = bench.queue();
      await queue.waitUntilReady();
      await queue.close();
      // Some stores refuse, others leave the call unanswered: the job must not be there.
      queue.add('late', {}, { jobId: 'late' }).catch(() => undefined);
      const other = bench.queue();
      await other.add('after', {}, { jobId: 'after' });
      expect([await other.getJobState('late'), await other.getJobState('after')]).toEqual([
        'unknown',
        'waiting',
      ]);
    });

    check('interrupts a worker that blocks, and lets it go on', async (bench) => {
      const backend = bench.worker(undefined, { autorun: false }).worker.getBackend();
      await backend.waitUntilReady();
      const waiting = backend.waitForJob(60).catch(() => null);
      await backend.disconnectBlocking();
      await inTime(waiting, 'the interrupted wait');
      await backend.reconnectBlocking();
      const again = backend.waitForJob(60);
      await bench.queue().add('one', {});
      expect((await inTime(again, 'the next wait'))?.score).toBe(0);
    });

    check('gives up waiting when the time is up', async (bench) => {
      const backend = bench.worker(undefined, { autorun: false }).worker.getBackend();
      await backend.waitUntilReady();
      expect(await backend.waitForJob(0.01)).toBeNull();
      expect(backend.minimumBlockTimeout).toBeGreaterThan(0);
    });

    check('wakes for a delayed job with its time', async (bench) => {
      const backend = bench.worker(undefined, { autorun: false }).worker.getBackend();
      await backend.waitUntilReady();
      const waiting = backend.waitForJob(60);
      const timestamp = Date.now();
      await bench.queue().add('later', {}, { delay: 600_000, timestamp });
      expect((await inTime(waiting, 'the wake-up'))?.score).toBe(timestamp + 600_000);
    });

    check('says that it closes', async (bench) => {
      const queue = bench.queue();
      const backend = queue.getBackend();
      expect(backend.closing).toBeUndefined();
      const closed = queue.close();
      expect(backend.closing).toBeDefined();
      await closed;
    });
  });
};
