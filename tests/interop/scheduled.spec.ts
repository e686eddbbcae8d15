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

  describe('runs of a job scheduler', () => {
    const EVERY = 1000;
    const timeOf = (run: string) => Number(run.split(':').at(-1));

    it('go on one after the other with Go workers alone, each run once', async () => {
      const { go, ts } = open();
      ts.standBy();
      await ts.queue.upsertJobScheduler('tick', { every: EVERY }, { name: 'tick', data: { n: 1 } });
      const worker = go.work('--sleep', '1ms');
      await waitFor(() => worker.ids('completed').length >= 3, {
        what: 'three runs by Go',
      });
      await ts.queue.removeJobScheduler('tick');
      await worker.close();
      const runs = worker.ids('completed');
      expect(new Set(runs).size).toBe(runs.length);
      for (const [nth, run] of runs.entries()) {
        expect(run).toMatch(/^repeat:tick:\d+$/);
        if (nth > 0) expect((timeOf(run) - timeOf(runs[nth - 1]!)) % EVERY).toBe(0);
      }
      expect(await go.result(runs[0]!)).toMatchObject({ language: 'go' });
    });

    it('are pending jobs to Go, which gets their payload like that of any job', async () => {
      const { go, ts, redis, key } = open();
      await ts.queue.upsertJobScheduler('tick', { every: 3_600_000 }, { name: 'tick', data: { n: 7 } });
      const run = await go.dequeue();
      expect(run).toMatchObject({ status: 'running' });
      const document = JSON.parse((await redis.get(key(`data:${run!.id}`))) ?? '{}') as object;
      expect(document).toMatchObject({ type: 'tick', payload: { n: 7 } });
    });

    it('go on after Go has failed one, and after Go has cancelled the next', async () => {
      const { go, ts } = open();
      ts.standBy();
      await ts.queue.upsertJobScheduler('tick', { every: 2 * EVERY }, { name: 'tick' });
      const next = async (after: string): Promise<string> => {
        const [run] = await waitFor(
          async () => {
            const found = await ts.queue.getJobs(['delayed', 'waiting']);
            return found.length === 1 && timeOf(found[0]!.id!) > timeOf(after) ? found : undefined;
          },
          { what: `the run after ${after}` },
        );
        return run!.id!;
      };
      const first = (await go.dequeue())!.id;
      await go.fail(first);
      const second = await next(first);
      await go.cancel(second);
      const third = await next(second);
      expect(timeOf(third)).toBeGreaterThan(timeOf(second));
      expect(await go.status(first)).toBe('failed');
      expect(await go.status(second)).toBe('cancelled');
    });

    it('that Go and a BullMQ worker share are each run once', async () => {
      const { go, ts } = open();
      await ts.queue.upsertJobScheduler('tick', { every: EVERY }, { name: 'tick' });
      const worker = go.work('--sleep', '1ms');
      const { ids } = ts.work();
      const done = () => [...worker.ids('completed'), ...ids()];
      await waitFor(() => done().length >= 4, { what: 'four runs' });
      await ts.queue.removeJobScheduler('tick');
      await worker.close();
      expect(new Set(done()).size).toBe(done().length);
    });
  });
});
