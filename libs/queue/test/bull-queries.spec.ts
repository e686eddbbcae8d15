// BullMQ's own classes on the store: getters, events, metadata.
import type { Job, JobState } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const idsOf = (jobs: (Job | undefined)[]) => jobs.map((job) => job?.id);

/** Three jobs in each state. */
async function everyState(): Promise<Stand> {
  const stand = open();
  for (const nth of [1, 2, 3]) {
    await stand.queue.add('c', { nth }, { jobId: `completed${nth}`, lifo: true });
    const done = (await stand.claim()) ?? '';
    await stand.backend.moveToCompleted({ id: done, opts: {} } as never, nth, false, 'token', false);
    await stand.queue.add('f', { nth }, { jobId: `failed${nth}`, lifo: true });
    const lost = (await stand.claim()) ?? '';
    await stand.backend.moveToFailed({ id: lost, opts: {} } as never, 'x', false, 'token', false);
    await stand.queue.add('a', { nth }, { jobId: `active${nth}`, lifo: true });
    await stand.claim('token', 20_000 + nth);
    // Times are kept to the millisecond: the next three come later.
    const before = Date.now();
    await waitFor(() => Date.now() > before);
  }
  for (const nth of [1, 2, 3]) {
    await stand.queue.add('w', { nth }, { jobId: `waiting${nth}` });
    await stand.queue.add('p', { nth }, { jobId: `prioritized${nth}`, priority: 5 });
    await stand.queue.add('d', { nth }, { jobId: `delayed${nth}`, delay: 60_000 * nth });
  }
  return stand;
}

describe('getters', () => {
  it('show a job that legacy added and nobody adopted yet as its document has it', async () => {
    const stand = open();
    const created = '2026-01-02T03:04:05.123456789+02:00';
    await stand.legacy.add({ id: 'a', priority: 2, created_at: created, username: 'ada' });
    await stand.legacy.addText('b', '{broken', 1);
    expect(idsOf(await stand.queue.getJobs(['prioritized'])).sort()).toEqual(['a', 'b']);
    const job = await stand.queue.getJob('a');
    expect(await stand.redis.exists(stand.key('job:a'))).toBe(0);
    expect(job).toMatchObject({ id: 'a', priority: 1, data: { username: 'ada' } });
    expect(job?.timestamp).toBe(Date.parse('2026-01-02T01:04:05.123Z'));
    expect(await stand.queue.getJob('b')).toMatchObject({ id: 'b', timestamp: 0, priority: 3 });
  });

  it('count and list every state, a window of each too', async () => {
    const stand = await everyState();
    const { queue } = stand;
    const states = ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const;
    const counts = await queue.getJobCounts(...states);
    expect(counts).toEqual(Object.fromEntries(states.map((state) => [state, 3])));
    expect(await queue.count()).toBe(9);
    expect(idsOf(await queue.getWaiting())).toEqual(['waiting1', 'waiting2', 'waiting3']);
    expect(idsOf(await queue.getPrioritized())).toEqual(['prioritized1', 'prioritized2', 'prioritized3']);
    expect(idsOf(await queue.getDelayed())).toEqual(['delayed1', 'delayed2', 'delayed3']);
    expect(idsOf(await queue.getActive())).toEqual(['active1', 'active2', 'active3']);
    expect(idsOf(await queue.getCompleted())).toEqual(['completed3', 'completed2', 'completed1']);
    expect(idsOf(await queue.getFailed())).toEqual(['failed3', 'failed2', 'failed1']);
    expect(idsOf(await queue.getWaiting(1, 1))).toEqual(['waiting2']);
    expect(idsOf(await queue.getPrioritized(1, 5))).toEqual(['prioritized2', 'prioritized3']);
    expect(idsOf(await queue.getCompleted(0, 0))).toEqual(['completed3']);
    expect(idsOf(await queue.getFailed(3, 9))).toEqual([]);
    expect(idsOf(await queue.getJobs(['failed', 'delayed'], 0, -1, true))).toHaveLength(6);
  });

  it('tell the state of a job, and that of none', async () => {
    const stand = await everyState();
    for (const state of ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const) {
      expect(await stand.queue.getJobState(`${state}2`)).toBe(state);
      const job = (await stand.queue.getJob(`${state}2`)) as Job;
      expect(await job.isWaiting()).toBe(state === 'waiting');
      expect(await job.isActive()).toBe(state === 'active');
      expect(await job.isCompleted()).toBe(state === 'completed');
      expect(await job.isFailed()).toBe(state === 'failed');
      expect(await job.isDelayed()).toBe(state === 'delayed');
      expect(job.data).toEqual({ nth: 2 });
    }
    expect(await stand.queue.getJobState('none')).toBe('unknown' satisfies JobState | 'unknown');
    expect(await stand.queue.getJob('none')).toBeUndefined();
  });

  it('show a cancelled job as failed, with the reason', async () => {
    const stand = open();
    const job = await stand.queue.add('t', {}, { jobId: 'a' });
    await stand.service.cancelJob('a');
    expect(await job.getState()).toBe('failed');
    expect(idsOf(await stand.queue.getFailed())).toEqual(['a']);
    expect((await stand.queue.getJob('a'))?.failedReason).toBe('job cancelled');
  });

  it('name the workers that are connected', async () => {
    const stand = open();
    const { worker } = stand.newWorker(undefined, { name: 'herder' });
    await worker.waitUntilReady();
    const named = await waitFor(async () => {
      const workers = await stand.queue.getWorkers();
      return workers.length > 0 && workers;
    });
    expect(named).toHaveLength(1);
    expect(JSON.stringify(named)).toContain('herder');
    expect(await stand.queue.getWorkersCount()).toBe(1);
  });
});

