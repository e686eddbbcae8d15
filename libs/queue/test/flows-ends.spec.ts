// Parents and children in the hands of QueueService and JobStore, and what Redis keeps of them.
import { waitFor } from '../../../tests/support/wait.js';
import {
  addFamily,
  addOverTwoQueues,
  jobKeys,
  legacyRuns,
  PARENT_WAITS,
  producerOf,
  statusIs,
  summing,
} from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const FAMILY = ['ignored', 'pending', 'processed', 'unsuccessful'];

async function waiting(children = ['a', 'b']): Promise<Stand> {
  const stand = open();
  await addFamily(stand, children);
  return stand;
}

describe('JobStore', () => {
  it('shows a waiting parent as pending, and counts it once', async () => {
    const stand = await waiting();
    expect(await stand.service.jobs.get('parent')).toMatchObject({
      status: 'pending',
      state: 'waiting-children',
      type: 'sum',
      payload: { of: 2 },
    });
    const list = await stand.service.jobs.list({ page: 1, pageSize: 10, status: 'pending' });
    expect(list.items.map(({ id }) => id).sort()).toEqual(['a', 'b', 'parent']);
    expect(list.total).toBe(3);
    expect(await stand.service.jobs.stats()).toMatchObject({
      total: 3,
      byStatus: { pending: 3, running: 0 },
      byState: { 'waiting-children': 1, waiting: 2 },
    });
  });

  it.each([
    ['promote', 'only delayed jobs can be promoted'],
    ['retry', 'only finished jobs can be retried'],
  ] as const)('refuses to %s it, and says why', async (operation, reason) => {
    const stand = await waiting();
    const before = await stand.everything();
    await expect(stand.service.jobs[operation]('parent')).rejects.toMatchObject({
      code: 'JOB_STATE_CONFLICT',
      message: `job parent is waiting-children: ${reason}`,
    });
    expect(await stand.everything()).toEqual(before);
  });

  it('refuses to create a job with its id', async () => {
    const stand = await waiting();
    await expect(stand.service.jobs.create({ id: 'parent', type: 't' })).rejects.toMatchObject({
      code: 'JOB_EXISTS',
    });
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
  });

  it('removes it and leaves its children, which then run as jobs like any other', async () => {
    const stand = await waiting();
    await stand.service.jobs.remove('parent');
    expect((await jobKeys(stand)).filter((name) => name.endsWith(':parent'))).toEqual([]);
    const { ids } = summing(stand);
    await statusIs(stand, 'b', 'completed');
    expect(ids()).toEqual(['a', 'b']);
    expect((await jobKeys(stand)).filter((name) => name.endsWith(':parent'))).toEqual([]);
  });

  it('removes its children, and it goes on after the last', async () => {
    const stand = await waiting();
    await stand.service.jobs.remove('a');
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await stand.service.jobs.remove('b');
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    expect((await jobKeys(stand)).filter((name) => /:[ab]$/.test(name))).toEqual([]);
  });

  it('removes it with its children, of several queues, and leaves no key', async () => {
    const stand = open();
    const parts = open({ prefix: stand.prefix, name: 'parts' });
    const deeper = { name: 'part', queueName: 'jobs', opts: { jobId: 'c' } };
    const child = { name: 'part', queueName: 'parts', opts: { jobId: 'b' }, children: [deeper] };
    await producerOf(stand).add({
      name: 'sum',
      queueName: 'jobs',
      opts: { jobId: 'parent' },
      children: [{ name: 'part', queueName: 'parts', opts: { jobId: 'a' } }, child],
    });
    await (await stand.queue.getJob('parent'))?.remove({ removeChildren: true });
    expect(await jobKeys(stand)).toEqual([]);
    expect(await jobKeys(parts)).toEqual([]);
    expect((await parts.keyspace())['queue']).toBeUndefined();
  });

  it('cancels it, and after a retry it waits for the same children again', async () => {
    const stand = await waiting();
    await stand.service.jobs.cancel('parent');
    expect(await stand.standing('parent')).toEqual(PLACES.cancelled);
    await legacyRuns(stand, 'a', 'complete', 1);
    await stand.pass();
    await stand.service.jobs.retry('parent');
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(Object.keys(await stand.endings()).filter((name) => name.endsWith(':parent'))).toEqual([]);
    summing(stand, 2);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1, [stand.key('b')]: 2 });
  });

  it('runs a cancelled parent again at once when its children have ended meanwhile', async () => {
    const stand = await waiting(['a']);
    await stand.service.jobs.cancel('parent');
    await legacyRuns(stand, 'a', 'complete', 1);
    await stand.pass();
    await stand.service.jobs.retry('parent');
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1 });
  });
});

