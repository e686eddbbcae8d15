// What legacy services do to the jobs of a flow besides running them: cancel, requeue, clear, add again.
import { addFamily, awaited, jobKeys, legacyRuns, PARENT_WAITS, statusIs, summing } from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { advance, toEnd } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

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
