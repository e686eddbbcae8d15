import { cases } from '../bench.js';
import { Collected } from '../signals.js';
import type { Area } from '../store-under-test.js';

/** What `QueueEvents` tells, with which fields and in which order. */
export const eventsConformance: Area = (store, differences) => {
  describe('events', () => {
    const check = cases(store, differences);

    check('tells the life of a job in order', async (bench) => {
      const log = await bench.events();
      const { id } = await bench.queue().add('paint', {});
      await bench.hand().complete('done');
      await log.find('completed', { jobId: id });
      expect(
        log.all.filter((one) => one.fields['jobId'] === id).map(({ event, fields }) => [event, fields]),
      ).toEqual([
        ['added', { jobId: id, name: 'paint' }],
        ['waiting', { jobId: id }],
        ['active', { jobId: id, prev: 'waiting' }],
        ['completed', { jobId: id, returnvalue: 'done', prev: 'active' }],
      ]);
    });

    check('tells a failure with its reason', async (bench) => {
      const log = await bench.events();
      const { id } = await bench.queue().add('paint', {});
      await bench.hand().fail(new Error('no paint'));
      expect(await log.find('failed', { jobId: id })).toEqual({
        jobId: id,
        failedReason: 'no paint',
        prev: 'active',
      });
      expect(await log.find('retries-exhausted')).toEqual({ jobId: id, attemptsMade: '1' });
    });

    check('tells neither failure nor exhaustion of a job that is tried again', async (bench) => {
      const log = await bench.events();
      const { id } = await bench.queue().add('paint', {}, { attempts: 2 });
      const hand = bench.hand();
      await hand.fail();
      await hand.complete();
      await log.find('completed', { jobId: id });
      expect(log.seen('failed') + log.seen('retries-exhausted')).toBe(0);
    });

    check('tells a delayed job with its time', async (bench) => {
      const log = await bench.events();
      const timestamp = Date.now();
      const { id } = await bench.queue().add('later', {}, { delay: 600_000, timestamp });
      expect(await log.find('delayed')).toEqual({ jobId: id, delay: timestamp + 600_000 });
      expect(log.namesOf(String(id))).toEqual(['added', 'delayed']);
    });

    check('tells when a delayed job is due', async (bench) => {
      const log = await bench.events();
      const { id } = await bench.queue().add('later', {}, { delay: 20 });
      bench.worker();
      await log.find('completed', { jobId: id });
      expect(log.namesOf(String(id))).toEqual(['added', 'delayed', 'waiting', 'active', 'completed']);
      expect(await log.find('waiting')).toMatchObject({ prev: 'delayed' });
    });

    check('tells a prioritized job as waiting', async (bench) => {
      const log = await bench.events();
      const { id } = await bench.queue().add('first', {}, { priority: 3 });
      expect(await log.find('waiting')).toMatchObject({ jobId: id });
    });

    check('tells of a job in the state it was removed from', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await (await queue.add('later', {}, { jobId: 'a', delay: 600_000 })).remove();
      expect(await log.find('removed')).toEqual({ jobId: 'a', prev: 'delayed' });
    });

    check('tells every kind of result', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const values = [null, 0, '', 'text "quoted"', { a: [1] }, [], 1.5, true];
      await queue.addBulk(
        values.map((value, nth) => ({ name: 'job', data: value, opts: { jobId: `v${nth}` } })),
      );
      bench.worker(async (job) => job.data);
      const told = await log.count('completed', values.length);
      expect(told.map((one) => one['returnvalue'])).toEqual(values);
    });

    check('tells of one job to those who ask for it', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      const told = new Collected<unknown>();
      (log.events as { on(event: string, listener: (fields: unknown) => void): void }).on(
        'completed:b',
        (fields) => told.add(fields),
      );
      await queue.addBulk(['a', 'b'].map((jobId) => ({ name: 'job', data: {}, opts: { jobId } })));
      bench.worker(async (job) => job.id);
      expect(await told.reach(1)).toEqual([{ jobId: 'b', returnvalue: 'b', prev: 'active' }]);
    });

    check('gives every event a later id', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.addBulk(Array.from({ length: 30 }, (_, nth) => ({ name: 'job', data: nth })));
      await log.count('waiting', 30);
      const places = log.all.map(({ id }) => id.split('-').map(Number));
      const sorted = [...places].sort(([a = 0, b = 0], [c = 0, d = 0]) => a - c || b - d);
      expect(places).toEqual(sorted);
      expect(new Set(places.map(String)).size).toBe(places.length);
    });

    check('tells from the beginning when asked to', async (bench) => {
      const queue = bench.queue();
      const { id } = await queue.add('before', {});
      const log = await bench.events();
      await log.find('added', { jobId: id });
    });

    check('tells from now on by default', async (bench) => {
      const queue = bench.queue();
      await queue.add('before', {}, { jobId: 'before' });
      const events = bench.queueEvents();
      const told = new Collected<string>();
      events.on('added', ({ jobId }) => told.add(jobId));
      await events.waitUntilReady();
      // When exactly "now" is, is up to the store: jobs are added until one is told.
      for (let nth = 0; told.values.length === 0; nth++)
        await queue.add('after', {}, { jobId: `after-${nth}` });
      expect(told.values[0]).toMatch(/^after-/);
    });

    check('goes on where another left off', async (bench) => {
      const queue = bench.queue();
      const log = await bench.events();
      await queue.add('first', {}, { jobId: 'a' });
      await log.find('waiting', { jobId: 'a' });
      const last = log.all.at(-1)?.id ?? '';
      await queue.add('second', {}, { jobId: 'b' });
      const later = bench.queueEvents({ lastEventId: last });
      const told = new Collected<string>();
      later.on('added', ({ jobId }) => told.add(jobId));
      expect(await told.reach(1)).toEqual(['b']);
    });

    check('tells several listeners the same', async (bench) => {
      const [first, second] = [await bench.events(), await bench.events()];
      await bench.queue().add('one', {}, { jobId: 'a' });
      await first.find('waiting', { jobId: 'a' });
      await second.find('waiting', { jobId: 'a' });
      expect(second.all.map((one) => one.event)).toEqual(first.all.map((one) => one.event));
    });

    check('does not run twice', async (bench) => {
      const events = bench.queueEvents();
      await events.waitUntilReady();
      await expect(events.run()).rejects.toThrow('Queue Events is already running.');
    });

    check('reads for the backend until the time is up', async (bench) => {
      const backend = bench.queueEvents({ autorun: false }).getBackend();
      await backend.waitUntilReady();
      expect(await backend.readEvents('0', 5)).toBeFalsy();
      await bench.queue().add('one', {}, { jobId: 'a' });
      const [stream] = (await backend.readEvents('0', 1000)) as [string, [string, string[]][]][];
      const [, fields] = stream?.[1]?.[0] ?? [];
      expect(fields).toEqual(expect.arrayContaining(['event', 'added', 'jobId', 'a', 'name', 'one']));
    });

    check("tells events of one's own", async (bench) => {
      const events = bench.queueEvents({ lastEventId: '0' });
      const told = new Collected<unknown>();
      (events as unknown as { on(event: string, listener: (fields: unknown) => void): void }).on(
        'shipped',
        (fields) => told.add(fields),
      );
      await bench.producer().publishEvent({ eventName: 'shipped', to: 'Ada', weight: 3 });
      expect(await told.reach(1)).toEqual([{ to: 'Ada', weight: '3' }]);
    });

    check("keeps as many events of one's own as told", async (bench) => {
      const producer = bench.producer();
      for (let nth = 0; nth < 300; nth++) await producer.publishEvent({ eventName: 'tick', nth }, 100);
      const events = bench.queueEvents({ lastEventId: '0' });
      const told = new Collected<{ nth: string }>();
      (events as unknown as { on(event: string, listener: (fields: { nth: string }) => void): void }).on(
        'tick',
        (fields) => told.add(fields),
      );
      await told.until((values) => values.at(-1)?.nth === '299', 'the last tick');
      expect(told.values.length).toBeLessThan(300);
    });
  });
};
