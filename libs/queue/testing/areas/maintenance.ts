import { cases, type Bench, type TestQueue } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

const LATER = 600_000;

/** Ids of their own, because BullMQ's Redis store keeps a job in the key of its id. */
const IDS = ['completed', 'failed', 'active', 'waiting', 'prioritized', 'delayed'].map(
  (state) => `is-${state}`,
);

/** One job in each state, `is-<state>`. */
async function oneOfEach(bench: Bench): Promise<TestQueue> {
  const queue = bench.queue();
  const hand = bench.hand();
  const add = (jobId: string, opts = {}) => queue.add('job', {}, { jobId, ...opts });
  await add('is-completed');
  await hand.complete('done');
  await add('is-failed');
  await hand.fail();
  await add('is-active');
  await hand.take();
  await add('is-waiting');
  await add('is-prioritized', { priority: 2 });
  await add('is-delayed', { delay: LATER });
  return queue;
}

const states = async (queue: TestQueue) => {
  const found = await Promise.all(IDS.map((id) => queue.getJobState(id)));
  return found.filter((state, at) => IDS[at] === `is-${state}`);
};

/** Removing, retrying and cleaning many jobs. */
export const maintenanceConformance: Area = (store, differences) => {
  describe('maintenance', () => {
    const check = cases(store, differences);

    check('drains what waits, and keeps the rest', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.drain();
      expect(await states(queue)).toEqual(['completed', 'failed', 'active', 'delayed']);
      expect(await queue.getJob('is-waiting')).toBeUndefined();
    });

    check('drains delayed jobs too when asked', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.drain(true);
      expect(await states(queue)).toEqual(['completed', 'failed', 'active']);
    });

    check('drains a paused queue', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.pause();
      await queue.drain();
      expect(await queue.getJobCountByTypes('waiting', 'prioritized')).toBe(0);
    });

    check('drains many', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 1200 }, (_, nth) => ({ name: 'job', data: nth })));
      await queue.drain();
      expect(await queue.count()).toBe(0);
    });

    for (const state of ['completed', 'failed', 'delayed', 'wait', 'prioritized'] as const) {
      check(`cleans ${state} jobs`, async (bench) => {
        const queue = await oneOfEach(bench);
        const id = state === 'wait' ? 'is-waiting' : `is-${state}`;
        expect(await queue.clean(0, 100, state)).toEqual([id]);
        expect(await queue.getJob(id)).toBeUndefined();
        expect(await states(queue)).toHaveLength(5);
      });
    }

    check('cleans no more than the limit', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 10 }, (_, nth) => ({ name: 'job', data: nth })));
      const hand = bench.hand();
      for (let nth = 0; nth < 10; nth++) await hand.complete();
      expect(await queue.clean(0, 4)).toHaveLength(4);
      expect(await queue.getCompletedCount()).toBe(6);
    });

    check('cleans all with a limit of 0', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 10 }, (_, nth) => ({ name: 'job', data: nth })));
      const hand = bench.hand();
      for (let nth = 0; nth < 10; nth++) await hand.complete();
      expect(await queue.clean(0, 0)).toHaveLength(10);
      expect(await queue.getCompletedCount()).toBe(0);
    });

    check('keeps what is younger than the grace period', async (bench) => {
      const queue = await oneOfEach(bench);
      expect(await queue.clean(LATER, 100, 'completed')).toEqual([]);
      expect(await queue.clean(LATER, 100, 'failed')).toEqual([]);
      expect(await states(queue)).toHaveLength(6);
    });

    check('cleans no job that is not in the state, not even for a state that no job is in', async (bench) => {
      const queue = bench.queue();
      await queue.add('a', {}, { priority: 2 });
      await queue.add('b', {});
      expect(await queue.clean(0, 100, 'paused')).toEqual([]);
      expect(await queue.clean(0, 100, 'delayed')).toEqual([]);
      expect(await queue.getJobCounts('waiting', 'prioritized')).toEqual({ waiting: 1, prioritized: 1 });
    });

    check('tells what it cleaned', async (bench) => {
      const queue = await oneOfEach(bench);
      const log = await bench.events();
      const local = next<[string[], string]>(queue, 'cleaned');
      await queue.clean(0, 100, 'failed');
      expect(await local).toEqual([['is-failed'], 'failed']);
      await log.find('cleaned', { count: '1' });
      await queue.clean(0, 100, 'failed');
      await log.find('cleaned', { count: '0' });
    });

    check('removes the logs of what it cleans', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.addJobLog('is-completed', 'a row');
      await queue.clean(0, 100, 'completed');
      expect((await queue.getJobLogs('is-completed')).count).toBe(0);
    });

    for (const state of ['completed', 'failed', 'waiting', 'prioritized', 'delayed']) {
      check(`removes a ${state} job`, async (bench) => {
        const queue = await oneOfEach(bench);
        const id = `is-${state}`;
        const log = await bench.events();
        expect(await queue.remove(id)).toBe(1);
        expect(await queue.getJob(id)).toBeUndefined();
        expect(await queue.getJobState(id)).toBe('unknown');
        const { prev } = await log.find('removed', { jobId: id });
        // BullMQ's documentation says `waiting`, its Redis store `wait`.
        expect(state === 'waiting' ? ['wait', 'waiting'] : [state]).toContain(prev);
      });
    }

    check('removes a job that does not exist', async (bench) => {
      expect(await bench.queue().remove('nobody')).toBe(1);
    });

    check('does not run a job that was removed', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      await queue.remove('b');
      expect(await bench.hand().drain()).toEqual(['a', 'c']);
    });

    for (const state of ['failed', 'completed'] as const) {
      check(`retries all ${state} jobs`, async (bench) => {
        const queue = bench.queue();
        await queue.addBulk(Array.from({ length: 8 }, (_, nth) => ({ name: 'job', data: nth })));
        const hand = bench.hand();
        for (let nth = 0; nth < 8; nth++) await (state === 'failed' ? hand.fail() : hand.complete());
        await queue.retryJobs({ state, count: 3 });
        expect(await queue.getJobCounts('waiting', state)).toEqual({ waiting: 8, [state]: 0 });
        const again = await hand.take();
        expect(again.finishedOn).toBeUndefined();
        expect(again.failedReason ?? null).toBeNull();
      });
    }

    check('retries only what failed before a time', async (bench) => {
      const queue = await oneOfEach(bench);
      const finished = Number((await queue.getJob('is-failed'))?.finishedOn);
      await queue.retryJobs({ timestamp: finished - 1 });
      expect(await queue.getJobState('is-failed')).toBe('failed');
      await queue.retryJobs({ timestamp: finished + 1 });
      expect(await queue.getJobState('is-failed')).toBe('waiting');
    });

    check('retries jobs while paused, and runs them after', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.pause();
      await queue.retryJobs();
      expect(await queue.getFailedCount()).toBe(0);
      await queue.resume();
      expect(await bench.hand().drain()).toEqual(['is-waiting', 'is-failed', 'is-prioritized']);
    });

    check('obliterates a paused queue', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.obliterate({ force: true });
      expect(await queue.getJobCountByTypes()).toBe(0);
      expect(await states(queue)).toEqual([]);
      expect(await queue.isPaused()).toBe(false);
      expect((await queue.add('first', {})).id).toBe('1');
    });

    check('does not obliterate a queue with running jobs unless forced', async (bench) => {
      const queue = await oneOfEach(bench);
      await expect(queue.obliterate()).rejects.toThrow('Cannot obliterate queue with active jobs');
      expect(await queue.getJobState('is-active')).toBe('active');
    });

    check('does not obliterate a queue that is not paused', async (bench) => {
      const backend = bench.queue().getBackend();
      await bench.queue().add('one', {});
      await expect(backend.obliterate({ force: false, count: 10 })).rejects.toThrow(
        'Cannot obliterate non-paused queue',
      );
    });

    check('obliterates many in steps', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 150 }, (_, nth) => ({ name: 'job', data: nth })));
      await queue.obliterate({ count: 20 });
      expect(await queue.count()).toBe(0);
    });

    check('trims the events', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(Array.from({ length: 30 }, (_, nth) => ({ name: 'job', data: nth })));
      await queue.trimEvents(0);
      await queue.add('last', {}, { jobId: 'last' });
      const log = await bench.events();
      await log.find('waiting', { jobId: 'last' });
      expect(log.seen('added', { jobId: '1' })).toBe(0);
    });

    check('finds no orphans in a queue in order', async (bench) => {
      const queue = await oneOfEach(bench);
      expect(await queue.removeOrphanedJobs()).toBe(0);
      expect(await states(queue)).toHaveLength(6);
    });

    check('removes orphans, and nothing else', async (bench) => {
      const queue = await oneOfEach(bench);
      await queue.addBulk(['o1', 'o2', 'o3'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      for (const id of ['o1', 'o2']) await bench.store.makeOrphan(queue.qualifiedName, id);
      expect(await queue.removeOrphanedJobs()).toBe(2);
      expect([await queue.getJob('o1'), await queue.getJob('o2')]).toEqual([undefined, undefined]);
      expect(await queue.getJobState('o3')).toBe('waiting');
      expect(await states(queue)).toHaveLength(6);
    });

    check('stops removing orphans at the limit', async (bench) => {
      const queue = bench.queue();
      await queue.addBulk(['o1', 'o2', 'o3'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      for (const id of ['o1', 'o2', 'o3']) await bench.store.makeOrphan(queue.qualifiedName, id);
      // BullMQ's Redis store looks at its limit after a page of keys, which may hold all three.
      const removed = await queue.removeOrphanedJobs(1000, 2);
      expect([2, 3]).toContain(removed);
      expect(await queue.removeOrphanedJobs(1000, 2)).toBe(3 - removed);
    });

    check('has no deprecated priority key', async (bench) => {
      expect(await bench.queue().removeDeprecatedPriorityKey()).toBe(0);
    });
  });
};
