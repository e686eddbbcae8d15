// Keys of the queue that hold another Redis type than they must: a typed error names the key, nothing changes.
import { waitFor } from '../../../tests/support/wait.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const WHOLE_QUEUE = [
  'queue',
  'processing',
  'leases',
  'delayed',
  'ids',
  'completed',
  'failed',
  'meta',
  'events',
  'limiter',
  'metrics:completed',
  'metrics:failed:data',
];

/** Puts a list in the place of a key. @returns how to put the key back. */
async function spoil({ redis, key }: Stand, name: string): Promise<() => Promise<unknown>> {
  const kept = `${key(name)}.kept`;
  const there = await redis.exists(key(name));
  if (there) await redis.rename(key(name), kept);
  await redis.rpush(key(name), 'not', 'what', 'it', 'must', 'be');
  return async () => {
    await redis.del(key(name));
    if (there) await redis.rename(kept, key(name));
  };
}

const running = { id: 'running', opts: {}, attemptsMade: 0 } as never;

/** Everything that writes. */
const WRITES: [string, (stand: Stand) => Promise<unknown>][] = [
  ['addJob', ({ service }) => service.addJob({ id: 'new', payload: 1 })],
  ['adding a delayed job', ({ service }) => service.jobs.create({ id: 'new', type: 't', delay: 1000 })],
  ['dequeueJob', ({ service }) => service.dequeueJob()],
  ['completeJob', ({ service }) => service.completeJob('running')],
  ['failJob with requeue', ({ service }) => service.failJob('running', { requeue: true })],
  ['cancelJob', ({ service }) => service.cancelJob('waiting')],
  ['jobs.remove', ({ service }) => service.jobs.remove('waiting')],
  ['jobs.promote', ({ service }) => service.jobs.promote('delayed')],
  ['jobs.retry', ({ service }) => service.jobs.retry('failed')],
  ['a worker that completes', ({ backend }) => backend.moveToCompleted(running, 1, false, 'token', true)],
  ['a worker that fails', ({ backend }) => backend.moveToFailed(running, 'x', false, 'token', true)],
  ['a worker that delays', ({ backend }) => backend.moveToDelayed('running', Date.now(), 1000, 'token')],
  ['a worker that retries', ({ backend }) => backend.retryJob('running', false, 'token')],
  ['clearProcessing', ({ service }) => service.clearProcessing()],
];

/** @param isCounted whether the queue counts ends: only then does anybody look at the keys of its metrics. */
async function seeded(isCounted = false): Promise<Stand> {
  const stand = open();
  const { service } = stand;
  if (isCounted) await stand.redis.hset(stand.key('meta'), 'metrics', '60');
  for (const id of ['running', 'failed']) await service.addJob({ id });
  await stand.claim('token');
  await stand.claim('other');
  await service.failJob('failed');
  await service.addJob({ id: 'waiting' });
  await service.jobs.create({ id: 'delayed', type: 't', delay: 60_000 });
  return stand;
}

describe.each(WHOLE_QUEUE)('a list at <p>%s', (name) => {
  it.each(WRITES)('makes %s either work or fail with a typed error that names the key', async (_, write) => {
    const stand = await seeded(name.startsWith('metrics:'));
    const restore = await spoil(stand, name);
    const before = await stand.everything();
    const outcome = await write(stand).then(
      () => 'done',
      (error: unknown) => error,
    );
    if (outcome !== 'done') {
      expect(outcome).toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key: stand.key(name),
        found: 'list',
        message: expect.stringContaining(`Redis key ${stand.key(name)} is a list`) as string,
      });
      expect(await stand.everything()).toEqual(before);
    }
    await restore();
    await stand.service.addJob({ id: 'afterwards' });
    expect((await stand.claimAll()).at(-1)).toBe('afterwards');
  });

  it('does not stop a worker for good: it goes on once the key is right again', async () => {
    const stand = await seeded(name.startsWith('metrics:'));
    const { worker, ids, errors } = stand.newWorker();
    await waitFor(() => ids().includes('waiting'));
    const restore = await spoil(stand, name);
    await stand.redis.zadd(stand.key('wakeup'), 0, 'now');
    await waitFor(() => errors.length > 0 || name !== 'queue');
    await restore();
    await stand.service.addJob({ id: 'afterwards' });
    await waitFor(() => ids().includes('afterwards'));
    expect(worker.isRunning()).toBe(true);
  });
});

