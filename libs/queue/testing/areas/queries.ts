import { cases, type Bench, type TestQueue } from '../bench.js';
import { next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** Seven jobs, j0 to j6, in a state that keeps many. */
async function seven(bench: Bench, state: 'wait' | 'delayed' | 'completed' | 'prioritized' | 'active') {
  const queue = bench.queue();
  const timestamp = Date.now();
  const opts = (nth: number) => ({
    jobId: `j${nth}`,
    timestamp,
    ...(state === 'delayed' ? { delay: 600_000 + nth } : {}),
    ...(state === 'prioritized' ? { priority: 1 + nth } : {}),
  });
  await queue.addBulk(Array.from({ length: 7 }, (_, nth) => ({ name: 'job', data: nth, opts: opts(nth) })));
  const hand = bench.hand();
  if (state === 'active') await hand.drain();
  if (state === 'completed') for (let nth = 0; nth < 7; nth++) await hand.complete(nth);
  return queue;
}

const ids = (jobs: { id?: string }[]) => jobs.map((job) => String(job.id).slice(1)).join('');

/** Lists, counts and states. */
export const queriesConformance: Area = (store, differences) => {
  describe('queries', () => {
    const check = cases(store, differences);

    for (const state of ['wait', 'delayed', 'completed', 'prioritized', 'active'] as const) {
      check(`gives ${state} jobs in ranges, both ways`, async (bench) => {
        const queue = await seven(bench, state);
        const list = async (start: number, end: number, asc: boolean) =>
          ids(await queue.getJobs([state], start, end, asc));
        expect(await list(0, -1, true)).toBe('0123456');
        expect(await list(0, -1, false)).toBe('6543210');
        expect(await list(0, 2, true)).toBe('012');
        expect(await list(2, 4, true)).toBe('234');
        expect(await list(0, 2, false)).toBe('654');
        expect(await list(5, 20, true)).toBe('56');
        expect(await list(7, 9, true)).toBe('');
      });
    }

    check('has a getter for every state', async (bench) => {
      const queue = bench.queue();
      const hand = bench.hand();
      await queue.add('job', {}, { jobId: 'x-completed' });
      await hand.complete();
      await queue.add('job', {}, { jobId: 'x-failed' });
      await hand.fail();
      await queue.add('job', {}, { jobId: 'x-active' });
      await hand.take();
      await queue.add('job', {}, { jobId: 'x-waiting' });
      await queue.add('job', {}, { jobId: 'x-prioritized', priority: 1 });
      await queue.add('job', {}, { jobId: 'x-delayed', delay: 600_000 });
      const lists: [string, { id?: string }[]][] = [
        ['x-completed', await queue.getCompleted()],
        ['x-failed', await queue.getFailed()],
        ['x-active', await queue.getActive()],
        ['x-waiting', await queue.getWaiting()],
        ['x-prioritized', await queue.getPrioritized()],
        ['x-delayed', await queue.getDelayed()],
      ];
      for (const [id, jobs] of lists) expect(jobs.map((job) => job.id)).toEqual([id]);
      expect(await queue.getWaitingChildren()).toEqual([]);
      const counts = [
        await queue.getCompletedCount(),
        await queue.getFailedCount(),
        await queue.getActiveCount(),
        await queue.getWaitingCount(),
        await queue.getPrioritizedCount(),
        await queue.getDelayedCount(),
        await queue.getWaitingChildrenCount(),
      ];
      expect(counts).toEqual([1, 1, 1, 1, 1, 1, 0]);
    });

    check('counts several states at once', async (bench) => {
      const queue = await seven(bench, 'delayed');
      await queue.add('job', {});
      expect(await queue.getJobCounts('waiting', 'delayed', 'completed')).toEqual({
        waiting: 1,
        delayed: 7,
        completed: 0,
      });
      expect(await queue.getJobCountByTypes('waiting', 'delayed')).toBe(8);
      expect(await queue.count()).toBe(8);
    });

    check('counts all states when none is named', async (bench) => {
      const queue = await seven(bench, 'wait');
      expect(await queue.getJobCounts()).toMatchObject({
        waiting: 7,
        active: 0,
        completed: 0,
        failed: 0,
        delayed: 0,
        prioritized: 0,
        'waiting-children': 0,
      });
    });

    check('gives jobs of several states', async (bench) => {
      const queue = await seven(bench, 'completed');
      await queue.add('job', {}, { jobId: 'w' });
      const jobs = await queue.getJobs(['completed', 'waiting']);
      expect(jobs).toHaveLength(8);
      expect(new Set(jobs.map((job) => job.id)).size).toBe(8);
    });

    check('gives jobs with all that is known of them', async (bench) => {
      const queue = bench.queue();
      await queue.add('paint', { colour: 'red' }, { attempts: 3, jobId: 'a' });
      await bench.hand({ name: 'ann' }).complete({ ok: true });
      const [job] = await queue.getJobs(['completed']);
      expect(job).toMatchObject({
        id: 'a',
        name: 'paint',
        data: { colour: 'red' },
        returnvalue: { ok: true },
        attemptsMade: 1,
        processedBy: 'ann',
      });
    });

    check('knows nothing of a job that does not exist', async (bench) => {
      const queue = bench.queue();
      expect(await queue.getJob('nobody')).toBeUndefined();
      expect(await queue.getJobState('nobody')).toBe('unknown');
    });

    check('tells the state through the job', async (bench) => {
      const queue = bench.queue();
      const job = await queue.add('one', {});
      const of = async () => [
        await job.isWaiting(),
        await job.isActive(),
        await job.isCompleted(),
        await job.isFailed(),
        await job.isDelayed(),
        await job.isWaitingChildren(),
      ];
      expect(await of()).toEqual([true, false, false, false, false, false]);
      const claimed = await bench.hand().take();
      expect(await of()).toEqual([false, true, false, false, false, false]);
      await claimed.moveToDelayed(Date.now() + 600_000, 'token');
      expect(await of()).toEqual([false, false, false, false, true, false]);
      await job.promote();
      await bench.hand().fail();
      expect(await of()).toEqual([false, false, false, true, false, false]);
    });

    check('waits until a job is completed', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const job = await queue.add('one', {});
      const finished = job.waitUntilFinished(log.events as ReturnType<Bench['queueEvents']>);
      bench.worker(async () => ({ painted: true }));
      expect(await finished).toEqual({ painted: true });
    });

    check('waits until a job has failed', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const job = await queue.add('one', {});
      const finished = job.waitUntilFinished(log.events as ReturnType<Bench['queueEvents']>);
      bench.worker(async () => {
        throw new Error('no paint');
      });
      await expect(finished).rejects.toThrow('no paint');
    });

    check('answers at once for a job that has finished', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const events = log.events as ReturnType<Bench['queueEvents']>;
      await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      const hand = bench.hand();
      await hand.complete('value');
      await hand.fail(new Error('why'));
      expect(await (await queue.getJob('a'))?.waitUntilFinished(events)).toBe('value');
      await expect((await queue.getJob('b'))?.waitUntilFinished(events)).rejects.toThrow('why');
    });

    check('answers the backend whether a job has finished', async (bench) => {
      const queue = bench.queue();
      const backend = queue.getBackend();
      await queue.addBulk(['a', 'b', 'c'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      const hand = bench.hand();
      await hand.complete({ v: 1 });
      await hand.fail(new Error('why'));
      expect(await backend.isFinished('nobody')).toBe(-1);
      expect(await backend.isFinished('c')).toBe(0);
      expect(await backend.isFinished('a')).toBe(1);
      expect(await backend.isFinished('b')).toBe(2);
      expect(await backend.isFinished('a', true)).toEqual([1, '{"v":1}']);
      expect(await backend.isFinished('b', true)).toEqual([2, 'why']);
    });

    check('answers the backend whether a job is in a state', async (bench) => {
      const queue = bench.queue();
      await queue.add('job', {}, { jobId: 'a', delay: 600_000 });
      const backend = queue.getBackend();
      expect(await backend.isJobInState('delayed', 'a')).toBe(true);
      expect(await backend.isJobInState('completed', 'a')).toBe(false);
    });

    check('lists the workers of the queue by name', async (bench) => {
      const queue = bench.queue();
      const other = bench.worker(undefined, {}, bench.also('other'));
      const [ann, bob] = [bench.worker(undefined, { name: 'ann' }), bench.worker(undefined, { name: 'bob' })];
      await Promise.all([other, ann, bob].map(({ worker }) => worker.waitUntilReady()));
      expect((await queue.getWorkers()).map((worker) => worker['name']).sort()).toEqual([
        bench.name,
        bench.name,
      ]);
      const raw = (await queue.getWorkers()).map((worker) => String(worker['rawname']));
      expect(raw.filter((name) => name.endsWith(':w:ann'))).toHaveLength(1);
      expect(raw.filter((name) => name.endsWith(':w:bob'))).toHaveLength(1);
      expect(await queue.getWorkersCount()).toBe(2);
    });

    check('lists a worker that does not run yet', async (bench) => {
      const { worker } = bench.worker(undefined, { autorun: false, name: 'idle' });
      await worker.waitUntilReady();
      expect(await bench.queue().getWorkersCount()).toBe(1);
    });

    check('builds keys from the qualified name', async (bench) => {
      const queue = bench.queue();
      const backend = queue.getBackend();
      expect(backend.qualifiedName.endsWith(bench.name)).toBe(true);
      expect(backend.toKey('a-job')).toBe(`${backend.qualifiedName}:a-job`);
      expect(backend.parseNodeKey(`${backend.qualifiedName}:a-job`)).toMatchObject({
        queueName: bench.name,
        id: 'a-job',
      });
    });

    check('has siblings for other queues on one connection', async (bench) => {
      const queue: TestQueue = bench.queue();
      const sibling = queue.getBackend().forQueue(bench.also('sibling'));
      const other = bench.queue({}, bench.also('sibling'));
      await other.add('job', {}, { jobId: 'there' });
      expect(await sibling.getState('there')).toBe('waiting');
      await sibling.close();
      expect(await queue.count()).toBe(0);
    });

    check('is ready once, and says so to a worker', async (bench) => {
      const { worker } = bench.worker(undefined, { autorun: false });
      const ready = next(worker, 'ready');
      worker.run().catch(() => undefined);
      await ready;
      await worker.waitUntilReady();
    });
  });
};
