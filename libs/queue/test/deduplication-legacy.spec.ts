// Deduplication among legacy services: who holds an id, and when it is free again.
import type { JobsOptions } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { jobKeys, legacyRuns, statusIs } from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { advance } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

type Options = NonNullable<JobsOptions['deduplication']>;

/** Adds a job that claims the id `one`. @returns the id of the job that stands for it. */
async function add(stand: Stand, jobId: string, options: Partial<Options> = {}): Promise<string> {
  const job = await stand.queue.add('t', { by: jobId }, { jobId, deduplication: { id: 'one', ...options } });
  return job.id!;
}

const holder = (stand: Stand) => stand.redis.get(stand.key('deduplication:one'));

/** A stand where `first` holds the id, and a second job with it was dropped. */
async function held(options: Partial<Options> = {}): Promise<Stand> {
  const stand = open();
  expect(await add(stand, 'first', options)).toBe('first');
  expect(await add(stand, 'second', options)).toBe('first');
  expect(await stand.queued()).toEqual(['first']);
  return stand;
}

const ENDS: [string, (stand: Stand) => Promise<unknown>][] = [
  ['completes it', (stand) => legacyRuns(stand, 'first')],
  ['fails it', (stand) => legacyRuns(stand, 'first', 'fail')],
  ['cancels it while it waits', (stand) => stand.legacy.cancel('first')],
  ['completes it without ever taking it', (stand) => stand.legacy.complete('first')],
];

describe('an id is free again when a legacy service', () => {
  it.each(ENDS)('%s', async (_, end) => {
    const stand = await held();
    await end(stand);
    await stand.pass();
    expect(await holder(stand)).toBeNull();
    expect(await add(stand, 'third')).toBe('third');
    expect(await stand.queued()).toEqual(['third']);
  });

  it.each(ENDS)('%s and nobody noticed but a worker', async (_, end) => {
    const stand = await held();
    await end(stand);
    const { worker } = stand.newWorker();
    await worker.waitUntilReady();
    await waitFor(async () => (await add(stand, 'third')) === 'third', { what: 'the id being free' });
    await statusIs(stand, 'third', 'completed');
  });
});

describe('an id stays held while the legacy service', () => {
  it('runs its job', async () => {
    const stand = await held();
    await stand.legacy.dequeue();
    expect(await add(stand, 'third')).toBe('first');
    await stand.pass();
    expect(await add(stand, 'fourth')).toBe('first');
  });

  it('is between two commands of taking it, or has dropped it', async () => {
    const stand = await held();
    await advance(stand.legacy.dequeuing(), 2);
    expect(await add(stand, 'third')).toBe('first');
    expect(await stand.pass()).toEqual(['first']);
    expect(await add(stand, 'fourth')).toBe('first');
    expect(await stand.claimAll()).toEqual(['first']);
  });

  it('requeues it', async () => {
    const stand = await held();
    await stand.legacy.requeue((await stand.legacy.dequeue())!);
    await stand.pass();
    expect(await add(stand, 'third')).toBe('first');
    await legacyRuns(stand, 'first');
    await stand.pass();
    expect(await add(stand, 'fourth')).toBe('fourth');
  });

  it('clears the queue, out of which the job comes back', async () => {
    const stand = await held();
    await stand.pass();
    await stand.legacy.clearQueue();
    expect(await add(stand, 'third')).toBe('first');
    await stand.pass();
    expect(await stand.queued()).toEqual(['first']);
  });
});

describe('a job that is kept to follow a running one (keepLastIfActive)', () => {
  it.each([
    ['completes', 'complete'],
    ['fails', 'fail'],
    ['cancels', 'cancel'],
  ] as const)('is added, the latest only, when a legacy worker %s the running one', async (_, end) => {
    const stand = open();
    await add(stand, 'first', { keepLastIfActive: true });
    await stand.legacy.dequeue();
    for (const id of ['second', 'third']) {
      expect(await add(stand, id, { keepLastIfActive: true })).toBe('first');
    }
    expect(await stand.queued()).toEqual([]);
    await stand.legacy[end]('first');
    await stand.pass();
    expect(await stand.queued()).toEqual(['third']);
    expect(await holder(stand)).toBe('third');
    await legacyRuns(stand, 'third');
    await stand.pass();
    expect(await holder(stand)).toBeNull();
    expect(await stand.redis.exists(stand.key('successor:one'))).toBe(0);
  });

  it('is a job that a legacy worker can run, with its payload', async () => {
    const stand = open();
    await add(stand, 'first', { keepLastIfActive: true });
    await stand.legacy.dequeue();
    await add(stand, 'second', { keepLastIfActive: true });
    await stand.legacy.complete('first');
    await stand.pass();
    expect(await stand.legacy.dequeue()).toMatchObject({
      id: 'second',
      type: 't',
      payload: { by: 'second' },
      status: 'pending',
    });
  });

  it('is not lost when the lease of a legacy worker that crashed ends', async () => {
    const stand = open();
    await add(stand, 'first', { keepLastIfActive: true });
    await stand.legacy.dequeue();
    await stand.pass();
    await add(stand, 'second', { keepLastIfActive: true });
    await stand.endLease('first');
    await stand.backend.running.recoverStalled();
    expect(await stand.queued()).toEqual(['first']);
    await legacyRuns(stand, 'first');
    await stand.pass();
    expect(await stand.queued()).toEqual(['second']);
  });
});

