import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

describeWithGo('Jobs for later, seen and run by Go', () => {
  const open = useStand();

  it('a delayed job is pending to Go, but nothing it can take', async () => {
    const { go, ts } = open();
    await ts.queue.add('later', { n: 1 }, { jobId: 'a', delay: 3_600_000 });
    expect(await go.status('a')).toBe('pending');
    expect(await go.pending()).toEqual([]);
    expect(await go.stats()).toMatchObject({ queue_length: 0, processing_count: 0 });
    expect(await go.dequeue()).toBeNull();
  });

  it('it becomes ready in time with no worker of BullMQ there, only a process that looks after the queue', async () => {
    const { go, ts } = open();
    ts.standBy();
    const worker = go.work('--count', '1', '--sleep', '1ms');
    await ts.queue.add('later', {}, { jobId: 'a', delay: 50 });
    await worker.waitForStep('a', 'completed');
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 1, { what: 'BullMQ counting it' });
  });

  it('Go gets delayed jobs in the order in which they are due, within a priority', async () => {
    const { go, ts } = open();
    const now = Date.now();
    await ts.queue.addBulk([
      { name: 't', data: {}, opts: { jobId: 'third', priority: 2, delay: 30, timestamp: now } },
      { name: 't', data: {}, opts: { jobId: 'second', priority: 2, delay: 20, timestamp: now } },
      { name: 't', data: {}, opts: { jobId: 'first', priority: 1, delay: 40, timestamp: now } },
    ]);
    ts.standBy();
    await waitFor(async () => (await go.length()) === 3, { what: 'all three being ready' });
    const taken = [await go.dequeue(), await go.dequeue(), await go.dequeue()];
    expect(taken.map((job) => job?.id)).toEqual(['first', 'second', 'third']);
  });

  it('a retry that waits for its backoff is pending to Go, and Go may run it when it is due', async () => {
    const { go, ts } = open();
    const job = await ts.queue.add(
      'shaky',
      {},
      { attempts: 3, backoff: { type: 'fixed', delay: 3_600_000 } },
    );
    ts.work(() => {
      throw new Error('not yet');
    });
    await waitFor(async () => (await ts.queue.getDelayedCount()) === 1, {
      what: 'the job waiting for its retry',
    });
    expect(await go.status(job.id!)).toBe('pending');
    expect(await go.length()).toBe(0);
    await ts.queue.pause();
    await (await ts.queue.getJob(job.id!))?.promote();
    expect(await go.dequeue()).toMatchObject({ id: job.id });
    await go.complete(job.id!);
    ts.standBy();
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 1, { what: 'BullMQ counting it' });
  });

  it('Go cancels a delayed job, and it never runs', async () => {
    const { go, ts } = open();
    ts.standBy();
    await ts.queue.add('later', {}, { jobId: 'a', delay: 3_600_000 });
    await go.cancel('a');
    await waitFor(async () => (await ts.queue.getDelayedCount()) === 0, {
      what: 'the cancel being recorded',
    });
    expect(await ts.service.jobs.get('a')).toMatchObject({ state: 'cancelled' });
    await expect(ts.service.jobs.promote('a')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
  });

  it('Go adds a delayed job again, and it is ready at once', async () => {
    const { go, ts } = open();
    ts.standBy();
    await ts.queue.add('later', { n: 1 }, { jobId: 'a', delay: 3_600_000 });
    await go.add({ id: 'a', amount: 2 });
    await waitFor(async () => (await ts.queue.getDelayedCount()) === 0);
    expect(await go.dequeue()).toMatchObject({ id: 'a' });
    expect(await go.dequeue()).toBeNull();
  });
});
