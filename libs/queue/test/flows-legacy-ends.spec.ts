// What legacy services do to the jobs of a flow besides running them: cancel, requeue, clear, add again, lose.
import {
  addFamily,
  family,
  jobKeys,
  legacyRuns,
  PARENT_WAITS,
  producerOf,
  statusIs,
  summing,
} from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { advance, legacyJob, toEnd } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Ids of the children that the parent waits for. */
async function awaited(stand: Stand, parent = 'parent'): Promise<string[]> {
  const keys = await stand.redis.smembers(stand.key(`pending:${parent}`));
  return keys.map((key) => key.slice(stand.base.length)).sort();
}

async function waiting(): Promise<Stand> {
  const stand = open();
  await addFamily(stand);
  return stand;
}

describe('a legacy cancel', () => {
  it('of a child keeps the parent waiting, as a failure does', async () => {
    const stand = await waiting();
    await stand.legacy.cancel('a');
    await legacyRuns(stand, 'b');
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.cancelled);
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await awaited(stand)).toEqual(['a']);
  });

  it('of a child that must not fail fails the parent', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b'], { child: { failParentOnFailure: true } });
    await stand.legacy.cancel('a');
    await stand.pass();
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(ids()).not.toContain('parent');
  });

  it('of a running child stops its handler and is told to the parent', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { ignoreDependencyOnFailure: true } });
    expect(await stand.claim('held')).toBe('a');
    await stand.legacy.cancel('a');
    await stand.pass();
    expect(await stand.backend.extendLocks(['a'], ['held'], 1000)).toEqual(['a']);
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await (await stand.queue.getJob('parent'))?.getFailedChildrenValues()).toEqual({
      [stand.key('a')]: 'job cancelled',
    });
  });

  it('of the waiting parent ends it, and its children run all the same', async () => {
    const stand = await waiting();
    await stand.legacy.cancel('parent');
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.cancelled);
    await legacyRuns(stand, 'a', 'complete', 1);
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.cancelled);
    expect(await stand.status('parent')).toBe('cancelled');
    expect(await stand.standing('b')).toEqual(PLACES.completed);
  });

  it('of the waiting parent that nobody noticed holds when the last child completes', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await stand.legacy.cancel('parent');
    const { ids } = summing(stand);
    await statusIs(stand, 'a', 'completed');
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.cancelled);
    expect(ids()).toEqual(['a']);
  });

  it('of the waiting parent leaves nothing for ever, whatever its children do later', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b', 'c'], { child: { ignoreDependencyOnFailure: true } });
    await stand.legacy.cancel('parent');
    await stand.pass();
    await legacyRuns(stand, 'a', 'complete', 1);
    await legacyRuns(stand, 'b', 'fail');
    await legacyRuns(stand, 'c', 'complete', 3);
    await stand.pass();
    await stand.passAnHour();
    expect(await jobKeys(stand)).toEqual([]);
  });
});

describe('a legacy requeue of a child', () => {
  it('keeps it a child: the parent waits for its second run', async () => {
    const stand = await waiting();
    const job = await stand.legacy.dequeue();
    await stand.legacy.requeue(job!);
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    expect(await awaited(stand)).toEqual(['a']);
    summing(stand, 'again');
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({
      [stand.key('a')]: 'again',
      [stand.key('b')]: 2,
    });
  });

  it('of which only the failure was seen at first makes the parent wait for it again', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b'], { child: { ignoreDependencyOnFailure: true } });
    const job = await stand.legacy.dequeue();
    const requeue = stand.legacy.requeuing(job!);
    await advance(requeue, 5);
    await stand.pass();
    expect(await awaited(stand)).toEqual(['b']);
    await toEnd(requeue);
    await stand.pass();
    expect(await awaited(stand)).toEqual(['a', 'b']);
    summing(stand, 'again');
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({
      [stand.key('a')]: 'again',
      [stand.key('b')]: 'again',
    });
  });
});

describe('a legacy clear in the middle of a flow', () => {
  it('of the queue loses no child: the flow goes on to its end', async () => {
    const stand = await waiting();
    await stand.pass();
    await legacyRuns(stand, 'a', 'complete', 1);
    await stand.legacy.clearQueue();
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await stand.queued()).toEqual(['b']);
    summing(stand, 2);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1, [stand.key('b')]: 2 });
  });

  it('of the queue puts back a parent that had just been released', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await legacyRuns(stand, 'a', 'complete', 1);
    await stand.pass();
    await stand.legacy.clearQueue();
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1 });
  });

  it('of the running jobs does not take a child from the worker that holds it', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    expect(await stand.claim()).toBe('a');
    await stand.legacy.clearProcessing();
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.running);
    await stand.service.completeJob('a');
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
  });
});

