// BullMQ's own classes on the store: the basics of Queue and Worker.
import { UnrecoverableError, type Job } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const stateOf = async (stand: Stand, id: string) => (await stand.queue.getJob(id))?.getState();
const ended = (stand: Stand, id: string) =>
  waitFor(async () => /completed|failed/.test((await stateOf(stand, id)) ?? ''), { what: `${id} to end` });

describe('order', () => {
  it('is by priority, none first, then by arrival; lifo goes first', async () => {
    const stand = open();
    const { queue } = stand;
    await queue.add('t', {}, { jobId: 'p5', priority: 5 });
    await queue.add('t', {}, { jobId: 'p1', priority: 1 });
    await queue.add('t', {}, { jobId: 'none1' });
    await queue.add('t', {}, { jobId: 'none2' });
    await queue.add('t', {}, { jobId: 'lifo1', lifo: true });
    await queue.add('t', {}, { jobId: 'lifo2', lifo: true });
    await queue.add('t', {}, { jobId: 'p1-later', priority: 1 });
    await queue.add('t', {}, { jobId: 'p2000000', priority: 2_000_000 });
    const expected = ['lifo2', 'lifo1', 'none1', 'none2', 'p1', 'p1-later', 'p5', 'p2000000'];
    expect(await stand.queued()).toEqual(expected);
    const { ids } = stand.newWorker();
    await ended(stand, 'p2000000');
    expect(ids()).toEqual(expected);
  });

  it('follows changePriority, at the tail or at the head of the new one', async () => {
    const stand = open();
    const jobs: Job[] = [];
    for (const id of ['a', 'b', 'c', 'd'])
      jobs.push(await stand.queue.add('t', {}, { jobId: id, priority: 2 }));
    await jobs[2]!.changePriority({ priority: 1 });
    await jobs[3]!.changePriority({ priority: 2, lifo: true });
    await jobs[0]!.changePriority({ priority: 3 });
    expect(await stand.queued()).toEqual(['c', 'd', 'b', 'a']);
    expect((await stand.queue.getJob('a'))?.priority).toBe(3);
    expect(await stand.queue.getCountsPerPriority([0, 1, 2, 3])).toEqual({ 0: 0, 1: 1, 2: 2, 3: 1 });
  });
});

describe('delay', () => {
  it('lets jobs run when they are due, in order, and an earlier one wakes a waiting worker', async () => {
    const stand = open();
    const { ids, worker } = stand.newWorker();
    await worker.waitUntilReady();
    await stand.queue.add('t', {}, { jobId: 'far', delay: 3_600_000 });
    await stand.queue.add('t', {}, { jobId: 'later', delay: 400 });
    await stand.queue.add('t', {}, { jobId: 'sooner', delay: 100 });
    expect(await stateOf(stand, 'sooner')).toBe('delayed');
    await ended(stand, 'later');
    expect(ids()).toEqual(['sooner', 'later']);
    const [sooner, later] = [await stand.queue.getJob('sooner'), await stand.queue.getJob('later')];
    for (const [job, delay] of [
      [sooner, 100],
      [later, 400],
    ] as const) {
      expect(job!.processedOn! - job!.timestamp).toBeGreaterThanOrEqual(delay);
    }
    expect(await stand.queue.getDelayedCount()).toBe(1);
  });

  it('of the same millisecond keeps the order of arrival', async () => {
    const stand = open();
    const ids = Array.from({ length: 20 }, (_, at) => `job-${20 - at}`);
    const timestamp = Date.now();
    await stand.queue.addBulk(
      ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId, delay: 50, timestamp } })),
    );
    const worker = stand.newWorker();
    await ended(stand, ids.at(-1)!);
    expect(worker.ids()).toEqual(ids);
  });

  it('can be changed, and promoted away', async () => {
    const stand = open();
    const job = await stand.queue.add('t', {}, { jobId: 'a', delay: 3_600_000 });
    await stand.queue.add('t', {}, { jobId: 'b', delay: 3_600_000 });
    const { ids } = stand.newWorker();
    await job.changeDelay(50);
    await ended(stand, 'a');
    await stand.queue.promoteJobs();
    await ended(stand, 'b');
    expect(ids()).toEqual(['a', 'b']);
  });

  it('is kept while the queue is paused, and nothing runs then', async () => {
    const stand = open();
    const { ids } = stand.newWorker();
    await stand.queue.pause();
    await stand.queue.add('t', {}, { jobId: 'delayed', delay: 1 });
    await stand.queue.add('t', {}, { jobId: 'waiting' });
    expect(await stand.queue.isPaused()).toBe(true);
    expect(await stateOf(stand, 'waiting')).toBe('waiting');
    expect(ids()).toEqual([]);
    await stand.queue.resume();
    await ended(stand, 'delayed');
    await ended(stand, 'waiting');
    expect(await stand.queue.isPaused()).toBe(false);
  });
});

