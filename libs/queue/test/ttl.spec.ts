// How finished jobs go: with the contract's TTL, with BullMQ's keep options, or never.
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand({ jobTtlSeconds: 1 });
const ENDS = ['completed', 'failed', 'cancelled'] as const;
type End = (typeof ENDS)[number];

async function finish({ service }: Stand, id: string, end: End): Promise<void> {
  await service.addJob({ id, payload: 1 });
  await service.updateJobStatus(id, 'running');
  await service.saveJobResult(id, { of: id });
  await service.updateJobStatus(id, end);
}

/** Keys of single jobs. */
async function jobKeys(stand: Stand): Promise<string[]> {
  return Object.keys(await stand.keyspace()).filter((name) => name.includes(':'));
}

/** What each way to count and list says. */
async function everyCount(stand: Stand): Promise<Record<string, number>> {
  const { byStatus, total } = await stand.service.jobs.stats();
  const { completed, failed } = await stand.queue.getJobCounts('completed', 'failed');
  const lists = await Promise.all([
    stand.queue.getCompleted(),
    stand.queue.getFailed(),
    ...ENDS.map(async (status) => (await stand.service.jobs.list({ page: 1, pageSize: 50, status })).items),
    stand.service.jobs.list({ page: 1, pageSize: 50 }).then(({ items }) => items),
  ]);
  const totals = await stand.service.jobs.list({ page: 1, pageSize: 50 });
  return {
    total,
    ...byStatus,
    bullCompleted: completed ?? -1,
    bullFailed: failed ?? -1,
    listed: lists.flat().length,
    listTotal: totals.total,
  };
}

const NOTHING = {
  total: 0,
  pending: 0,
  running: 0,
  completed: 0,
  failed: 0,
  cancelled: 0,
  bullCompleted: 0,
  bullFailed: 0,
  listed: 0,
  listTotal: 0,
};

describe('a finished job whose TTL has ended', () => {
  it.each(ENDS)(
    'leaves counts and lists when its keys end, though nothing else finishes (%s)',
    async (end) => {
      const stand = open();
      await finish(stand, 'a', end);
      expect(await everyCount(stand)).toMatchObject({ total: 1, [end]: 1, listTotal: 1 });
      await waitFor(async () => (await jobKeys(stand)).length === 0, { what: 'the keys to end' });
      expect(await everyCount(stand)).toEqual(NOTHING);
      expect(await stand.service.jobs.find('a')).toBeUndefined();
      expect(await stand.queue.getJob('a')).toBeUndefined();
      await expect(stand.service.getJobStatus('a')).rejects.toThrow('job status not found');
      await expect(stand.service.getJobResult('a')).rejects.toThrow('job result not found');
    },
  );

  it.each(ENDS)('never stands in a count without its keys (%s)', async (end) => {
    const stand = open();
    await finish(stand, 'a', end);
    // Counted and listed at every moment: either all of it is there, or nothing.
    await waitFor(async () => {
      const [found, { total }, items] = [
        await stand.service.jobs.find('a'),
        await stand.service.jobs.stats(),
        (await stand.service.jobs.list({ page: 1, pageSize: 5 })).items,
      ];
      if (!found) expect([total, items.length]).toEqual([0, 0]);
      return total === 0;
    });
    await waitFor(async () => (await jobKeys(stand)).length === 0);
  });

  it('leaves its structures by the reconciler alone, too', async () => {
    const stand = open();
    for (const end of ENDS) await finish(stand, end, end);
    stand.newReconciler().start();
    const structures = ['ids', 'completed', 'failed', 'cancelled', 'expiring'].map(stand.key);
    await waitFor(async () => (await stand.redis.exists(...structures)) === 0);
  });

  it('is gone from a count of thousands at once', async () => {
    const stand = open();
    const ids = Array.from({ length: 1500 }, (_, at) => `job-${at}`);
    await stand.queue.addBulk(ids.map((id) => ({ name: 't', data: {}, opts: { jobId: id } })));
    for (const id of await stand.claimAll()) {
      await stand.backend.moveToCompleted({ id, opts: {} } as never, null, false, 'token', false);
    }
    await waitFor(async () => (await jobKeys(stand)).length === 0);
    expect(await everyCount(stand)).toEqual(NOTHING);
  });

  it('leaves its logs, results and late additions with it', async () => {
    const stand = open();
    await finish(stand, 'a', 'completed');
    await stand.backend.addLog('a', 'late row');
    await stand.service.saveJobResult('a', 'late result');
    await stand.backend.updateProgress('a', 100);
    await stand.backend.updateData({ id: 'a', opts: {} } as never, 'late');
    const endings = Object.values(await stand.endings());
    expect(endings).toHaveLength(5);
    expect(new Set(endings).size).toBe(1);
    await waitFor(async () => (await jobKeys(stand)).length === 0);
  });

  it('ends with the TTL also when a legacy worker finished it and wrote an hour', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a' });
    await stand.legacy.dequeue();
    await stand.legacy.saveResult('a', 1);
    await stand.legacy.complete('a');
    await stand.pass();
    expect(await everyCount(stand)).toMatchObject({ total: 1, completed: 1 });
    await waitFor(async () => (await jobKeys(stand)).length === 0);
    expect(await everyCount(stand)).toEqual(NOTHING);
  });

  it('ends with the TTL also when a legacy worker reports late and writes an hour', async () => {
    const stand = open();
    await finish(stand, 'a', 'cancelled');
    await stand.legacy.complete('a');
    await stand.pass();
    await waitFor(async () => (await jobKeys(stand)).length === 0);
    expect(await everyCount(stand)).toEqual(NOTHING);
    await stand.pass();
    expect(await everyCount(stand)).toEqual(NOTHING);
  });

  it('can be added again under its id', async () => {
    const stand = open();
    await finish(stand, 'a', 'failed');
    await waitFor(async () => (await jobKeys(stand)).length === 0);
    await stand.service.jobs.create({ id: 'a', type: 't' });
    expect(await everyCount(stand)).toMatchObject({ total: 1, pending: 1 });
  });
});

