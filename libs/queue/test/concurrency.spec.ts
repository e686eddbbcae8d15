// How many jobs of a queue run at once, whoever runs them.
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

async function limited(concurrency: number, jobs: string[]): Promise<Stand> {
  const stand = open();
  await stand.queue.setGlobalConcurrency(concurrency);
  for (const id of jobs) await stand.queue.add('t', {}, { jobId: id });
  return stand;
}

const jobNamed = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;

describe('a limit of running jobs', () => {
  it('is kept by any number of claims at once', async () => {
    const stand = await limited(3, ['a', 'b', 'c', 'd', 'e']);
    const ids = await Promise.all(Array.from({ length: 10 }, (_, nth) => stand.claim(`t${nth}`)));
    expect(ids.filter((id) => id !== undefined).sort()).toEqual(['a', 'b', 'c']);
    expect(await stand.queue.isMaxed()).toBe(true);
    expect(await stand.queued()).toEqual(['d', 'e']);
  });

  it('gives the slot of a completed job to the next in the same step', async () => {
    const stand = await limited(1, ['a', 'b']);
    await stand.claim('mine');
    const { result } = await stand.backend.moveToCompleted(jobNamed('a'), 1, false, 'mine', true);
    expect(result?.[1]).toBe('b');
    expect(await stand.queue.isMaxed()).toBe(true);
  });

  it('is what a queue without the setting does not have', async () => {
    const stand = await limited(1, ['a', 'b']);
    expect(await stand.queue.getGlobalConcurrency()).toBe(1);
    await stand.queue.removeGlobalConcurrency();
    expect(await stand.queue.getGlobalConcurrency()).toBeNull();
    expect(await stand.claimAll()).toEqual(['a', 'b']);
    expect(await stand.queue.isMaxed()).toBe(false);
  });

  it.each([0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY])('cannot be %d', async (concurrency) => {
    const stand = open();
    await expect(stand.queue.setGlobalConcurrency(concurrency)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('concurrency') as string,
    });
    expect(await stand.queue.getGlobalConcurrency()).toBeNull();
  });
});

describe('a job that a legacy service runs', () => {
  it('counts from the moment it is taken, before it has a lease and after', async () => {
    const stand = await limited(1, []);
    for (const id of ['go', 'next']) await stand.legacy.add({ id });
    expect((await stand.legacy.dequeue())?.id).toBe('go');
    expect(await stand.queue.isMaxed()).toBe(true);
    expect(await stand.claim()).toBeUndefined();
    await stand.pass();
    expect(await stand.standing('go')).toEqual(['processing', 'leases']);
    expect(await stand.queue.isMaxed()).toBe(true);
    expect(await stand.claim()).toBeUndefined();
    await stand.legacy.complete('go');
    expect(await stand.claim()).toBe('next');
  });

  it('is taken past the limit: legacy services do not know it', async () => {
    const stand = await limited(1, []);
    for (const id of ['a', 'b']) await stand.legacy.add({ id });
    expect(await stand.popAll()).toEqual(['a', 'b']);
    expect(await stand.queue.isMaxed()).toBe(true);
    await stand.legacy.complete('a');
    expect(await stand.queue.isMaxed()).toBe(true);
  });

  it('still counts, with the others, when it clears `processing`', async () => {
    const stand = await limited(1, ['a', 'b']);
    expect(await stand.claim()).toBe('a');
    await stand.redis.del(stand.key('processing'));
    expect(await stand.queue.isMaxed()).toBe(true);
    expect(await stand.claim()).toBeUndefined();
  });
});

/** A worker that only a signal can wake: it blocks for a minute, and looks after nothing itself. */
async function blockedWorker(stand: Stand) {
  const watched = stand.newWorker(undefined, { drainDelay: 60, skipStalledCheck: true });
  const channel = stand.key('updates');
  await waitFor(async () => (await stand.redis.pubsub('NUMSUB', channel))[1] === 1, {
    what: 'the worker to find nothing and listen',
  });
  return watched;
}

