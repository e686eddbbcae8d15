import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';
import type { Run } from './support/ts-side.js';

/** The contract: the signal of a running handler fires within this, whoever cancels. */
const ABORT_MS = 5000;

/** A handler that ends only when it is told to stop, and then claims success all the same. */
const stubborn = ({ signal }: Run) =>
  new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => resolve('too late'), { once: true }),
  );

describeWithGo('cancel across languages', () => {
  const open = useStand();

  it('Go cancels what TypeScript runs: the signal fires, and the late result changes nothing', async () => {
    const { go, ts } = open();
    const watch = await go.watch();
    const { runs } = ts.work(stubborn);
    await go.add({ id: 'a' });
    const run = await waitFor(() => runs[0]);

    await go.cancel('a');
    await waitFor(() => run.signal.aborted, { timeoutMs: ABORT_MS, what: 'the signal firing' });

    // A job that comes after it shows that the worker is done with the cancelled one.
    await go.add({ id: 'next' });
    await waitFor(() => runs.length === 2);
    expect(await go.status('a')).toBe('cancelled');
    expect(await go.isProcessing('a')).toBe(false);
    await expect(go.result('a')).rejects.toThrow('job result not found');
    expect(watch.heard('a')).toContain('job_cancelled cancelled');
    expect(watch.heard('a')).not.toContain('job_completed completed');
    expect((await ts.service.jobs.find('a'))?.status).toBe('cancelled');
    await go.cancel('next');
  });

  it('also when the store looks around only once an hour', async () => {
    const { go, ts } = open({ reconcileSeconds: 3600 });
    const { runs } = ts.work(stubborn);
    await ts.queue.add('long', {}, { jobId: 'a' });
    const run = await waitFor(() => runs[0]);

    await go.cancel('a');
    await waitFor(() => run.signal.aborted, { timeoutMs: ABORT_MS, what: 'the signal firing' });
    expect(await go.status('a')).toBe('cancelled');
  });

  it('fires only the signal of the job that was cancelled', async () => {
    const { go, ts } = open();
    const { runs } = ts.work(stubborn, { concurrency: 3 });
    for (const id of ['a', 'b', 'c']) await go.add({ id });
    await waitFor(() => runs.length === 3);

    await go.cancel('b');
    const signalOf = (id: string) => runs.find((run) => run.id === id)!.signal;
    await waitFor(() => signalOf('b').aborted, { timeoutMs: ABORT_MS });

    expect(signalOf('a').aborted).toBe(false);
    expect(signalOf('c').aborted).toBe(false);
    await go.cancel('a');
    await go.cancel('c');
    await waitFor(() => runs.every(({ signal }) => signal.aborted), { timeoutMs: ABORT_MS });
  });

  it('Go fails what TypeScript runs: it stays failed', async () => {
    const { go, ts } = open();
    let finish = () => {};
    const { runs } = ts.work(() => new Promise<void>((resolve) => (finish = resolve)));
    await go.add({ id: 'a' });
    await waitFor(() => runs.length === 1);

    await go.fail('a');
    finish();
    await go.add({ id: 'next' });
    await waitFor(() => runs.length === 2);

    expect(await go.status('a')).toBe('failed');
    finish();
  });

  it('Go cancels what TypeScript added: it never runs', async () => {
    const { go, ts } = open();
    ts.standBy();
    await ts.queue.add('x', {}, { jobId: 'a' });
    await ts.queue.add('x', {}, { jobId: 'later', delay: 60_000 });
    await go.cancel('a');
    await go.cancel('later');
    await ts.queue.add('x', {}, { jobId: 'b' });

    const { ids } = ts.work();
    await go.waitForStatus('b', 'completed');

    expect(ids()).toEqual(['b']);
    await waitFor(async () => (await ts.service.jobs.find('later'))?.status === 'cancelled');
    expect(await ts.service.getJobStatus('a')).toBe('cancelled');
    await waitFor(async () => (await ts.queue.getDelayedCount()) === 0, {
      what: 'it leaving the delayed jobs',
    });
  });

  it("Go cancels a delayed job: it does not run when it is due, also when Go's status has ended by then", async () => {
    const { ts, redis, key, go } = open({ goTtlSeconds: 1, reconcileSeconds: 0.1 });
    const { ids } = ts.work();
    await ts.queue.add('x', {}, { jobId: 'a', delay: 2500 });
    await ts.queue.add('x', {}, { jobId: 'after', delay: 2600 });

    await go.cancel('a');
    expect(await redis.pttl(key('status:a'))).not.toBe(-2);
    await go.waitForStatus('after', 'completed');

    expect(ids()).toEqual(['after']);
  });

  it('TypeScript cancels what Go added: Go does not get it', async () => {
    const { go, ts } = open();
    const watch = await go.watch();
    await go.add({ id: 'a' });
    await go.add({ id: 'b' });

    await ts.service.cancelJob('a');
    await watch.waitForEvent('a', 'job_cancelled');

    expect(await go.status('a')).toBe('cancelled');
    expect(await go.dequeue()).toMatchObject({ id: 'b' });
    expect(await go.dequeue()).toBeNull();
  });

  it('TypeScript cancels what TypeScript runs: Go hears of it once', async () => {
    const { go, ts } = open();
    const watch = await go.watch();
    const { runs } = ts.work(stubborn);
    await go.add({ id: 'a' });
    const run = await waitFor(() => runs[0]);

    await ts.service.cancelJob('a');
    await waitFor(() => run.signal.aborted, { timeoutMs: ABORT_MS });
    await go.add({ id: 'next' });
    await waitFor(() => runs.length === 2);

    expect(watch.heard('a').slice(-2)).toEqual(['status_updated cancelled', 'job_cancelled cancelled']);
    expect(watch.heard('a').filter((line) => line.startsWith('job_cancelled'))).toHaveLength(1);
    await ts.service.cancelJob('next');
  });

  it('TypeScript cancels what Go runs: Go can read it, and nothing runs it again', async () => {
    const { go, ts } = open();
    const worker = go.work('--sleep', '300ms', '--heed-cancel', '--poll', '10ms');
    await ts.queue.add('x', {}, { jobId: 'a' });
    await worker.waitForStep('a', 'running');

    await ts.service.cancelJob('a');
    expect(await go.isProcessing('a')).toBe(false);
    await worker.waitForStep('a', 'cancelled');

    expect(await go.status('a')).toBe('cancelled');
    expect(worker.ids('running')).toEqual(['a']);
  });

  it('a late CompleteJob of Go does not bring a cancelled job back to life', async () => {
    const { go, ts } = open();
    ts.standBy();
    await ts.queue.add('x', {}, { jobId: 'a' });
    await go.dequeue();

    await ts.service.cancelJob('a');
    await go.complete('a');

    await go.waitForStatus('a', 'cancelled');
    expect((await ts.service.jobs.find('a'))?.status).toBe('cancelled');
    expect(await go.length()).toBe(0);
    expect(await go.processing()).toBe(0);
  });
});
