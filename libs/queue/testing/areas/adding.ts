import { Job, type JobsOptions } from 'bullmq';
import { cases } from '../bench.js';
import { all, next } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** Adding jobs: one, many, with ids of one's own, and what is kept of data and options. */
export const addingConformance: Area = (store, differences) => {
  describe('adding', () => {
    const check = cases(store, differences);

    check('numbers jobs from 1 within a queue', async (bench) => {
      const [first, second] = [await bench.queue().add('a', {}), await bench.queue().add('b', {})];
      expect([first.id, second.id]).toEqual(['1', '2']);
      const elsewhere = await bench.queue({}, bench.also('other')).add('a', {});
      expect(elsewhere.id).toBe('1');
    });

    check('waits to be claimed, with what it was added with', async (bench) => {
      const queue = bench.queue();
      const before = Date.now();
      const { id } = await queue.add('paint', { colour: 'red', nested: { list: [1, null, 'ü'] } });
      const job = await queue.getJob(String(id));
      expect(job).toMatchObject({
        name: 'paint',
        data: { colour: 'red', nested: { list: [1, null, 'ü'] } },
        attemptsMade: 0,
        attemptsStarted: 0,
        delay: 0,
        priority: 0,
        progress: 0,
      });
      expect(job?.returnvalue ?? null).toBeNull();
      expect(job?.timestamp).toBeGreaterThanOrEqual(before);
      expect(await job?.getState()).toBe('waiting');
      expect(job?.queueQualifiedName).toBe(queue.qualifiedName);
    });

    for (const data of [null, 0, '', 'text', true, [], [1, 2], { a: {} }, { empty: [] }]) {
      check(`keeps ${JSON.stringify(data)} as data`, async (bench) => {
        const queue = bench.queue();
        const { id } = await queue.add('any', data);
        expect((await queue.getJob(String(id)))?.data).toEqual(data);
      });
    }

    check('keeps every kind of text in data, name and id', async (bench) => {
      const queue = bench.queue();
      const text = 'quote " backslash \\ percent %s new\nline ü 漢 🐑 \u2028';
      await queue.add('näme 🐑', { text }, { jobId: 'id-ü-🐑' });
      const job = await queue.getJob('id-ü-🐑');
      expect([job?.name, job?.data]).toEqual(['näme 🐑', { text }]);
    });

    check('keeps large numbers, and floats as they are', async (bench) => {
      const queue = bench.queue();
      const data = { large: Number.MAX_SAFE_INTEGER, small: -0.1, huge: 1e300 };
      const { id } = await queue.add('numbers', data);
      expect((await queue.getJob(String(id)))?.data).toEqual(data);
    });

    check('keeps 200 KB of data', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('large', { text: 'x'.repeat(200_000) });
      expect((await queue.getJob(String(id)))?.data.text).toHaveLength(200_000);
    });

    check('keeps the options', async (bench) => {
      const queue = bench.queue();
      const options: JobsOptions = {
        attempts: 7,
        backoff: { type: 'exponential', delay: 300, jitter: 0.5 },
        keepLogs: 5,
        stackTraceLimit: 3,
        removeOnComplete: { age: 60, count: 4 },
        removeOnFail: 9,
        timestamp: 1_700_000_000_000,
      };
      const { id } = await queue.add('options', {}, options);
      const job = await queue.getJob(String(id));
      expect(job?.opts).toMatchObject(options);
      expect(job?.timestamp).toBe(1_700_000_000_000);
    });

    check("adds the queue's default options to the job's own", async (bench) => {
      const queue = bench.queue({ defaultJobOptions: { attempts: 3, backoff: 100 } });
      const { id } = await queue.add('defaults', {}, { attempts: 5 });
      expect((await queue.getJob(String(id)))?.opts).toMatchObject({
        attempts: 5,
        backoff: { type: 'fixed', delay: 100 },
      });
    });

    check('tells its own queue that the job waits', async (bench) => {
      const queue = bench.queue();
      const waiting = next<[{ id: string }]>(queue, 'waiting');
      const { id } = await queue.add('local', {});
      expect((await waiting)[0].id).toBe(id);
    });

    check('refuses data over the size limit', async (bench) => {
      const queue = bench.queue();
      await expect(queue.add('large', { text: 'x'.repeat(30) }, { sizeLimit: 20 })).rejects.toThrow(
        /exceeds the limit 20 bytes/,
      );
      expect(await queue.getWaitingCount()).toBe(0);
    });

    for (const [options, reason] of [
      [{ jobId: '123' }, /Custom Id cannot be integers/],
      [{ jobId: 'a:b' }, /Custom Id cannot contain :/],
      [{ jobId: '0' }, /JobId cannot be '0'/],
      [{ priority: 2 ** 21 + 1 }, /Priority should be between 0 and/],
      [{ priority: 1.5 }, /Priority should not be float/],
      [{ delay: 10, repeat: {} }, undefined],
    ] as [JobsOptions, RegExp | undefined][]) {
      if (!reason) continue;
      check(`refuses ${JSON.stringify(options)}`, async (bench) => {
        const queue = bench.queue();
        await expect(queue.add('wrong', {}, options)).rejects.toThrow(reason);
        expect(await queue.count()).toBe(0);
      });
    }

    check('takes an id of its own', async (bench) => {
      const queue = bench.queue();
      expect((await queue.add('own', {}, { jobId: 'mine' })).id).toBe('mine');
      expect((await queue.getJob('mine'))?.name).toBe('own');
    });

    check('does not add an id twice, and says so', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.add('first', { nth: 1 }, { jobId: 'once' });
      const again = await queue.add('second', { nth: 2 }, { jobId: 'once' });
      expect(again.id).toBe('once');
      await log.find('duplicated', { jobId: 'once' });
      expect(await queue.getWaitingCount()).toBe(1);
      expect((await queue.getJob('once'))?.data).toEqual({ nth: 1 });
    });

    check('does not add the id of a completed job', async (bench) => {
      const queue = bench.queue();
      await queue.add('first', {}, { jobId: 'done' });
      await bench.hand().complete('result');
      await queue.add('second', {}, { jobId: 'done' });
      expect(await queue.getJobCounts('waiting', 'completed')).toEqual({ waiting: 0, completed: 1 });
    });

    check('adds an id again once its job was removed', async (bench) => {
      const queue = bench.queue();
      await queue.add('first', { nth: 1 }, { jobId: 'again' });
      await queue.remove('again');
      await queue.add('second', { nth: 2 }, { jobId: 'again' });
      expect((await queue.getJob('again'))?.data).toEqual({ nth: 2 });
    });

    check('counts on past ids of its own', async (bench) => {
      const queue = bench.queue();
      await queue.add('own', {}, { jobId: 'mine' });
      const numbered = await queue.add('numbered', {});
      expect(Number(numbered.id)).toBeGreaterThanOrEqual(1);
      expect(await queue.getWaitingCount()).toBe(2);
    });

    check('adds many in order', async (bench) => {
      const queue = bench.queue();
      const jobs = await queue.addBulk(
        Array.from({ length: 50 }, (_, nth) => ({ name: `job ${nth}`, data: { nth } })),
      );
      expect(jobs.map((job) => Number(job.id))).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      const ids = jobs.map((job) => String(job.id));
      expect(await bench.hand().drain()).toEqual(ids);
    });

    check('adds many with options of their own', async (bench) => {
      const queue = bench.queue();
      const jobs = await queue.addBulk([
        { name: 'plain', data: 1 },
        { name: 'delayed', data: 2, opts: { delay: 60_000 } },
        { name: 'prioritized', data: 3, opts: { priority: 4 } },
        { name: 'own id', data: 4, opts: { jobId: 'own' } },
      ]);
      const states = await Promise.all(jobs.map((job) => job.getState()));
      expect(states).toEqual(['waiting', 'delayed', 'prioritized', 'waiting']);
      expect(jobs[3]?.id).toBe('own');
    });

    check('adds none when many are none', async (bench) => {
      expect(await bench.queue().addBulk([])).toEqual([]);
      expect(await bench.queue().count()).toBe(0);
    });

    check('adds one that exists among many once', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const jobs = await queue.addBulk(
        ['a', 'b', 'a'].map((jobId, nth) => ({ name: 'job', data: { nth }, opts: { jobId } })),
      );
      expect(jobs.map((job) => job.id)).toEqual(['a', 'b', 'a']);
      await log.find('duplicated', { jobId: 'a' });
      expect(await queue.getWaitingCount()).toBe(2);
    });

    check('adds 1,500 at once and runs each once', async (bench) => {
      const queue = bench.queue();
      const { ran } = bench.worker(undefined, { concurrency: 100 });
      const jobs = await queue.addBulk(
        Array.from({ length: 1500 }, (_, nth) => ({ name: 'many', data: nth })),
      );
      expect(new Set(jobs.map((job) => job.id)).size).toBe(1500);
      const started = await ran.reach(1500);
      expect(new Set(started.map((job) => job.id)).size).toBe(1500);
    });

    check('adds through Job.create as through the queue', async (bench) => {
      const queue = bench.queue();
      const job = await Job.create(queue, 'created', { by: 'hand' });
      expect((await queue.getJob(String(job.id)))?.data).toEqual({ by: 'hand' });
    });

    check('wakes a worker that waits', async (bench) => {
      const { worker } = bench.worker(async (job) => job.data);
      await worker.waitUntilReady();
      const completed = all<[unknown, unknown]>(worker, 'completed', 2);
      await bench.queue().add('one', 1);
      await bench.queue().add('two', 2);
      expect((await completed).map(([, value]) => value)).toEqual([1, 2]);
    });
  });
};
