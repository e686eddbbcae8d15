import { createBackendFactory } from '#libs/queue';
import { FlowProducer, type FlowJob } from 'bullmq';
import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { LegacyGo } from './support/legacy-go.js';
import { useStand, type Stand } from './support/stand.js';
import { TsSide } from './support/ts-side.js';

describeWithGo('Flows whose jobs Go and TypeScript share', () => {
  const open = useStand();
  const closing: { close(): Promise<unknown> }[] = [];
  afterEach(() => Promise.all(closing.splice(0).map((one) => one.close())));

  function keep<T extends { close(): Promise<unknown> }>(one: T): T {
    closing.push(one);
    return one;
  }

  async function add({ address: { url, prefix } }: Stand, flow: FlowJob): Promise<void> {
    const producer = keep(new FlowProducer({ connection: { url }, prefix }, createBackendFactory()));
    await producer.add(flow);
  }

  const part = (jobId: string, opts: object = {}): FlowJob => ({
    name: 'part',
    queueName: 'jobs',
    data: { part: jobId },
    opts: { jobId, ...opts },
  });
  const sum = (...children: FlowJob[]): FlowJob => ({
    name: 'sum',
    queueName: 'jobs',
    data: { of: children.length },
    opts: { jobId: 'parent' },
    children,
  });

  it('Go sees the children only, and reads the parent as pending', async () => {
    const stand = open();
    await add(stand, sum(part('a'), part('b')));
    expect(await stand.go.status('parent')).toBe('pending');
    expect(await stand.go.isProcessing('parent')).toBe(false);
    expect((await stand.go.pending()).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(await stand.go.stats()).toMatchObject({ queue_length: 2, processing_count: 0 });
  });

  it('children that Go runs give their results to a parent that a BullMQ worker runs', async () => {
    const stand = open();
    const { go, ts, key } = stand;
    await add(stand, sum(part('a'), part('b')));
    const worker = go.work('--count', '2', '--sleep', '1ms', '--worker-id', 'herd');
    await worker.exited;
    expect(worker.ids('completed')).toEqual(['a', 'b']);

    const { runs } = ts.work(async ({ id }) => (await ts.queue.getJob(id))?.getChildrenValues());
    await go.waitForStatus('parent', 'completed');
    expect(runs).toMatchObject([{ id: 'parent', type: 'sum', data: { of: 2 } }]);
    expect(await go.result('parent')).toMatchObject({
      [key('a')]: { job_id: 'a', language: 'go', worker_id: 'herd' },
      [key('b')]: { job_id: 'b', language: 'go', worker_id: 'herd' },
    });
  });

  it('a parent whose children a BullMQ worker has run is run by Go', async () => {
    const stand = open();
    const { go, ts } = stand;
    await add(stand, sum(part('a', { priority: 1 }), part('b', { priority: 1 })));
    await ts.queue.pause();
    ts.standBy();
    // A paused queue keeps BullMQ's workers away, not Go: so each side runs what it is to run here.
    for (const id of ['a', 'b']) {
      await ts.service.saveJobResult(id, { by: 'typescript' });
      await ts.service.completeJob(id);
    }
    expect(await go.dequeue()).toMatchObject({ id: 'parent', status: 'running' });
    await go.saveResult('parent', { by: 'go' });
    await go.complete('parent');
    const parent = await waitFor(async () => {
      const job = await ts.queue.getJob('parent');
      return (await job?.isCompleted()) ? job : undefined;
    });
    expect(parent.returnvalue).toEqual({ by: 'go' });
    expect(Object.values(await parent.getChildrenValues())).toEqual([
      { by: 'typescript' },
      { by: 'typescript' },
    ]);
  });

  it('a Go worker loop runs a whole tree, leaves first', async () => {
    const stand = open();
    const { go, ts } = stand;
    ts.standBy();
    const branch = (jobId: string, ...children: FlowJob[]) => ({ ...part(jobId), children });
    await add(stand, sum(branch('left', part('l1'), part('l2')), branch('right', part('r1'))));
    const worker = go.work('--count', '6', '--sleep', '1ms');
    await worker.exited;
    const order = worker.ids('completed');
    expect([...order].sort()).toEqual(['l1', 'l2', 'left', 'parent', 'r1', 'right']);
    expect(order.at(-1)).toBe('parent');
    expect(order.indexOf('left')).toBeGreaterThan(order.indexOf('l2'));
    expect(order.indexOf('right')).toBeGreaterThan(order.indexOf('r1'));
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 6, { what: 'BullMQ counting them' });
  });

  it('each language has a queue of its own: Go runs the parts, TypeScript the sum', async () => {
    const stand = open();
    const { ts, address, key } = stand;
    const parts = { ...address, queue: 'parts' };
    const go = keep(new LegacyGo(parts));
    keep(new TsSide(parts, { reconcileSeconds: 1 })).standBy();
    const children = ['a', 'b', 'c'].map((id) => ({ ...part(id), queueName: 'parts' }));
    await add(stand, sum(...children));
    const { runs } = ts.work(async ({ id }) =>
      Object.keys((await (await ts.queue.getJob(id))?.getChildrenValues()) ?? {}).sort(),
    );
    go.work('--count', '3', '--sleep', '1ms');
    await stand.go.waitForStatus('parent', 'completed');
    expect(runs.map(({ id }) => id)).toEqual(['parent']);
    expect(await stand.go.result('parent')).toEqual(
      ['a', 'b', 'c'].map((id) => key(id).replace(':jobs:', ':parts:')),
    );
  });

  it('both languages run children side by side, and the parent goes on once', async () => {
    const stand = open();
    const { go, ts } = stand;
    const ids = Array.from({ length: 60 }, (_, nth) => `c${nth}`);
    await add(stand, sum(...ids.map((id) => part(id))));
    const loops = [go.work('--sleep', '2ms'), go.work('--sleep', '3ms')];
    const { ids: ran } = ts.work(({ id }) => ({ ran: id }));
    await go.waitForStatus('parent', 'completed', 40_000);
    const done = [...loops.flatMap((loop) => loop.ids('completed')), ...ran()];
    expect([...done].sort()).toEqual([...ids, 'parent'].sort());
    const parent = await ts.queue.getJob('parent');
    expect(Object.keys((await parent?.getChildrenValues()) ?? {})).toHaveLength(60);
  });

  it.each([
    ['failParentOnFailure', 'failed'],
    ['continueParentOnFailure', 'pending'],
    ['ignoreDependencyOnFailure', 'pending'],
    ['removeDependencyOnFailure', 'pending'],
  ])('a child that Go fails does to the parent what its option %s says', async (option, becomes) => {
    const stand = open();
    const { go, ts } = stand;
    ts.standBy();
    await add(stand, sum(part('a', { [option]: true })));
    await go.dequeue();
    await go.fail('a');
    if (becomes === 'failed') ts.work();
    else await waitFor(async () => (await go.pending())[0]?.id === 'parent', { what: 'the parent going on' });
    await go.waitForStatus('parent', becomes);
  });

  it('a child that Go requeues is still waited for', async () => {
    const stand = open();
    const { go, ts, key } = stand;
    ts.standBy();
    await add(stand, sum(part('a', { priority: 1 })));
    await go.dequeue();
    await go.failRequeue('a');
    const { ids } = ts.work();
    await go.waitForStatus('parent', 'completed');
    expect(ids()).toEqual(['a', 'parent']);
    expect(await (await ts.queue.getJob('parent'))?.getChildrenValues()).toEqual({
      [key('a')]: { ran: 'a' },
    });
  });

  it('a parent that Go cancels does not run when its children have', async () => {
    const stand = open();
    const { go, ts } = stand;
    ts.standBy();
    await add(stand, sum(part('a')));
    await go.cancel('parent');
    const { ids } = ts.work();
    await go.waitForStatus('a', 'completed');
    await waitFor(async () => (await ts.queue.getFailedCount()) === 1, { what: 'the cancel being recorded' });
    expect(await go.status('parent')).toBe('cancelled');
    expect(ids()).toEqual(['a']);
  });

  it('a job that Go added becomes a child, and Go or TypeScript runs it', async () => {
    const stand = open();
    const { go, ts, key } = stand;
    await go.add({ id: 'theirs', amount: 9 });
    await add(stand, sum(part('theirs')));
    expect(await go.length()).toBe(1);
    const { runs } = ts.work(({ data }) => (data as { count?: number }).count ?? 'none');
    await go.waitForStatus('parent', 'completed');
    expect(runs.map(({ id }) => id)).toEqual(['theirs', 'parent']);
    expect(await (await ts.queue.getJob('parent'))?.getChildrenValues()).toEqual({ [key('theirs')]: 9 });
  });

  it('a Go worker killed with a child in hand loses it to a BullMQ worker', async () => {
    const stand = open({ legacyLeaseSeconds: 1 });
    const { go, ts } = stand;
    await add(stand, sum(part('a')));
    const crashed = go.work('--crash-while-running');
    await crashed.exited;
    expect(crashed.ids('running')).toEqual(['a']);
    const { ids } = ts.work();
    await go.waitForStatus('parent', 'completed');
    expect(ids()).toEqual(['a', 'parent']);
  });
});