describe('a legacy AddJob', () => {
  it('with the id of a waiting parent does not let it run before its children', async () => {
    const stand = await waiting();
    await stand.legacy.add({ id: 'parent' });
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    const { ids } = summing(stand, 'ran');
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['a', 'b', 'parent']);
    expect(await stand.service.getJobResult('parent')).toEqual({
      [stand.key('a')]: 'ran',
      [stand.key('b')]: 'ran',
    });
  });

  it('with the id of a waiting child changes its place only', async () => {
    const stand = await waiting();
    await stand.legacy.add({ id: 'a', priority: 0 });
    await stand.pass();
    expect(await stand.queued()).toEqual(['b', 'a']);
    expect(await awaited(stand)).toEqual(['a', 'b']);
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(Object.keys(await stand.service.getJobResult('parent'))).toHaveLength(2);
  });

  it('with the id of a completed child makes a parent that still waits wait for it again', async () => {
    const stand = await waiting();
    await legacyRuns(stand, 'a', 'complete', 'first');
    await stand.pass();
    await stand.legacy.add({ id: 'a' });
    await stand.pass();
    expect(await awaited(stand)).toEqual(['a', 'b']);
    summing(stand, 'second');
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toMatchObject({ [stand.key('a')]: 'second' });
  });

  it('with the id of a child whose parent has ended is a job like any other', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await legacyRuns(stand, 'a');
    await stand.pass();
    await legacyRuns(stand, 'parent');
    await stand.pass();
    await stand.legacy.add({ id: 'a' });
    await legacyRuns(stand, 'a');
    await stand.pass();
    expect(await stand.standing('a')).toEqual(PLACES.completed);
    expect(await stand.standing('parent')).toEqual(PLACES.completed);
    await stand.passAnHour();
    expect(await jobKeys(stand)).toEqual([]);
  });
});

describe('children that disappear', () => {
  it('with all their keys let the parent go on', async () => {
    const stand = await waiting();
    for (const id of ['a', 'b']) {
      await stand.redis.del(...['data', 'status', 'job'].map((name) => stand.key(`${name}:${id}`)));
      await stand.redis.zrem(stand.key('queue'), id);
    }
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    summing(stand, 'alone');
    await statusIs(stand, 'parent', 'completed');
  });

  it('one of many hundred at a time are all found within a few passes', async () => {
    const stand = open();
    const ids = Array.from({ length: 60 }, (_, nth) => `child-${nth}`);
    await addFamily(stand, ids);
    const keys = (await stand.redis.keys(stand.key('*'))).filter((key) => key.includes('child-'));
    await stand.redis.del(...keys);
    await stand.redis.zrem(stand.key('queue'), ...ids);
    for (let passes = 0; passes < 100 && (await awaited(stand)).length > 0; passes++) await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
  });

  it('because they failed an hour ago let the parent go on, without their results', async () => {
    const stand = await waiting();
    await legacyRuns(stand, 'a', 'fail');
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    await stand.passAnHour();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('b')]: 2 });
  });

  it('after they completed leave their results with the parent', async () => {
    const stand = await waiting();
    await legacyRuns(stand, 'a', 'complete', { kept: true });
    await stand.pass();
    await stand.passAnHour();
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({
      [stand.key('a')]: { kept: true },
      [stand.key('b')]: 2,
    });
  });
});

describe('a job that a legacy service added and a flow names as its child', () => {
  const adopting = async (stand: Stand) => producerOf(stand).add(family(stand, ['theirs']));

  it('while it waits keeps its document, and its result goes to the parent', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'theirs', count: 7 });
    await adopting(stand);
    const { ran } = stand.newWorker(async (job) =>
      job.id === 'parent' ? job.getChildrenValues() : { was: (job.data as { count: number }).count },
    );
    await statusIs(stand, 'parent', 'completed');
    expect(ran[0]?.data).toMatchObject({ id: 'theirs', count: 7, username: 'gopher' });
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('theirs')]: { was: 7 } });
  });

  it.each([
    ['while a legacy worker runs it', false],
    ['after a legacy worker completed it and nobody noticed', true],
  ])('%s is waited for all the same', async (_, isDone) => {
    const stand = open();
    await stand.legacy.add({ id: 'theirs' });
    await stand.legacy.dequeue();
    const complete = async () => {
      await stand.legacy.saveResult('theirs', 'theirs');
      await stand.legacy.complete('theirs');
    };
    if (isDone) await complete();
    await adopting(stand);
    if (!isDone) await complete();
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('theirs')]: 'theirs' });
  });

  it('and that had completed before gives its result at once', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'theirs' });
    await legacyRuns(stand, 'theirs', 'complete', 'done');
    await stand.pass();
    await adopting(stand);
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('theirs')]: 'done' });
  });

  it('is listed, shown, retried and removed like any job', async () => {
    const stand = open();
    await toEnd(stand.legacy.adding(legacyJob({ id: 'theirs' })));
    await adopting(stand);
    const list = await stand.service.jobs.list({ page: 1, pageSize: 10 });
    expect(list.items.map(({ id }) => id).sort()).toEqual(['parent', 'theirs']);
    expect(await stand.service.jobs.get('theirs')).toMatchObject({ state: 'prioritized', legacy: true });
    const child = await stand.queue.getJob('theirs');
    expect(child).toMatchObject({ parentKey: stand.key('parent'), name: 'example.echo' });
    await legacyRuns(stand, 'theirs', 'fail');
    await stand.pass();
    await stand.service.jobs.retry('theirs');
    expect(await stand.standing('theirs')).toEqual(PLACES.pending);
    expect(await awaited(stand)).toEqual(['theirs']);
    await stand.service.jobs.remove('theirs');
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    expect((await jobKeys(stand)).filter((name) => name.endsWith('theirs'))).toEqual([]);
  });
});