describe('an id with a time', () => {
  it('is free when the time is over by the clock of the server, whether its job has run or not', async () => {
    const stand = open();
    await add(stand, 'first', { ttl: 60_000 });
    const ttl = await stand.redis.pttl(stand.key('deduplication:one'));
    expect(ttl).toBeGreaterThan(0);
    expect(ttl).toBeLessThanOrEqual(60_000);
    await stand.passAnHour();
    expect(await add(stand, 'second', { ttl: 60_000 })).toBe('second');
    expect(await stand.queued()).toEqual(['first', 'second']);
  });

  it('is held for all of it, although a legacy worker has completed the job', async () => {
    const stand = await held({ ttl: 60_000 });
    await legacyRuns(stand, 'first');
    await stand.pass();
    expect(await add(stand, 'third', { ttl: 60_000 })).toBe('first');
    expect(await stand.redis.pttl(stand.key('deduplication:one'))).toBeGreaterThan(0);
  });

  it('does not depend on the clock of the process that adds', async () => {
    const stand = open();
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() - 86_400_000);
    try {
      await add(stand, 'first', { ttl: 60_000 });
    } finally {
      now.mockRestore();
    }
    expect(await add(stand, 'second', { ttl: 60_000 })).toBe('first');
  });
});

describe('an id is free again when its job', () => {
  it('is removed', async () => {
    const stand = await held();
    await stand.service.jobs.remove('first');
    expect(await jobKeys(stand)).toEqual([]);
    expect(await add(stand, 'third')).toBe('third');
  });

  it('is cleared by QueueService, drained or obliterated, and no key is left', async () => {
    for (const clear of [
      (stand: Stand) => stand.service.clearQueue(),
      (stand: Stand) => stand.queue.drain(),
      (stand: Stand) => stand.queue.obliterate({ force: true }),
    ]) {
      const stand = await held();
      await clear(stand);
      expect(await jobKeys(stand)).toEqual([]);
    }
  });

  it('is removed while another is kept to follow it: that one goes, too', async () => {
    const stand = open();
    await add(stand, 'first', { keepLastIfActive: true });
    await stand.claim();
    await add(stand, 'second', { keepLastIfActive: true });
    await stand.queue.obliterate({ force: true });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it('is completed by QueueService, or cancelled', async () => {
    for (const end of ['completeJob', 'cancelJob', 'failJob'] as const) {
      const stand = await held();
      await stand.service[end]('first');
      expect(await add(stand, 'third')).toBe('third');
    }
  });

  it('is replaced by QueueService.addJob', async () => {
    const stand = await held();
    await stand.service.addJob({ id: 'first' });
    expect(await add(stand, 'third')).toBe('third');
  });

  it('disappeared: nobody could ever free it', async () => {
    const stand = await held();
    await stand.redis.del(...['job', 'data', 'status'].map((name) => stand.key(`${name}:first`)));
    await stand.redis.zrem(stand.key('queue'), 'first');
    expect(await add(stand, 'third')).toBe('third');
    expect(await holder(stand)).toBe('third');
  });

  it('ended an hour ago', async () => {
    const stand = await held();
    await legacyRuns(stand, 'first');
    await stand.pass();
    await stand.passAnHour();
    expect(await jobKeys(stand)).toEqual([]);
    expect(await add(stand, 'first')).toBe('first');
  });
});

describe('a delayed holder', () => {
  it('that a legacy service cancelled unnoticed is not replaced but ended', async () => {
    const stand = open();
    const options = { deduplication: { id: 'one', replace: true }, delay: 60_000 };
    await stand.queue.add('t', 1, { jobId: 'first', ...options });
    await stand.legacy.cancel('first');
    await stand.pass();
    expect(await stand.standing('first')).toEqual(PLACES.cancelled);
    await stand.queue.add('t', 2, { jobId: 'second', ...options });
    expect(await stand.standing('second')).toEqual(PLACES.delayed);
    expect(await stand.standing('first')).toEqual(PLACES.cancelled);
  });
});
