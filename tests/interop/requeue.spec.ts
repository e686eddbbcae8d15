import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

const payload = {
  to: ['ada@example.org'],
  empty: { list: [], object: {}, text: '' },
  big: 9007199254740991,
  fraction: 0.1,
  text: 'ü "quoted" \\ / \u2028 <&> 😀',
  id: 'not the id',
  priority: 'not the priority',
};

describeWithGo('FailJob with requeue by Go', () => {
  const open = useStand();

  it('keeps type and payload of a job that TypeScript added', async () => {
    const { go, ts, redis, key } = open();
    ts.standBy();
    const job = await ts.queue.add('mail.send', payload, { priority: 1 });

    expect(await go.dequeue()).toMatchObject({ id: job.id, priority: 2 });
    await go.failRequeue(job.id!);

    expect(await go.status(job.id!)).toBe('pending');
    await waitFor(async () => (await redis.get(key(`data:${job.id}`)))?.includes('"payload"'), {
      what: 'the payload being back in the document',
    });
    expect(await go.pending()).toMatchObject([{ id: job.id, priority: 1 }]);
    expect(await ts.service.jobs.find(job.id!)).toMatchObject({
      type: 'mail.send',
      payload,
      status: 'pending',
      legacy: false,
    });

    const { runs } = ts.work();
    await go.waitForStatus(job.id!, 'completed');
    expect(runs).toMatchObject([{ id: job.id, type: 'mail.send', data: payload }]);
  });

  it('lowers the priority by one each time, not below 0', async () => {
    const { go, ts } = open();
    await ts.service.addJob({ id: 'a', priority: 'high' });
    for (const priority of [2, 1, 0, 0]) {
      const job = await go.dequeue();
      expect(job).toMatchObject({ id: 'a', priority });
      await go.failRequeue('a');
    }
    expect(await go.length()).toBe(1);
  });

  it('puts the job behind those that have its new priority', async () => {
    const { go, ts } = open();
    await ts.service.addJob({ id: 'z', priority: 'high' });
    await ts.service.addJob({ id: 'y', priority: 'normal' });
    await go.dequeue();
    await go.failRequeue('z');

    const { ids } = ts.work();
    await go.waitForStatus('z', 'completed');
    expect(ids()).toEqual(['y', 'z']);
  });

  it('keeps what the service has put into a job of its own', async () => {
    const { go, ts } = open();
    await go.add({ id: 'a', amount: 9, username: 'ada', priority: 0 });
    await go.dequeue();
    await go.failRequeue('a');

    const { runs } = ts.work();
    await go.waitForStatus('a', 'completed');
    expect(runs).toMatchObject([{ id: 'a', data: { id: 'a', count: 9, username: 'ada', priority: 0 } }]);
  });

  it('keeps the payload through Go, TypeScript and Go again', async () => {
    const { go, ts } = open();
    const job = await ts.queue.add('mail.send', payload, { priority: 1, attempts: 5 });
    for (let round = 0; round < 3; round++) {
      expect(await go.dequeue()).toMatchObject({ id: job.id });
      await go.failRequeue(job.id!);
    }
    let failures = 1;
    const { runs } = ts.work(() => {
      if (failures-- > 0) throw new Error('try again');
      return 'sent';
    });
    await go.waitForStatus(job.id!, 'completed');
    expect(runs).toMatchObject([{ data: payload }, { data: payload }]);
    expect(await go.result(job.id!)).toBe('sent');
  });

  it('of a job that TypeScript runs takes it away from there, and it runs again once', async () => {
    const { go, ts } = open();
    const { runs } = ts.work(({ signal }) => {
      if (runs.length > 1) return 'second';
      return new Promise((resolve) =>
        signal.addEventListener('abort', () => resolve('first'), { once: true }),
      );
    });
    await ts.queue.add('mail.send', payload, { jobId: 'a', priority: 2 });
    await waitFor(() => runs.length === 1);

    await go.failRequeue('a');
    await waitFor(() => runs.length === 2, { what: 'the second run' });
    await go.waitForStatus('a', 'completed');

    expect(runs[0]!.signal.aborted).toBe(true);
    expect(runs[1]!.data).toEqual(payload);
    expect(await go.result('a')).toBe('second');
    expect(await go.processing()).toBe(0);
  });

  it('of a job that had failed for good makes it pending, and it runs', async () => {
    const { go, ts } = open();
    ts.standBy();
    await ts.queue.add('mail.send', payload, { jobId: 'a' });
    await go.dequeue();
    await go.fail('a');
    await waitFor(async () => (await ts.queue.getFailedCount()) === 1);

    await go.failRequeue('a');
    const { runs } = ts.work();
    await go.waitForStatus('a', 'completed');
    expect(runs).toMatchObject([{ type: 'mail.send', data: payload }]);
    expect(await ts.queue.getFailedCount()).toBe(0);
  });
});
