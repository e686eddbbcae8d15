import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

describeWithGo('TypeScript adds, Go runs', () => {
  const open = useStand();

  it('gives Go the job, and sees how Go completes it', async () => {
    const { go, ts } = open();
    await ts.service.addJob({ id: 'a', priority: 'high', count: 7, username: 'ada' });

    const job = await go.dequeue();
    expect(job).toMatchObject({
      id: 'a',
      priority: 2,
      count: 7,
      username: 'ada',
      progress: 0,
      deleted_at: null,
    });
    expect(await ts.service.getJobStatus('a')).toBe('running');
    expect(await ts.service.isJobProcessing('a')).toBe(true);

    await go.saveResult('a', { sent: 7 });
    await go.complete('a');
    expect(await ts.service.getJobStatus('a')).toBe('completed');
    expect(await ts.service.getJobResult('a')).toEqual({ sent: 7 });
    expect(await ts.service.isJobProcessing('a')).toBe(false);
  });

  it('shows a job that Go ran in the lists of jobs, with its result', async () => {
    const { go, ts } = open();
    ts.standBy();
    const { id } = await ts.service.jobs.create({ type: 'example.echo', payload: { n: 1 } });

    await go.dequeue();
    await waitFor(async () => (await ts.service.jobs.find(id))?.status === 'running');
    await go.saveResult(id, [1]);
    await go.complete(id);

    const done = await waitFor(async () => {
      const job = await ts.service.jobs.find(id);
      return job?.status === 'completed' ? job : undefined;
    });
    expect(done).toMatchObject({ type: 'example.echo', payload: { n: 1 }, result: [1], legacy: false });
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 1, { what: 'BullMQ counting it' });
    expect((await ts.service.jobs.stats()).byStatus).toMatchObject({ completed: 1, running: 0, pending: 0 });
  });

  it('shows a job that Go failed as failed', async () => {
    const { go, ts } = open();
    ts.standBy();
    const job = await ts.queue.add('example.echo', { n: 1 });

    await go.dequeue();
    await go.fail(job.id!);

    expect(await ts.service.getJobStatus(job.id!)).toBe('failed');
    await waitFor(async () => (await job.getState()) === 'failed');
    expect((await ts.service.jobs.find(job.id!))?.status).toBe('failed');
    expect(await ts.service.getProcessingCount()).toBe(0);
  });

  it('is heard by a TypeScript subscriber', async () => {
    const { go, ts } = open();
    const heard: string[] = [];
    const updates = ts.service.subscribe();
    const listening = (async () => {
      for await (const { event, job_id, data } of updates) heard.push(`${job_id} ${event} ${data.status}`);
    })();
    // Only a message tells that the subscription stands.
    await waitFor(async () => {
      await go.updateStatus('probe', 'pending');
      return heard.length > 0;
    });

    await go.add({ id: 'a' });
    await go.dequeue();
    await go.complete('a');
    await waitFor(() => heard.includes('a job_completed completed'));
    await updates.close();
    await listening;

    expect(heard.filter((line) => line.startsWith('a '))).toEqual([
      'a status_updated pending',
      'a job_added pending',
      'a status_updated running',
      'a status_updated completed',
      'a job_completed completed',
    ]);
  });

  it.each([
    [1, 2],
    [2, 1],
    [3, 0],
    [10, -7],
    [undefined, 3],
  ])('tells Go of BullMQ priority %s as %s', async (bull, contract) => {
    const { go, ts } = open();
    await ts.queue.add('example.echo', {}, bull === undefined ? {} : { priority: bull });
    expect(await go.dequeue()).toMatchObject({ priority: contract });
  });

  it('gives Go documents that its struct can read whatever the progress and the data are', async () => {
    const { go, ts } = open();
    const job = await ts.queue.add('odd', { id: 5, status: ['x'], created_at: 'never', count: 'many' });
    await job.updateProgress(33.3);
    await job.updateProgress({ step: 'two' });

    expect(await go.pending()).toHaveLength(1);
    expect(await go.dequeue()).toMatchObject({ id: job.id, status: 'running', count: 0 });
  });

  it.each([
    ['a list', [1, 2]],
    ['text', 'x'],
    ['null', null],
    ['nothing', undefined],
  ])('gives Go a document also when the data is %s', async (_, data) => {
    const { go, ts } = open();
    const job = await ts.queue.add('odd', data);
    expect(await go.dequeue()).toMatchObject({ id: job.id });
  });

  it('shows a delayed job to Go only once it is due', async () => {
    const { go, ts } = open();
    const job = await ts.queue.add('later', {}, { delay: 3_600_000 });
    expect(await go.status(job.id!)).toBe('pending');
    expect(await go.length()).toBe(0);
    expect(await go.dequeue()).toBeNull();

    await job.promote();
    expect(await go.length()).toBe(1);
    expect(await go.dequeue()).toMatchObject({ id: job.id });
  });

  it('lets a Go worker loop run fifty jobs, with results and heartbeats', async () => {
    const { go, ts, redis, address } = open();
    ts.standBy();
    const ids = (
      await ts.queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: 'go', data: { n } })))
    ).map(({ id }) => id!);

    const worker = go.work('--count', '50', '--sleep', '0s', '--heartbeat', '--worker-id', 'herd-1');
    await worker.exited;

    expect(worker.errors).toBe('');
    expect(worker.ids('completed')).toEqual(ids);
    expect(await ts.service.getJobResult(ids[49]!)).toMatchObject({ language: 'go', worker_id: 'herd-1' });
    const health = JSON.parse((await redis.get(`${address.prefix}:worker:health:herd-1`)) ?? '{}') as unknown;
    expect(health).toMatchObject({
      worker_id: 'herd-1',
      jobs_processed: 50,
      jobs_succeeded: 50,
      jobs_failed: 0,
    });
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 50, { what: 'BullMQ counting them' });
  });
});