describe('a retried job', () => {
  it.each(ENDS)('does not end with the TTL it had when it was %s', async (end) => {
    const stand = open();
    await finish(stand, 'a', end);
    await finish(stand, 'other', end);
    await stand.service.jobs.retry('a');
    expect(Object.keys(await stand.endings()).filter((name) => name.endsWith(':a'))).toEqual([]);
    await waitFor(async () => !(await jobKeys(stand)).includes('job:other'));
    expect(await everyCount(stand)).toMatchObject({ total: 1, pending: 1, listTotal: 1 });
    expect(await stand.claim()).toBe('a');
  });
});

describe('a TTL of 0', () => {
  it.each(ENDS)('keeps a job that is %s, however it ended', async (end) => {
    const stand = open({ jobTtlSeconds: 0 });
    await finish(stand, 'a', end);
    expect(await stand.endings()).toEqual({});
  });

  it.each(['complete', 'fail', 'cancel'] as const)(
    'keeps a job that legacy ended (%s), its result too',
    async (how) => {
      const stand = open({ jobTtlSeconds: 0 });
      await stand.legacy.add({ id: 'a' });
      await stand.legacy.dequeue();
      await stand.legacy.saveResult('a', 1);
      await stand.legacy[how]('a');
      await stand.pass();
      expect(await stand.endings()).toEqual({});
      await stand.passAnHour();
      expect((await stand.service.jobs.stats()).total).toBe(1);
      expect(await stand.legacy.result('a')).toBe(1);
    },
  );
});

describe("BullMQ's keep options", () => {
  async function run(stand: Stand, count: number, opts: object, worker: object = {}): Promise<void> {
    const { ids } = stand.newWorker(async (job) => {
      if (job.name === 'fails') throw new Error('as asked');
    }, worker);
    for (let nth = 0; nth < count; nth++) {
      await stand.queue.add('works', {}, { jobId: `w${nth}`, ...opts });
      await stand.queue.add('fails', {}, { jobId: `f${nth}`, ...opts });
      await waitFor(() => ids().includes(`f${nth}`));
      await waitFor(async () => !(await stand.standing(`f${nth}`)).includes('leases'));
      await waitFor(async () => !(await stand.standing(`w${nth}`)).includes('leases'));
    }
  }
  const kept = async (stand: Stand) => ({
    completed: (await stand.queue.getCompleted()).map((job) => job.id).sort(),
    failed: (await stand.queue.getFailed()).map((job) => job.id).sort(),
    keys: new Set((await jobKeys(stand)).map((name) => name.split(':')[1])).size,
  });

  it.each([
    ['true keeps none', true, 0],
    ['0 keeps none', 0, 0],
    ['a count keeps the newest', 2, 2],
    ['{ count } keeps the newest', { count: 3 }, 3],
    ['false keeps all', false, 4],
    ['{ age } keeps the young', { age: 3600 }, 4],
  ])('%s, as an option of the job', async (_, keep, count) => {
    const stand = open({ jobTtlSeconds: 3600 });
    await run(stand, 4, { removeOnComplete: keep, removeOnFail: keep });
    const newest = (letter: string) =>
      Array.from({ length: count }, (__, at) => `${letter}${4 - count + at}`);
    expect(await kept(stand)).toEqual({ completed: newest('w'), failed: newest('f'), keys: 2 * count });
  });

  it('an option of the worker holds where the job has none', async () => {
    const stand = open({ jobTtlSeconds: 3600 });
    await run(stand, 3, {}, { removeOnComplete: { count: 1 }, removeOnFail: { count: 2 } });
    expect(await kept(stand)).toEqual({ completed: ['w2'], failed: ['f1', 'f2'], keys: 3 });
  });

  it('an age evicts what is older when another one ends', async () => {
    const stand = open({ jobTtlSeconds: 0 });
    await run(stand, 1, {});
    await waitFor(async () => Date.now() - (await stand.queue.getJob('f0'))!.finishedOn! > 1000);
    await stand.queue.add('works', {}, { jobId: 'w9', removeOnComplete: { age: 1 } });
    await waitFor(async () => (await stand.status('w9')) === 'completed');
    expect(await kept(stand)).toMatchObject({ completed: ['w9'], failed: ['f0'] });
  });
});