/** Every way in which a slot becomes free. */
const FREEING: [string, (stand: Stand) => Promise<unknown>][] = [
  ['a completion', ({ backend }) => backend.moveToCompleted(jobNamed('held'), 1, false, 'mine', false)],
  ['a failure', ({ backend }) => backend.moveToFailed(jobNamed('held'), 'x', false, 'mine', false)],
  ['a delay', ({ backend }) => backend.moveToDelayed('held', Date.now(), 3_600_000, 'mine')],
  ['a retry', ({ backend }) => backend.retryJob('held', false, 'mine')],
  ['a return', ({ backend }) => backend.moveJobFromActiveToWait('held', 'mine')],
  ['a cancel', ({ service }) => service.cancelJob('held')],
  ['completeJob', ({ service }) => service.completeJob('held')],
  ['failJob with requeue', ({ service }) => service.failJob('held', { requeue: true })],
  [
    'the removal of a job whose lease has ended',
    async (stand) => {
      await stand.endLease('held');
      await stand.queue.remove('held');
    },
  ],
  [
    'cleaning jobs whose lease has ended',
    async (stand) => {
      await stand.endLease('held');
      await stand.queue.clean(0, 10, 'active');
    },
  ],
  [
    'the recovery of a stalled job',
    async (stand) => {
      await stand.endLease('held');
      await stand.backend.moveStalledJobsToWait();
    },
  ],
  [
    'a job that waits for a child',
    async ({ queue, backend }) => {
      const parent = { id: 'held', queue: queue.qualifiedName };
      await queue.add('t', {}, { jobId: 'child', delay: 3_600_000, parent });
      await backend.moveToWaitingChildren('held', 'mine', {});
    },
  ],
  ['clearProcessing', ({ service }) => service.clearProcessing()],
  ['a higher limit', ({ queue }) => queue.setGlobalConcurrency(2)],
  ['the end of the limit', ({ queue }) => queue.removeGlobalConcurrency()],
];

describe('a worker that waits at the limit is woken', () => {
  it.each(FREEING)('by %s', async (_, act) => {
    const stand = await limited(1, ['held']);
    expect(await stand.claim('mine')).toBe('held');
    await stand.queue.removeGlobalConcurrency();
    const { ids } = await blockedWorker(stand);
    // It found an empty queue without a limit: what is added now wakes nobody.
    await stand.queue.setGlobalConcurrency(1);
    await stand.queue.add('t', {}, { jobId: 'next' });
    expect(await stand.redis.exists(stand.key('wakeup'))).toBe(0);
    await act(stand);
    await waitFor(() => ids().includes('next'));
  });

  it.each(FREEING)('although it hears no messages, by %s', async (_, act) => {
    const stand = await limited(1, ['held', 'next']);
    expect(await stand.claim('mine')).toBe('held');
    await stand.redis.del(stand.key('wakeup'));
    await act(stand);
    expect(await stand.redis.zscore(stand.key('wakeup'), 'now')).toBe('0');
  });

  it.each<[string, (stand: Stand) => Promise<unknown>]>([
    ['completes', ({ legacy }) => legacy.complete('held')],
    ['fails', ({ legacy }) => legacy.fail('held')],
    ['cancels', ({ legacy }) => legacy.cancel('held')],
  ])('by a legacy service that %s its job, when the other is added later', async (_, act) => {
    const stand = await limited(1, []);
    const { ids } = await blockedWorker(stand);
    // Taken before anybody was told of it.
    await stand.redis.set(stand.key('data:held'), '{"id":"held"}', 'EX', 3600);
    await stand.redis.set(stand.key('status:held'), 'running', 'EX', 3600);
    await stand.redis.sadd(stand.key('processing'), 'held');
    await stand.legacy.add({ id: 'next' });
    await waitFor(async () => (await stand.redis.zscore(stand.key('ids'), 'next')) !== null);
    expect(ids()).toEqual([]);
    await act(stand);
    await waitFor(() => ids().includes('next'));
  });

  it.each<[string, (stand: Stand) => Promise<unknown>]>([
    ['completes', ({ legacy }) => legacy.complete('held')],
    ['fails', ({ legacy }) => legacy.fail('held')],
    ['cancels', ({ legacy }) => legacy.cancel('held')],
  ])('by a legacy service that %s its job, with or without a lease', async (_, act) => {
    for (const hasLease of [false, true]) {
      const stand = await limited(1, []);
      for (const id of ['held', 'next']) await stand.legacy.add({ id });
      await stand.legacy.dequeue();
      if (hasLease) await stand.pass();
      const { ids, errors } = await blockedWorker(stand);
      expect(ids()).toEqual([]);
      await act(stand);
      await waitFor(() => ids().includes('next') || errors.length > 0);
      expect(errors).toEqual([]);
    }
  });
});

it('is not passed by adding: no worker runs a job beyond the limit', async () => {
  const stand = await limited(2, []);
  let most = 0;
  let running = 0;
  const handler = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running -= 1;
  };
  for (let nth = 0; nth < 3; nth++) stand.newWorker(handler, { concurrency: 5 });
  await stand.queue.addBulk(Array.from({ length: 60 }, () => ({ name: 't', data: {} })));
  await waitFor(async () => (await stand.queue.getCompletedCount()) === 60);
  expect(most).toBeLessThanOrEqual(2);
});
