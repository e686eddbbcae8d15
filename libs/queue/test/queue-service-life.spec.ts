// What QueueService keeps alive: leases, subscriptions, its log.
import { waitFor } from '../../../tests/support/wait.js';
import { startRedis } from '../../../tests/support/redis.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const LEASE_MS = 30_000;

/** Only intervals are held, so that a test can let ten seconds of them pass; Redis goes on by itself. */
function holdIntervals(): void {
  const real = [
    'setTimeout',
    'clearTimeout',
    'setImmediate',
    'clearImmediate',
    'nextTick',
    'queueMicrotask',
  ] as const;
  jest.useFakeTimers({ doNotFake: [...real, 'Date', 'hrtime', 'performance'] });
}

afterEach(() => {
  jest.useRealTimers();
});

const leaseOf = async ({ redis, key }: Stand, id: string) => Number(await redis.zscore(key('leases'), id));

describe('the lease of a dequeued job', () => {
  it('is extended for as long as the process lives, and not after the job ended', async () => {
    holdIntervals();
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.service.addJob({ id: 'b' });
    await stand.service.dequeueJob();
    await stand.service.dequeueJob();
    for (let round = 0; round < 3; round++) {
      await stand.redis.zadd(stand.key('leases'), 'XX', Date.now() + 1000, 'a', Date.now() + 1000, 'b');
      jest.advanceTimersByTime(LEASE_MS / 3);
      await waitFor(async () => (await leaseOf(stand, 'a')) > Date.now() + LEASE_MS / 2);
      await waitFor(async () => (await leaseOf(stand, 'b')) > Date.now() + LEASE_MS / 2);
    }
    await stand.service.completeJob('a');
    await stand.service.failJob('b', { requeue: true });
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is extended for a job that updateJobStatus set to running, too', async () => {
    holdIntervals();
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.service.updateJobStatus('a', 'running');
    await stand.redis.zadd(stand.key('leases'), 'XX', Date.now() + 1000, 'a');
    jest.advanceTimersByTime(LEASE_MS / 3);
    await waitFor(async () => (await leaseOf(stand, 'a')) > Date.now() + LEASE_MS / 2);
    await stand.service.updateJobStatus('a', 'pending');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends when the process dies, and the job waits again', async () => {
    const stand = open();
    const dying = stand.newService();
    await dying.addJob({ id: 'a' });
    await dying.dequeueJob();
    expect(await leaseOf(stand, 'a')).toBeGreaterThan(Date.now());
    expect(await leaseOf(stand, 'a')).toBeLessThanOrEqual(Date.now() + LEASE_MS);
    await dying.close();
    await stand.endLease('a');
    expect(await stand.backend.running.recoverStalled()).toEqual(['a']);
    expect(await stand.service.dequeueJob()).toMatchObject({ id: 'a' });
  });

  it('that somebody took away is let go, and the log says so once', async () => {
    holdIntervals();
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.service.dequeueJob();
    await stand.newService().cancelJob('a');
    jest.advanceTimersByTime(LEASE_MS);
    await waitFor(() => stand.log.matching(/lost the lease of job a/).length > 0);
    jest.advanceTimersByTime(LEASE_MS);
    expect(stand.log.matching(/lost/)).toEqual(['warn [QueueService] lost the lease of job a']);
    expect(await stand.standing('a')).toEqual(PLACES.cancelled);
  });

  it('keeps no process alive by itself', async () => {
    const stand = open();
    const unref = jest.spyOn(global, 'setInterval');
    await stand.service.addJob({ id: 'a' });
    await stand.service.dequeueJob();
    expect(unref.mock.results.map(({ value }) => (value as NodeJS.Timeout).hasRef())).toEqual([false]);
    unref.mockRestore();
  });
});