describe('a queue that is a list', () => {
  it.each([
    ['getQueueLength', (stand: Stand) => stand.service.getQueueLength()],
    ['getPendingJobs', (stand: Stand) => stand.service.getPendingJobs()],
    ['getQueueStats', (stand: Stand) => stand.service.getQueueStats()],
    ['jobs.stats', (stand: Stand) => stand.service.jobs.stats()],
    ['jobs.list', (stand: Stand) => stand.service.jobs.list({ page: 1, pageSize: 10, status: 'pending' })],
    ['BullMQ counts', (stand: Stand) => stand.queue.getJobCounts()],
  ])('gives %s a typed error, too', async (_, read) => {
    const stand = open();
    await stand.redis.rpush(stand.key('queue'), 'a');
    await expect(read(stand)).rejects.toMatchObject({ code: 'WRONG_KEY_TYPE', key: stand.key('queue') });
  });

  it('is named to a worker as an error, not more than about once a second', async () => {
    const stand = open();
    await stand.redis.rpush(stand.key('queue'), 'a');
    const { errors } = stand.newWorker();
    await waitFor(() => errors.length > 0);
    const [seen, at] = [errors.length, Date.now()];
    await waitFor(() => errors.length > seen + 1);
    expect(errors.length - seen).toBeLessThan(3 + (Date.now() - at) / 200);
    expect(errors[0]).toMatchObject({ code: 'WRONG_KEY_TYPE', key: stand.key('queue') });
  });
});

describe.each(['data', 'status', 'job', 'results', 'logs'])(
  'a list at <p>%s:<id> of a job that waits',
  (name) => {
    it('does not stop the jobs behind it, and it is kept, failed with the reason', async () => {
      const stand = open();
      await stand.legacy.add({ id: 'bad' });
      await stand.legacy.add({ id: 'good' });
      await stand.pass();
      await spoil(stand, `${name}:bad`);
      const { ids, errors } = stand.newWorker();
      await waitFor(async () => (await stand.status('good')) === 'completed');
      await waitFor(async () =>
        (await stand.standing('bad')).some((place) => /completed|failed/.test(place)),
      );
      expect(ids()).toContain('good');
      expect(errors.length).toBeLessThan(3);
      const listed = await stand.service.jobs.list({ page: 1, pageSize: 10 });
      expect(listed.items.map((job) => job.id).sort()).toEqual(['bad', 'good']);
    });

    it("does not stop the reconciler's passes over other jobs", async () => {
      const stand = open();
      const good = ['b', 'c', 'd', 'e'];
      for (const id of ['bad', ...good]) await stand.legacy.add({ id });
      await stand.pass();
      await stand.redis.zpopmin(stand.key('queue'), 5);
      await spoil(stand, `${name}:bad`);
      await stand.pass();
      for (const id of good) expect(await stand.standing(id)).toEqual(['queue']);
    });

    it('leaves operations on it that need the key with a typed error, and removal works', async () => {
      const stand = open();
      await stand.service.addJob({ id: 'bad' });
      await spoil(stand, `${name}:bad`);
      const errors: unknown[] = [];
      for (const doing of [
        () => stand.service.getJobStatus('bad'),
        () => stand.service.getJobResult('bad'),
        () => stand.service.saveJobResult('bad', 1),
        () => stand.service.jobs.find('bad'),
        () => stand.service.jobs.logs('bad'),
        () => stand.service.completeJob('bad'),
      ]) {
        await doing().catch((error: unknown) => errors.push(error));
      }
      for (const error of errors) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(WRONG_KEY_TYPE|JOB_.*|INVALID_DOCUMENT)$/) as string,
        });
      }
      await stand.backend.remove('bad', false);
      expect(await stand.redis.exists(stand.key(`${name}:bad`))).toBe(0);
    });
  },
);

describe('a key that only an unusual job needs', () => {
  it('stops a claim that meets such a job first, and all stay in the queue', async () => {
    const stand = open();
    for (const id of ['ended', 'sound']) await stand.queue.add('t', 1, { jobId: id });
    await stand.redis.set(stand.key('status:ended'), 'failed');
    const restore = await spoil(stand, 'failed');
    const queued = await stand.queued();
    await expect(stand.claim()).rejects.toThrow('failed');
    expect(await stand.queued()).toEqual(queued);
    await restore();
    expect(await stand.claimAll()).toEqual(['sound']);
    expect(await stand.redis.zrange(stand.key('failed'), 0, -1)).toEqual(['ended']);
  });

  it('does not keep jobs before it from being claimed', async () => {
    const stand = open();
    const ids = Array.from({ length: 40 }, (_, at) => `sound-${at}`);
    await stand.queue.addBulk([...ids, 'ended'].map((jobId) => ({ name: 't', data: 1, opts: { jobId } })));
    await stand.redis.set(stand.key('status:ended'), 'failed');
    await spoil(stand, 'failed');
    const claims = await Promise.allSettled([...ids, 'x'].map((_, at) => stand.claim(`token-${at}`)));
    const claimed = claims.flatMap((claim) => (claim.status === 'fulfilled' && claim.value) || []);
    // The piece with the job that cannot be looked at is left; what is claimed is told to whoever claimed it.
    expect(claimed.length).toBe(await stand.redis.scard(stand.key('processing')));
    expect(claimed.length + (await stand.queued()).length).toBe(41);
  });
});
