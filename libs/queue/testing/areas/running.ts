import { DelayedError, Job, UnrecoverableError, WaitingError } from 'bullmq';
import { cases } from '../bench.js';
import { gate, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** What a worker does with a job: claiming, finishing, failing, trying again. */
export const runningConformance: Area = (store, differences) => {
  describe('running', () => {
    const check = cases(store, differences);

    check('gives a claimed job to nobody else', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('one', {});
      const [first, second] = [bench.hand(), bench.hand()];
      expect((await first.take()).id).toBe(id);
      expect(await second.claim()).toBeUndefined();
      expect(await queue.getJobState(String(id))).toBe('active');
    });

    check('claims nothing from an empty queue', async (bench) => {
      expect(await bench.hand().claim()).toBeUndefined();
    });

    check('waits for a job when asked to', async (bench) => {
      const hand = bench.hand({ drainDelay: 10 });
      expect(await hand.claim()).toBeUndefined();
      const claimed = hand.worker.getNextJob('token', { block: true });
      const { id } = await bench.queue().add('late', {});
      expect((await claimed)?.id).toBe(id);
    });

    check('notes who runs a job, since when, and how often it started', async (bench) => {
      const queue = bench.queue();
      const before = Date.now();
      await queue.add('one', {});
      const job = await bench.hand({ name: 'carol' }).take();
      const stored = await queue.getJob(String(job.id));
      expect(stored).toMatchObject({ processedBy: 'carol', attemptsStarted: 1, attemptsMade: 0 });
      expect(stored?.processedOn).toBeGreaterThanOrEqual(before);
      expect(stored?.finishedOn).toBeUndefined();
    });

    for (const value of [undefined, null, 0, false, '', 'done', [1], { nested: { yes: true } }]) {
      check(`keeps the result ${JSON.stringify(value)}`, async (bench) => {
        const queue = bench.queue();
        const { worker } = bench.worker(async () => value);
        const completed = next<[Job, unknown]>(worker, 'completed');
        const { id } = await queue.add('one', {});
        expect((await completed)[1]).toEqual(value);
        const job = await queue.getJob(String(id));
        expect(job?.returnvalue ?? null).toEqual(value ?? null);
        expect(await job?.getState()).toBe('completed');
        expect(job?.attemptsMade).toBe(1);
        expect(job?.finishedOn).toBeGreaterThanOrEqual(Number(job?.processedOn));
      });
    }

    check('keeps the error and the stack of a failed job', async (bench) => {
      const queue = bench.queue();
      const { worker } = bench.worker(async () => {
        throw new Error('no colour left');
      });
      const failed = next<[Job, Error]>(worker, 'failed');
      const { id } = await queue.add('one', {});
      expect((await failed)[1].message).toBe('no colour left');
      const job = await queue.getJob(String(id));
      expect(job).toMatchObject({ failedReason: 'no colour left', attemptsMade: 1 });
      expect(job?.stacktrace?.[0]).toMatch(/^Error: no colour left\n/);
      expect(await job?.getState()).toBe('failed');
    });

    check('tries again at once as often as it may', async (bench) => {
      const queue = bench.queue();
      const seen: number[] = [];
      const { worker } = bench.worker(async (job) => {
        seen.push(job.attemptsMade);
        if (job.attemptsMade < 2) throw new Error(`attempt ${job.attemptsMade}`);
        return 'at last';
      });
      const completed = next<[Job]>(worker, 'completed');
      await queue.add('one', {}, { attempts: 3 });
      const [job] = await completed;
      expect(seen).toEqual([0, 1, 2]);
      expect(await queue.getJob(String(job.id))).toMatchObject({ attemptsMade: 3, attemptsStarted: 3 });
    });

    check('fails for good when its attempts are used up', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      bench.worker(async (job) => {
        throw new Error(`attempt ${job.attemptsMade}`);
      });
      const { id } = await queue.add('one', {}, { attempts: 2 });
      await log.find('retries-exhausted', { jobId: id, attemptsMade: '2' });
      const job = await queue.getJob(String(id));
      expect(job?.failedReason).toBe('attempt 1');
      expect(job?.stacktrace).toHaveLength(2);
      expect(log.seen('failed', { jobId: id })).toBe(1);
    });

    check('puts a job that is tried again behind those that wait', async (bench) => {
      const queue = bench.queue();
      await queue.add('first', {}, { attempts: 2, jobId: 'a' });
      await queue.add('second', {}, { jobId: 'b' });
      const hand = bench.hand();
      await hand.fail();
      expect(await hand.drain()).toEqual(['b', 'a']);
    });

    check('waits between attempts with a fixed backoff', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const { id } = await queue.add('one', {}, { attempts: 2, backoff: { type: 'fixed', delay: 60_000 } });
      const before = Date.now();
      await bench.hand().fail();
      expect(await queue.getJobState(String(id))).toBe('delayed');
      const { delay } = await log.find('delayed', { jobId: id });
      expect(Number(delay)).toBeGreaterThanOrEqual(before + 60_000);
      expect((await queue.getJob(String(id)))?.delay).toBe(60_000);
    });

    check('doubles an exponential backoff', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add(
        'one',
        {},
        { attempts: 5, backoff: { type: 'exponential', delay: 30_000 } },
      );
      const hand = bench.hand();
      const delays: unknown[] = [];
      for (let attempt = 0; attempt < 3; attempt++) {
        await hand.fail();
        const job = await queue.getJob(String(id));
        delays.push(job?.delay);
        await job?.promote();
      }
      expect(delays).toEqual([30_000, 60_000, 120_000]);
    });

    check('asks a backoff strategy of its own', async (bench) => {
      const queue = bench.queue();
      const settings = { backoffStrategy: (made: number) => made * 40_000 };
      const { id } = await queue.add('one', {}, { attempts: 2, backoff: { type: 'own' } });
      await bench.hand({ settings }).fail();
      expect((await queue.getJob(String(id)))?.delay).toBe(40_000);
    });

    check('runs again after a short backoff', async (bench) => {
      const queue = bench.queue();
      const { worker } = bench.worker(async (job) => {
        if (job.attemptsMade === 0) throw new Error('once');
        return 'ran again';
      });
      const completed = next<[Job, string]>(worker, 'completed');
      await queue.add('one', {}, { attempts: 2, backoff: 30 });
      expect((await completed)[1]).toBe('ran again');
    });

    check('fails at once on an unrecoverable error', async (bench) => {
      const queue = bench.queue();
      const { worker } = bench.worker(async () => {
        throw new UnrecoverableError('never again');
      });
      const failed = next<[Job]>(worker, 'failed');
      const { id } = await queue.add('one', {}, { attempts: 5 });
      await failed;
      expect(await queue.getJobState(String(id))).toBe('failed');
      expect((await queue.getJob(String(id)))?.attemptsMade).toBe(1);
    });

    check('starts a job no more often than maxStartedAttempts', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      bench.worker(
        async (job, token) => {
          await job.moveToWait(token);
          throw new WaitingError();
        },
        { maxStartedAttempts: 2 },
      );
      const { id } = await queue.add('one', {}, { attempts: 9 });
      const failed = await log.find('failed', { jobId: id });
      expect(failed['failedReason']).toMatch(/job started more than allowable limit/);
    });

    check('delays itself without using up an attempt', async (bench) => {
      const queue = bench.queue();
      const { worker } = bench.worker(async (job, token) => {
        if (job.attemptsStarted === 1) {
          await job.moveToDelayed(Date.now() + 30, token);
          throw new DelayedError();
        }
        return 'later';
      });
      const completed = next<[Job, string]>(worker, 'completed');
      const { id } = await queue.add('one', {});
      expect((await completed)[1]).toBe('later');
      expect(await queue.getJob(String(id))).toMatchObject({ attemptsMade: 1, attemptsStarted: 2 });
    });

    check('goes back to waiting by itself, ahead of the others', async (bench) => {
      const queue = bench.queue();
      await queue.add('first', {}, { jobId: 'a' });
      await queue.add('second', {}, { jobId: 'b' });
      const hand = bench.hand();
      await (await hand.take('t')).moveToWait('t');
      expect(await queue.getJobState('a')).toBe('waiting');
      expect((await queue.getJob('a'))?.attemptsMade).toBe(0);
      expect(await hand.drain()).toEqual(['a', 'b']);
    });

    check('claims the next job in the same step when asked', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: jobId, opts: { jobId } })));
      const hand = bench.hand();
      const first = await hand.take();
      const [, second] = (await first.moveToCompleted(1, 'token', true)) as unknown[];
      expect(second).toBe('b');
      expect(await queue.getJobState('b')).toBe('active');
      const job = await Job.fromId(hand.worker, 'b');
      const [, third] = (await job?.moveToFailed(new Error('x'), 'token', true)) as unknown[];
      expect(third).toBe('c');
      expect(await queue.getActiveCount()).toBe(1);
    });

    check('claims nothing more when not asked', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      await bench.hand().complete();
      expect(await queue.getJobState('b')).toBe('waiting');
    });

    check('runs as many at once as its concurrency', async (bench) => {
      const [all, done] = [gate(), gate()];
      let now = 0;
      const { ran } = bench.worker(
        async () => {
          if (++now === 3) all.open();
          await done.opened;
        },
        { concurrency: 3 },
      );
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 5 }, (_, nth) => ({ name: 'job', data: nth })));
      await all.opened;
      expect(now).toBe(3);
      expect(await queue.getActiveCount()).toBe(3);
      done.open();
      await ran.reach(5);
    });

    check('shares jobs between workers', async (bench) => {
      const queue = bench.queue();
      const both = gate();
      const names = new Set<string>();
      const meet = async (job: { processedBy?: string }) => {
        names.add(String(job.processedBy));
        if (names.size === 2) both.open();
        await both.opened;
      };
      bench.worker(meet, { name: 'ann' });
      bench.worker(meet, { name: 'bob' });
      await queue.addBulk([1, 2].map((data) => ({ name: 'job', data })));
      await both.opened;
      expect([...names].sort()).toEqual(['ann', 'bob']);
    });

    check('runs what comes while it works', async (bench) => {
      const queue = bench.queue();
      const { ran } = bench.worker(async (job) => {
        if (job.data < 4) await queue.add('next', job.data + 1);
      });
      await queue.add('first', 0);
      expect((await ran.reach(5)).map((job) => job.data)).toEqual([0, 1, 2, 3, 4]);
    });

    check('aborts the signal of a job that its worker cancels', async (bench) => {
      const started = gate();
      const { worker } = bench.worker(async (_job, _token, signal) => {
        started.open();
        await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new UnrecoverableError('cancelled')));
        });
      });
      const failed = next<[Job, Error]>(worker, 'failed');
      const { id } = await bench.queue().add('one', {});
      await started.opened;
      expect(worker.cancelJob(String(id))).toBe(true);
      expect((await failed)[1].message).toBe('cancelled');
    });
  });
};