describe('the log', () => {
  it('has one line for each thing done, each marked as the Go service marks its own', async () => {
    const stand = open();
    const { service } = stand;
    await service.addJob({ id: 'a', priority: 'high' });
    await service.enqueueJob({ id: 'b' });
    await service.dequeueJob();
    await service.completeJob('a');
    await service.dequeueJob();
    await service.failJob('b', { requeue: true });
    await service.updateJobStatus('b', 'running');
    await service.failJob('b');
    await service.addJob({ id: 'c' });
    await service.cancelJob('c');
    await service.clearQueue();
    await service.clearProcessing();
    await service.getQueueStats();
    expect(stand.log.lines).toEqual([
      'log [QueueService] added job a with priority 2',
      'log [QueueService] added job b with priority 1',
      'log [QueueService] dequeued job a',
      'log [QueueService] job a completed',
      'log [QueueService] dequeued job b',
      'log [QueueService] requeued job b',
      'log [QueueService] job b set to running',
      'log [QueueService] job b failed',
      'log [QueueService] added job c with priority 1',
      'log [QueueService] job c cancelled',
      'log [QueueService] cleared the queue',
      'log [QueueService] cleared the running jobs',
    ]);
  });

  it('has no line for what was refused', async () => {
    const stand = open();
    await expect(stand.service.completeJob('none')).rejects.toThrow('job status not found');
    await expect(stand.service.addJob({ id: '' })).rejects.toThrow('job ID cannot be empty');
    await expect(stand.service.updateJobStatus('a', 'x')).rejects.toThrow('invalid job status: x');
    expect(stand.log.lines).toEqual([]);
  });
});

describe('subscribe', () => {
  it('gives what either side publishes, in order', async () => {
    const stand = open();
    const updates = stand.service.subscribe();
    await updates.ready;
    await stand.service.addJob({ id: 'a' });
    await stand.legacy.cancel('a');
    const seen: string[] = [];
    for await (const { event, job_id: id, data } of updates) {
      seen.push(`${event} ${id} ${data.status}`);
      if (event === 'job_cancelled') break;
    }
    expect(seen).toEqual([
      'status_updated a pending',
      'job_added a pending',
      'status_updated a cancelled',
      'job_cancelled a cancelled',
    ]);
  });

  it('ends after break, after close, and when the service closes; then says that it is done', async () => {
    const stand = open();
    const service = stand.newService();
    const [broken, closed, orphan] = [service.subscribe(), service.subscribe(), service.subscribe()];
    await Promise.all([broken.ready, closed.ready, orphan.ready]);
    const ends = [closed, orphan].map(async (subscription) => {
      while (!(await subscription.next()).done);
      return 'ended';
    });
    await service.addJob({ id: 'a' });
    for await (const { event } of broken) if (event !== '') break;
    await closed.close();
    await closed.close();
    expect(await ends[0]).toBe('ended');
    await service.close();
    expect(await ends[1]).toBe('ended');
    for (const one of [broken, closed, orphan]) {
      expect(await one.next()).toEqual({ value: undefined, done: true });
    }
    await waitFor(async () => Number((await stand.redis.pubsub('NUMSUB', stand.key('updates')))[1]) === 0);
  });

  it('answers readers in the order they asked, and keeps messages nobody has asked for yet', async () => {
    const stand = open();
    const updates = stand.service.subscribe();
    await updates.ready;
    const asked = [updates.next(), updates.next()];
    await stand.service.addJob({ id: 'a' });
    await stand.service.cancelJob('a');
    const events = [...(await Promise.all(asked)), await updates.next(), await updates.next()];
    expect(events.map(({ value }) => (value as { event: string }).event)).toEqual([
      'status_updated',
      'job_added',
      'status_updated',
      'job_cancelled',
    ]);
  });

  it('passes over what is no message of the contract', async () => {
    const stand = open();
    const updates = stand.service.subscribe();
    await updates.ready;
    for (const text of [
      '',
      'no JSON',
      'null',
      '5',
      '[]',
      '{}',
      '{"event":5,"job_id":"a"}',
      '{"event":"x"}',
    ]) {
      await stand.redis.publish(stand.key('updates'), text);
    }
    await stand.service.addJob({ id: 'a' });
    expect((await updates.next()).value).toMatchObject({ event: 'status_updated', job_id: 'a' });
  });

  it('listens on another channel when one is named', async () => {
    const stand = open();
    const updates = stand.service.subscribe(stand.key('other'));
    await updates.ready;
    await stand.service.addJob({ id: 'a' });
    await stand.redis.publish(stand.key('other'), '{"event":"mine","job_id":"z"}');
    expect((await updates.next()).value).toEqual({ event: 'mine', job_id: 'z' });
  });

  it('goes on after Redis was restarted', async () => {
    const redis = await startRedis();
    const stand = open({ url: redis.url });
    try {
      const updates = stand.service.subscribe();
      await updates.ready;
      await redis.restart();
      await waitFor(async () => Number((await stand.redis.pubsub('NUMSUB', stand.key('updates')))[1]) === 1);
      await stand.service.addJob({ id: 'a' });
      expect((await updates.next()).value).toMatchObject({ event: 'status_updated', job_id: 'a' });
      await stand.close();
    } finally {
      await redis.remove();
    }
  });
});
