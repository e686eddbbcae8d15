import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand, type Stand } from './support/stand.js';

/** The contract's hour, shortened. */
const HOUR = 2;

/** Resolves when an hour has passed for everything that has been written up to now. */
async function anHourPasses({ redis, key }: Stand): Promise<void> {
  await redis.set(key('hourglass'), 'sand', 'PX', HOUR * 1000 + 100);
  await waitFor(async () => (await redis.exists(key('hourglass'))) === 0, {
    what: 'an hour passing',
    everyMs: 50,
  });
}

/** Milliseconds each key has left, -1 for those that stay, -2 for those that are gone. */
const remaining = ({ redis, key }: Stand, ...names: string[]) =>
  Promise.all(names.map((name) => redis.pttl(key(name))));

describeWithGo('an hour without adds', () => {
  const open = useStand({ goTtlSeconds: HOUR });

  it('ends what no Drover has seen: the hazard is there', async () => {
    const stand = open();
    await stand.ts.close();
    await stand.go.add({ id: 'a' });
    await anHourPasses(stand);
    expect(await stand.go.length()).toBe(0);
    await expect(stand.go.status('a')).rejects.toThrow('job status not found');
  });

  it('loses no pending job that Go added', async () => {
    const stand = open();
    stand.ts.standBy();
    const ids = await stand.go.addMany(20, { id: 'job' });
    await anHourPasses(stand);

    expect(await stand.go.length()).toBe(20);
    expect(await stand.go.pending()).toHaveLength(20);
    const { ids: ran } = stand.ts.work();
    await stand.go.waitForStatus('job-20', 'completed');
    expect(ran()).toEqual(ids);
  });

  it('loses no job that TypeScript added before Go set the expiry of the queue', async () => {
    const stand = open();
    stand.ts.standBy();
    await stand.ts.queue.add('x', { n: 1 }, { jobId: 'ts' });
    await stand.ts.queue.add('x', {}, { jobId: 'later', delay: 3_600_000 });
    await stand.go.add({ id: 'go' });
    await anHourPasses(stand);

    expect((await stand.go.pending()).map(({ id }) => id)).toEqual(expect.arrayContaining(['ts', 'go']));
    expect(await stand.ts.queue.getDelayedCount()).toBe(1);
    expect(await stand.go.status('later')).toBe('pending');
  });

  it('makes the keys of a pending job stay as soon as Drover sees it', async () => {
    const stand = open();
    stand.ts.standBy();
    await stand.go.add({ id: 'a' });
    await waitFor(async () =>
      (await remaining(stand, 'queue', 'data:a', 'status:a')).every((left) => left === -1),
    );
  });

  it('loses no job that a Go worker runs all the time', async () => {
    const stand = open();
    stand.ts.standBy();
    await stand.ts.queue.add('x', { n: 1 }, { jobId: 'ts' });
    await stand.go.add({ id: 'go' });
    const first = await stand.go.dequeue();
    const second = await stand.go.dequeue();
    await anHourPasses(stand);

    for (const { id } of [first!, second!]) {
      expect(await stand.go.status(id)).toBe('running');
      expect(await stand.go.isProcessing(id)).toBe(true);
      await stand.go.complete(id);
      expect(await stand.go.status(id)).toBe('completed');
    }
    expect(await stand.go.length()).toBe(0);
  });

  it('loses no job that TypeScript runs all the time', async () => {
    const stand = open();
    let finish = () => {};
    stand.ts.work(() => new Promise<void>((resolve) => (finish = resolve)));
    await stand.go.add({ id: 'a' });
    await stand.go.waitForStatus('a', 'running');
    await anHourPasses(stand);

    expect(await stand.go.status('a')).toBe('running');
    finish();
    await stand.go.waitForStatus('a', 'completed');
  });

  it('loses no job that Go requeues', async () => {
    const stand = open();
    stand.ts.standBy();
    await stand.ts.queue.add('mail', { n: 1 }, { jobId: 'a' });
    await stand.go.dequeue();
    await stand.go.failRequeue('a');
    await anHourPasses(stand);

    const { runs } = stand.ts.work();
    await stand.go.waitForStatus('a', 'completed');
    expect(runs).toMatchObject([{ type: 'mail', data: { n: 1 } }]);
  });

  it('is the end of finished jobs, whoever finished them, and of their places in counts and lists', async () => {
    // Long enough for both to end on a busy machine before the first of them is forgotten.
    const stand = open({ jobTtlSeconds: 4 * HOUR, goTtlSeconds: 4 * HOUR });
    const { go, ts } = stand;
    ts.standBy();
    await go.add({ id: 'go' });
    await go.dequeue();
    await go.saveResult('go', 1);
    await go.complete('go');
    ts.work();
    await ts.queue.add('x', {}, { jobId: 'ts' });
    await go.waitForStatus('ts', 'completed');
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 2, { what: 'both being counted' });
    const keys = ['go', 'ts'].flatMap((id) => [`data:${id}`, `status:${id}`, `results:${id}`]);
    for (const left of await remaining(stand, ...keys)) expect(left).toBeGreaterThan(0);

    await waitFor(async () => (await remaining(stand, ...keys)).every((left) => left === -2), {
      what: 'their keys ending',
    });
    await waitFor(async () => (await ts.queue.getCompletedCount()) === 0, {
      what: 'their ids leaving the counts',
    });
    await expect(go.status('ts')).rejects.toThrow('job status not found');
    expect(await ts.service.jobs.find('ts')).toBeUndefined();
    expect((await ts.service.jobs.list({ page: 1, pageSize: 10 })).items).toEqual([]);
  });
});