describe('QueueService', () => {
  it('cancelJob of a waiting parent holds whatever its children do', async () => {
    const stand = await waiting();
    await stand.service.cancelJob('parent');
    const { ids } = summing(stand);
    await statusIs(stand, 'b', 'completed');
    expect(ids()).toEqual(['a', 'b']);
    expect(await stand.standing('parent')).toEqual(PLACES.cancelled);
  });

  it('cancelJob of the last child that must not fail fails the parent with its reason', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { failParentOnFailure: true } });
    await stand.service.cancelJob('a');
    summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(await stand.service.jobs.get('parent')).toMatchObject({
      error: `child ${stand.key('a')} failed`,
    });
  });

  it('completeJob and failJob of a child tell its parent in the same step', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b'], { child: { ignoreDependencyOnFailure: true } });
    await stand.service.saveJobResult('a', { n: 1 });
    await stand.service.completeJob('a');
    await stand.service.failJob('b', { error: 'no luck' });
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getChildrenValues()).toEqual({ [stand.key('a')]: { n: 1 } });
    expect(await parent?.getFailedChildrenValues()).toEqual({ [stand.key('b')]: 'no luck' });
  });

  it('failJob with requeue of a waiting parent does not let it run before its children', async () => {
    const stand = await waiting();
    await stand.service.failJob('parent', { requeue: true });
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['a', 'b', 'parent']);
  });

  it('addJob with the id of a waiting parent replaces it, and it runs at once', async () => {
    const stand = await waiting();
    await stand.service.addJob({ id: 'parent', payload: 'new', priority: 9 });
    expect((await stand.service.dequeueJob())?.id).toBe('parent');
    await stand.service.completeJob('parent');
    expect(await stand.claimAll()).toEqual(['a', 'b']);
    for (const id of ['a', 'b']) await stand.service.completeJob(id);
    expect(await stand.standing('parent')).toEqual(PLACES.completed);
    expect((await jobKeys(stand)).filter((name) => FAMILY.includes(name.split(':')[0]!))).toEqual([]);
  });

  it('addJob with the id of a child keeps it a child, as a legacy AddJob does', async () => {
    const stand = await waiting(['a']);
    await stand.service.addJob({ id: 'a', type: 'part', payload: 'new' });
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    summing(stand, 'new');
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 'new' });
  });

  it('clearQueue removes the children, and a parent of the same queue with the last of them', async () => {
    const stand = await waiting();
    await stand.service.clearQueue();
    expect(await jobKeys(stand)).toEqual([]);
    const { keys, ids } = { keys: await stand.keyspace(), ids: await stand.redis.zcard(stand.key('ids')) };
    expect(keys['waiting-children']).toBeUndefined();
    expect(ids).toBe(0);
  });

  it('clearQueue lets a parent of another queue go on', async () => {
    const stand = open();
    const parts = open({ prefix: stand.prefix, name: 'parts' });
    await addOverTwoQueues(stand);
    await parts.service.clearQueue();
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    expect(await jobKeys(parts)).toEqual([]);
  });
});

describe('the keys of a flow', () => {
  it('end together for each job of it', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b', 'c'], { child: { ignoreDependencyOnFailure: true } });
    await legacyRuns(stand, 'a', 'complete', 1);
    await legacyRuns(stand, 'b', 'fail');
    await legacyRuns(stand, 'c', 'complete', 3);
    await stand.pass();
    await legacyRuns(stand, 'parent', 'complete', 'sum');
    await stand.pass();
    const endings = await stand.endings();
    const parent = ['data', 'ignored', 'job', 'processed', 'results', 'status'].map(
      (name) => `${name}:parent`,
    );
    expect(Object.keys(endings).filter((name) => name.endsWith(':parent'))).toEqual(parent);
    expect(new Set(parent.map((name) => endings[name])).size).toBe(1);
    expect((await jobKeys(stand)).filter((name) => !(name in endings))).toEqual([]);
    await stand.passAnHour();
    expect(await jobKeys(stand)).toEqual([]);
  });

  it('end by themselves after JOB_TTL_SECONDS, and the ids are free again', async () => {
    const stand = open({ jobTtlSeconds: 1 });
    await addFamily(stand, ['a'], { child: { failParentOnFailure: true } });
    await stand.service.failJob('a', { error: 'broken' });
    summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(await jobKeys(stand)).toContain('unsuccessful:parent');
    await waitFor(async () => (await jobKeys(stand)).length === 0, { what: 'all keys to end' });
    expect(await stand.queue.getJob('parent')).toBeUndefined();
    await addFamily(stand, ['a']);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 'ran' });
  });

  it('are all gone after the queue is obliterated, at any point of a flow', async () => {
    for (const ended of [0, 1, 2]) {
      const stand = await waiting();
      await waitFor(() => stand.queue.getVersion(), { what: 'BullMQ noting its version' });
      for (let nth = 0; nth < ended; nth++) await stand.service.completeJob(['a', 'b'][nth]!);
      await stand.queue.obliterate({ force: true });
      expect(await stand.keyspace()).toEqual({});
    }
  });

  it('of a queue that is drained are gone, too', async () => {
    const stand = await waiting();
    await stand.queue.drain();
    expect(await jobKeys(stand)).toEqual([]);
  });
});

describe('a child that is added under a parent', () => {
  const opts = (stand: Stand) => ({ parent: { id: 'parent', queue: `${stand.prefix}:jobs` } });

  it('that has ended ends with it: nothing stays for ever', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await stand.service.completeJob('a');
    await stand.service.completeJob('parent');
    await stand.queue.add('late', {}, { jobId: 'late', ...opts(stand) });
    await stand.passAnHour();
    expect((await jobKeys(stand)).filter((name) => name.endsWith(':parent'))).toEqual([]);
    await stand.service.completeJob('late');
    expect((await jobKeys(stand)).filter((name) => name.endsWith(':parent'))).toEqual([]);
  });

  it('that took the place of one that was removed is its child', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await stand.service.jobs.remove('parent');
    await producerOf(stand).add({
      name: 'sum',
      queueName: 'jobs',
      opts: { jobId: 'second' },
      children: [{ name: 'part', queueName: 'jobs', opts: { jobId: 'a' } }],
    });
    expect(await stand.standing('second')).toEqual(PARENT_WAITS);
    summing(stand, 'linked');
    await statusIs(stand, 'second', 'completed');
    expect(await stand.service.getJobResult('second')).toEqual({ [stand.key('a')]: 'linked' });
  });
});