describe('ids', () => {
  it('are given by the store as growing numbers, to single and to many jobs', async () => {
    const stand = open();
    const first = await stand.queue.add('t', {});
    const bulk = await stand.queue.addBulk(Array.from({ length: 5 }, () => ({ name: 't', data: {} })));
    const numbers = [first, ...bulk].map((job) => Number(job.id));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('that exist keep their job, and the event stream says so', async () => {
    const stand = open();
    await stand.queue.add('t', { first: true }, { jobId: 'a' });
    const again = await stand.queue.add('t', { first: false }, { jobId: 'a' });
    expect(again.id).toBe('a');
    expect((await stand.queue.getJob('a'))?.data).toEqual({ first: true });
    expect((await stand.events()).at(-1)).toEqual({ event: 'duplicated', jobId: 'a' });
    expect(await stand.queue.count()).toBe(1);
  });

  it('that legacy uses are never given out', async () => {
    const stand = open();
    await stand.legacy.add({ id: '1' });
    await stand.legacy.add({ id: '2' });
    expect((await stand.queue.add('t', {})).id).toBe('3');
  });
});

describe('QueueEvents', () => {
  it('tells a whole life, and waitUntilFinished resolves or rejects with it', async () => {
    const stand = open();
    const events = stand.newEvents();
    await events.waitUntilReady();
    const seen: string[] = [];
    for (const name of [
      'added',
      'waiting',
      'active',
      'progress',
      'completed',
      'failed',
      'delayed',
    ] as const) {
      events.on(name, ({ jobId }: { jobId: string }) => seen.push(`${name} ${jobId}`));
    }
    stand.newWorker(async (job) => {
      await job.updateProgress(1);
      if (job.name === 'fails') throw new Error('as asked');
      return 42;
    });
    const works = await stand.queue.add('works', {}, { jobId: 'w' });
    expect(await works.waitUntilFinished(events)).toBe(42);
    const fails = await stand.queue.add('fails', {}, { jobId: 'f', delay: 1 });
    await expect(fails.waitUntilFinished(events)).rejects.toThrow('as asked');
    await waitFor(() => seen.includes('failed f'));
    expect(seen).toEqual([
      ...['added', 'waiting', 'active', 'progress', 'completed'].map((name) => `${name} w`),
      ...['added', 'delayed', 'waiting', 'active', 'progress', 'failed'].map((name) => `${name} f`),
    ]);
  });

  it('tells what legacy does, too', async () => {
    const stand = open();
    const events = stand.newEvents();
    await events.waitUntilReady();
    const seen: string[] = [];
    for (const name of ['added', 'active', 'completed'] as const) {
      events.on(name, ({ jobId }: { jobId: string }) => seen.push(`${name} ${jobId}`));
    }
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    await stand.legacy.dequeue();
    await stand.pass();
    await stand.legacy.saveResult('a', 7);
    await stand.legacy.complete('a');
    const job = await stand.queue.getJob('a');
    await stand.pass();
    expect(await job!.waitUntilFinished(events)).toBe(7);
    await waitFor(() => seen.length === 3);
    expect(seen).toEqual(['added a', 'active a', 'completed a']);
  });

  it('says once that the queue is drained', async () => {
    const stand = open();
    stand.newWorker();
    await stand.queue.addBulk(Array.from({ length: 5 }, () => ({ name: 't', data: {} })));
    await waitFor(async () => (await stand.events()).some(({ event }) => event === 'drained'));
    expect(await stand.queue.getCompletedCount()).toBe(5);
    expect((await stand.events()).filter(({ event }) => event === 'drained')).toHaveLength(1);
  });

  it('keeps a bounded number of events', async () => {
    const stand = open();
    for (let round = 0; round < 4; round++) {
      await stand.queue.addBulk(Array.from({ length: 100 }, () => ({ name: 't', data: {} })));
    }
    await stand.queue.trimEvents(0);
    expect((await stand.events()).length).toBeLessThan(200);
  });
});
