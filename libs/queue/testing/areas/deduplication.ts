import type { DeduplicationOptions } from 'bullmq';
import { cases, type Bench, type TestQueue } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

const LATER = 600_000;

const adder =
  (queue: TestQueue) =>
  (jobId: string, more: Partial<DeduplicationOptions> = {}, opts: object = {}) =>
    queue.add('job', { from: jobId }, { jobId, deduplication: { id: 'one', ...more }, ...opts });

function open(bench: Bench) {
  const queue = bench.queue();
  return { queue, add: adder(queue), hand: bench.hand() };
}

/** Jobs that are not added while another with the same deduplication id is there. */
export const deduplicationConformance: Area = (store, differences) => {
  describe('deduplication', () => {
    const check = cases(store, differences);

    check('adds one of several', async (bench) => {
      const { queue, add } = open(bench);
      await add('a');
      const second = await add('b');
      expect(second.id).toBe('a');
      expect(await queue.getWaitingCount()).toBe(1);
      expect(await queue.getJob('b')).toBeUndefined();
      expect((await queue.getJob('a'))?.deduplicationId).toBe('one');
    });

    check('tells which job stays and which was passed over', async (bench) => {
      const { add } = open(bench);
      const log = await bench.events();
      await add('a');
      await add('b');
      expect(await log.find('deduplicated')).toEqual({
        jobId: 'a',
        deduplicationId: 'one',
        deduplicatedJobId: 'b',
      });
    });

    check('does not mix ids', async (bench) => {
      const { queue, add } = open(bench);
      await add('a');
      await add('b', { id: 'two' });
      expect(await queue.getWaitingCount()).toBe(2);
    });

    check('knows which job holds an id', async (bench) => {
      const { queue, add } = open(bench);
      expect(await queue.getDeduplicationJobId('one')).toBeNull();
      await add('a');
      await add('b');
      expect(await queue.getDeduplicationJobId('one')).toBe('a');
    });

    for (const ending of ['completed', 'failed', 'removed'] as const) {
      check(`is over when the job is ${ending}`, async (bench) => {
        const { queue, add, hand } = open(bench);
        await add('a');
        if (ending === 'completed') await hand.complete();
        else if (ending === 'failed') await hand.fail();
        else await queue.remove('a');
        expect(await queue.getDeduplicationJobId('one')).toBeNull();
        expect((await add('b')).id).toBe('b');
      });
    }

    check('goes on while the job runs, or is tried again', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a', {}, { attempts: 2 });
      const job = await hand.take();
      await add('b');
      await job.moveToFailed(new Error('again'), 'token', false);
      await add('c');
      expect(await queue.count()).toBe(1);
      expect(await queue.getDeduplicationJobId('one')).toBe('a');
    });

    check('holds delayed and prioritized jobs too', async (bench) => {
      const { queue, add } = open(bench);
      await add('a', {}, { delay: LATER });
      await add('b');
      await add('c', { id: 'two' }, { priority: 2 });
      await add('d', { id: 'two' });
      expect(await queue.getJobCounts('waiting', 'delayed', 'prioritized')).toEqual({
        waiting: 0,
        delayed: 1,
        prioritized: 1,
      });
    });

    check('deduplicates within a bulk', async (bench) => {
      const { queue } = open(bench);
      const jobs = await queue.addBulk(
        ['a', 'b', 'c'].map((jobId) => ({
          name: 'job',
          data: {},
          opts: { jobId, deduplication: { id: 'one' } },
        })),
      );
      expect(jobs.map((job) => job.id)).toEqual(['a', 'a', 'a']);
      expect(await queue.getWaitingCount()).toBe(1);
    });

    check('throttles for a time, also after the job is done', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a', { ttl: LATER });
      await hand.complete();
      expect((await add('b', { ttl: LATER })).id).toBe('a');
      expect(await queue.count()).toBe(0);
    });

    check('adds again when the time is over', async (bench) => {
      const { queue, add } = open(bench);
      await add('a', { ttl: 60 });
      const log = await bench.events();
      let added = await add('b', { ttl: 60 });
      // Every attempt before the end of the time is passed over.
      for (let nth = 0; added.id === 'a'; nth++) added = await add(`b${nth}`, { ttl: 60 });
      expect(await queue.getWaitingCount()).toBe(2);
      await log.find('added', { jobId: added.id });
    });

    check('extends the time with each attempt when asked', async (bench) => {
      const { queue, add } = open(bench);
      // On a machine that is too slow to extend in time, once more with another id.
      let nth = 0;
      let extended = false;
      while (!extended) {
        nth += 1;
        await add(`first-${nth}`, { id: `d${nth}`, ttl: 100, extend: true });
        const second = await add(`second-${nth}`, { id: `d${nth}`, ttl: LATER, extend: true });
        extended = second.id === `first-${nth}`;
      }
      await queue.add('job', {}, { jobId: 'after', delay: 150 });
      const { ran } = bench.worker();
      await ran.until((jobs) => jobs.some((job) => job.id === 'after'), 'the job after the first time');
      expect((await add('third', { id: `d${nth}`, ttl: LATER, extend: true })).id).toBe(`first-${nth}`);
    });

    for (const ending of ['completed', 'failed'] as const) {
      check(`throttles also when the ${ending} job is not kept`, async (bench) => {
        const { queue, add, hand } = open(bench);
        const end = () => (ending === 'completed' ? hand.complete() : hand.fail());
        const one = { removeOnComplete: 1, removeOnFail: 1 };
        await add('a', { ttl: LATER }, one);
        await end();
        await queue.add('job', {}, { jobId: 'next', ...one });
        await end();
        expect(await queue.getJob('a')).toBeUndefined();
        expect((await add('b', { ttl: LATER })).id).toBe('a');
        expect(await queue.getJob('b')).toBeUndefined();
      });
    }

    check('replaces a delayed job by the latest (debounce)', async (bench) => {
      const { queue, add } = open(bench);
      const log = await bench.events();
      const debounce = { ttl: LATER, extend: true, replace: true };
      await add('a', debounce, { delay: LATER });
      await add('b', debounce, { delay: LATER });
      const last = await add('c', debounce, { delay: LATER });
      expect(last.id).toBe('c');
      expect(await queue.getDelayedCount()).toBe(1);
      expect((await queue.getJob('c'))?.data).toEqual({ from: 'c' });
      expect(await queue.getJob('a')).toBeUndefined();
      expect(await queue.getDeduplicationJobId('one')).toBe('c');
      expect(await log.find('deduplicated')).toEqual({
        jobId: 'b',
        deduplicationId: 'one',
        deduplicatedJobId: 'a',
      });
      expect(await log.find('removed', { jobId: 'a' })).toMatchObject({ prev: 'delayed' });
    });

    check('does not start the time anew when it replaces a job', async (bench) => {
      const { queue, add } = open(bench);
      await add('a', { ttl: LATER, replace: true }, { delay: LATER });
      expect((await add('b', { ttl: 1, replace: true }, { delay: LATER })).id).toBe('b');
      await queue.add('job', {}, { jobId: 'after', delay: 50 });
      await bench.worker().ran.reach(1);
      expect(await queue.getDeduplicationJobId('one')).toBe('b');
    });

    check('replaces no job that waits', async (bench) => {
      const { queue, add } = open(bench);
      await add('a', { replace: true });
      await add('b', { replace: true });
      expect((await queue.getJob('a'))?.data).toEqual({ from: 'a' });
      expect(await queue.getJob('b')).toBeUndefined();
    });

    check('runs only the last of a burst', async (bench) => {
      const { queue, add } = open(bench);
      const { worker, ran } = bench.worker(async (job) => job.data);
      const completed = next<[unknown, unknown]>(worker, 'completed');
      for (let nth = 0; nth < 5; nth++)
        await add(`j${nth}`, { ttl: 1000, extend: true, replace: true }, { delay: 1000 });
      expect((await completed)[1]).toEqual({ from: 'j4' });
      expect(ran.values).toHaveLength(1);
      expect(await queue.count()).toBe(0);
    });

    check('keeps the last that came while the job ran', async (bench) => {
      const { queue, add, hand } = open(bench);
      const keep = { keepLastIfActive: true };
      await add('a', keep);
      const job = await hand.take();
      for (const id of ['b', 'c', 'd']) await add(id, keep);
      expect(await queue.getWaitingCount()).toBe(0);
      await job.moveToCompleted(1, 'token', false);
      expect(await queue.getWaitingCount()).toBe(1);
      expect((await hand.take()).data).toEqual({ from: 'd' });
    });

    check('keeps the last also when the job fails', async (bench) => {
      const { add, hand } = open(bench);
      await add('a', { keepLastIfActive: true });
      const job = await hand.take();
      await add('b', { keepLastIfActive: true });
      await job.moveToFailed(new Error('x'), 'token', false);
      expect((await hand.take()).data).toEqual({ from: 'b' });
    });

    check('keeps nothing where nothing came', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a', { keepLastIfActive: true });
      await hand.complete();
      expect(await queue.count()).toBe(0);
      expect(await queue.getDeduplicationJobId('one')).toBeNull();
    });

    check('keeps the last until the job is not tried again any more', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a', { keepLastIfActive: true }, { attempts: 2 });
      const job = await hand.take();
      await add('b', { keepLastIfActive: true });
      await job.moveToFailed(new Error('again'), 'token', false);
      expect(await queue.getWaitingCount()).toBe(1);
      await hand.complete();
      expect((await hand.take()).data).toEqual({ from: 'b' });
    });

    check('passes over as usual while the job only waits', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a', { keepLastIfActive: true });
      await add('b', { keepLastIfActive: true });
      await hand.complete();
      expect(await queue.count()).toBe(0);
    });

    check('ends when the key is removed', async (bench) => {
      const { queue, add } = open(bench);
      await add('a');
      expect(await queue.removeDeduplicationKey('one')).toBe(1);
      expect(await queue.removeDeduplicationKey('one')).toBe(0);
      expect((await add('b')).id).toBe('b');
      expect(await queue.getDeduplicationJobId('one')).toBe('b');
    });

    check('a job removes only a key that it holds', async (bench) => {
      const { queue, add } = open(bench);
      const first = await add('a');
      await queue.removeDeduplicationKey('one');
      const second = await add('b');
      expect(await first.removeDeduplicationKey()).toBe(false);
      expect(await second.removeDeduplicationKey()).toBe(true);
      expect(await queue.getDeduplicationJobId('one')).toBeNull();
    });

    check('the end of a job that lost the key changes nothing', async (bench) => {
      const { queue, add, hand } = open(bench);
      await add('a');
      await queue.removeDeduplicationKey('one');
      await add('b');
      await hand.complete();
      expect(await queue.getDeduplicationJobId('one')).toBe('b');
    });

    check('is over for drained jobs', async (bench) => {
      const { queue, add } = open(bench);
      await add('a');
      await queue.drain();
      expect((await add('b')).id).toBe('b');
      expect(await queue.getWaitingCount()).toBe(1);
    });
  });
};