describe('retries', () => {
  it('follow fixed and exponential backoff until a run succeeds, and count attempts', async () => {
    const stand = open();
    const starts: number[] = [];
    stand.newWorker(async (job) => {
      starts.push(Date.now());
      if (job.attemptsMade < 3) throw new Error(`attempt ${job.attemptsMade}`);
      return 'at last';
    });
    await stand.queue.add('t', {}, { jobId: 'a', attempts: 4, backoff: { type: 'exponential', delay: 50 } });
    await ended(stand, 'a');
    const job = await stand.queue.getJob('a');
    expect(job).toMatchObject({ returnvalue: 'at last', attemptsMade: 4, attemptsStarted: 4 });
    expect(job?.stacktrace).toHaveLength(3);
    const delays = (await stand.events()).filter(({ event }) => event === 'delayed');
    expect(delays.map(({ delay }, at) => Number(delay) >= starts[at]! + 50 * 2 ** at)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('end when the attempts are used up, with the last reason and the events that say so', async () => {
    const stand = open();
    stand.newWorker(async () => {
      throw new Error('broken');
    });
    await stand.queue.add('t', {}, { jobId: 'a', attempts: 2 });
    await ended(stand, 'a');
    const job = await stand.queue.getJob('a');
    expect(job).toMatchObject({ failedReason: 'broken', attemptsMade: 2 });
    const events = (await stand.events()).filter(({ jobId }) => jobId === 'a').map(({ event }) => event);
    expect(events.slice(-2).sort()).toEqual(['failed', 'retries-exhausted']);
    await job!.retry('failed');
    await waitFor(async () => (await stand.queue.getJob('a'))!.attemptsMade > 2);
  });

  it('are not made for an unrecoverable error', async () => {
    const stand = open();
    stand.newWorker(async () => {
      throw new UnrecoverableError('for good');
    });
    await stand.queue.add('t', {}, { jobId: 'a', attempts: 9 });
    await ended(stand, 'a');
    expect(await stand.queue.getJob('a')).toMatchObject({ failedReason: 'for good', attemptsMade: 1 });
  });

  it('of all failed jobs at once bring each back once', async () => {
    const stand = open();
    let broken = true;
    const { ids } = stand.newWorker(async () => {
      if (broken) throw new Error('broken');
    });
    const names = Array.from({ length: 25 }, (_, at) => `job-${at}`);
    await stand.queue.addBulk(names.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    await waitFor(async () => (await stand.queue.getFailedCount()) === 25);
    broken = false;
    await stand.queue.retryJobs();
    await waitFor(async () => (await stand.queue.getCompletedCount()) === 25);
    expect(ids()).toHaveLength(50);
  });
});

describe('a running job', () => {
  it('reports progress, rows of a log, new data and a result', async () => {
    const stand = open();
    stand.newWorker(async (job) => {
      await job.updateProgress(40);
      await job.log('one');
      await job.log('two');
      await job.updateData({ changed: true });
      await job.updateProgress({ done: 'all' });
      return { ok: [1, null, 'ü'] };
    });
    await stand.queue.add('t', { a: 1 }, { jobId: 'a' });
    await ended(stand, 'a');
    expect(await stand.queue.getJob('a')).toMatchObject({
      progress: { done: 'all' },
      data: { changed: true },
      returnvalue: { ok: [1, null, 'ü'] },
    });
    expect(await stand.queue.getJobLogs('a')).toEqual({ logs: ['one', 'two'], count: 2 });
    expect(await stand.queue.getJobLogs('a', 0, 0, false)).toEqual({ logs: ['two'], count: 2 });
  });

  it.each([undefined, null, 0, '', false, [], {}, 'text'])('may return %p', async (value) => {
    const stand = open();
    stand.newWorker(async () => value);
    await stand.queue.add('t', {}, { jobId: 'a' });
    await ended(stand, 'a');
    expect((await stand.queue.getJob('a'))?.returnvalue).toEqual(value ?? null);
  });

  it('whose worker is gone is told as stalled, and runs again', async () => {
    const stand = open();
    await stand.queue.add('t', {}, { jobId: 'a' });
    await stand.claim('crashed');
    await stand.endLease('a');
    const stalled: string[] = [];
    const { worker, ids } = stand.newWorker(async () => undefined, {
      stalledInterval: 100,
      maxStalledCount: 1,
    });
    worker.on('stalled', (id) => stalled.push(id));
    await ended(stand, 'a');
    expect(stalled).toEqual(['a']);
    expect(ids()).toEqual(['a']);
    expect(await stand.queue.getJob('a')).toMatchObject({ stalledCounter: 1, attemptsStarted: 2 });
  });

  it('is reported with a stale token in vain: the error has the code and the text BullMQ knows', async () => {
    const stand = open();
    const job = await stand.queue.add('t', {}, { jobId: 'a' });
    await stand.claim('mine');
    await expect(job.moveToCompleted(1, 'stale', false)).rejects.toThrow(
      /Lock mismatch for job a\. Cmd moveToFinished/,
    );
    await expect(job.moveToFailed(new Error('x'), 'stale', false)).rejects.toMatchObject({ code: -6 });
    await expect(job.moveToDelayed(Date.now() + 1000, 'stale')).rejects.toMatchObject({ code: -6 });
    expect(await job.extendLock('stale', 1000)).toBe(0);
    await expect(job.remove()).rejects.toThrow(/could not be removed because it is locked/);
    expect(await stateOf(stand, 'a')).toBe('active');
    await stand.endLease('a');
    await stand.backend.running.recoverStalled();
    await expect(job.moveToCompleted(1, 'mine', false)).rejects.toMatchObject({ code: -2 });
    await stand.queue.obliterate({ force: true });
    await expect(job.moveToCompleted(1, 'mine', false)).rejects.toMatchObject({ code: -1 });
  });

  it('keeps its lease for as long as its handler runs', async () => {
    const stand = open();
    let finish: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (finish = resolve));
    const { errors } = stand.newWorker(() => running, { lockDuration: 300, stalledInterval: 100 });
    await stand.queue.add('t', {}, { jobId: 'a' });
    await waitFor(async () => (await stateOf(stand, 'a')) === 'active');
    const first = Number(await stand.redis.zscore(stand.key('leases'), 'a'));
    await waitFor(async () => Number(await stand.redis.zscore(stand.key('leases'), 'a')) > first + 600);
    finish();
    await ended(stand, 'a');
    expect(errors).toEqual([]);
    expect((await stand.queue.getJob('a'))?.attemptsStarted).toBe(1);
  });
});
