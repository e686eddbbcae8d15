// Flows whose jobs a legacy service sees and runs: it knows nothing of parents and children.
import { waitFor } from '../../../tests/support/wait.js';
import {
  addFamily,
  addOverTwoQueues,
  legacyRuns,
  PARENT_WAITS,
  statusIs,
  summing,
  type OnFailure,
} from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

describe('a parent that waits for its children', () => {
  it('is pending to a legacy service, and in none of the structures it reads', async () => {
    const stand = open();
    await addFamily(stand);
    expect(await stand.legacy.status('parent')).toBe('pending');
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await stand.legacy.pending()).toEqual(['a', 'b']);
    expect(await stand.legacy.stats()).toMatchObject({ queue: 2, processing: 0 });
    expect(await stand.popAll()).toEqual(['a', 'b']);
  });

  it('has a document that a legacy service can read, as its children have', async () => {
    const stand = open();
    await addFamily(stand);
    for (const id of ['parent', 'a']) {
      const document = JSON.parse((await stand.redis.get(stand.key(`data:${id}`))) ?? '') as object;
      expect(document).toMatchObject({ id, status: 'pending', deleted_at: null, progress: 0 });
    }
  });

  it('does not end, nor do its children, however long it takes', async () => {
    const stand = open();
    await addFamily(stand);
    await stand.pass();
    expect(await stand.endings()).toEqual({});
    await stand.legacy.dequeue();
    await stand.pass();
    await stand.passAnHour();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await stand.standing('a')).toEqual(PLACES.running);
    expect(await stand.standing('b')).toEqual(PLACES.pending);
    expect(await stand.endings()).toEqual({});
  });

  it('is announced to legacy subscribers as any job is, and when it goes on as pending', async () => {
    const stand = open();
    const recorder = await stand.record();
    await addFamily(stand, ['a']);
    await legacyRuns(stand, 'a');
    await stand.pass();
    const heard = (await recorder.texts())
      .map((text) => JSON.parse(text) as { job_id: string; event: string; data: { status: string } })
      .filter(({ job_id }) => job_id === 'parent')
      .map(({ event, data }) => `${event} ${data.status}`);
    expect(heard).toEqual(['status_updated pending', 'job_added pending', 'status_updated pending']);
  });
});

describe('children that a legacy worker completes', () => {
  it('let the parent go on, whose handler sees their results', async () => {
    const stand = open();
    await addFamily(stand);
    await legacyRuns(stand, 'a', 'complete', { sum: 1 });
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await legacyRuns(stand, 'b', 'complete', [2]);
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['parent']);
    expect(await stand.service.getJobResult('parent')).toEqual({
      [stand.key('a')]: { sum: 1 },
      [stand.key('b')]: [2],
    });
  });

  it('let the parent go on with a worker alone, without a reconciler', async () => {
    const stand = open();
    await addFamily(stand);
    await legacyRuns(stand, 'a', 'complete', 1);
    await legacyRuns(stand, 'b', 'complete', 2);
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1, [stand.key('b')]: 2 });
  });

  it('without a result give null', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await legacyRuns(stand, 'a');
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: null });
  });

  it.each([
    ['plain text', 'done: 3 of 4'],
    ['half an object', '{"sum":'],
    ['nothing', ''],
    ['a word JSON does not have', 'NaN'],
  ])('with %s for a result give it to the parent as text', async (_, text) => {
    const stand = open();
    await addFamily(stand, ['a']);
    const events = stand.newEvents();
    await events.waitUntilReady();
    const heard: Record<string, unknown> = {};
    events.on('completed', ({ jobId, returnvalue }) => (heard[jobId] = returnvalue));
    await stand.legacy.dequeue();
    await stand.redis.set(stand.key('results:a'), text, 'EX', 3600);
    await stand.legacy.complete('a');
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: text });
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getDependencies()).toMatchObject({ processed: { [stand.key('a')]: text } });
    await waitFor(() => 'parent' in heard, { what: 'QueueEvents telling of the parent' });
    expect(heard['a']).toEqual(text);
  });

  it('in another queue let the parent go on, too', async () => {
    const stand = open();
    const parts = open({ prefix: stand.prefix, name: 'parts' });
    await addOverTwoQueues(stand);
    await legacyRuns(parts, 'a', 'complete', 'from afar');
    await parts.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [parts.key('a')]: 'from afar' });
  });
});

describe('a child that a legacy worker fails', () => {
  async function failed(option?: OnFailure): Promise<Stand> {
    const stand = open();
    await addFamily(stand, ['a', 'b'], option && { child: { [option]: true } });
    await legacyRuns(stand, 'a', 'fail');
    await stand.pass();
    return stand;
  }
  const reason = 'failed by a legacy service';

  it('with failParentOnFailure fails the parent, which no handler runs', async () => {
    const stand = await failed('failParentOnFailure');
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(ids()).not.toContain('parent');
    expect(await stand.service.jobs.get('parent')).toMatchObject({
      state: 'failed',
      error: `child ${stand.key('a')} failed`,
    });
    expect(await stand.backend.getDependencies('parent')).toMatchObject({ failed: [stand.key('a')] });
  });

  it('with failParentOnFailure fails the parent also when QueueService takes it', async () => {
    const stand = await failed('failParentOnFailure');
    const taken: string[] = [];
    for (let job = await stand.service.dequeueJob(); job; job = await stand.service.dequeueJob()) {
      taken.push(job.id);
      await stand.service.completeJob(job.id);
    }
    expect(taken).toEqual(['b']);
    expect(await stand.status('parent')).toBe('failed');
  });

  it('with continueParentOnFailure lets the parent go on at once', async () => {
    const stand = await failed('continueParentOnFailure');
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getFailedChildrenValues()).toEqual({ [stand.key('a')]: reason });
    const worker = stand.newWorker(async (job) => {
      if (job.id === 'parent') await job.removeUnprocessedChildren();
      return job.id;
    });
    await statusIs(stand, 'parent', 'completed');
    expect(worker.ids().filter((id) => id === 'parent')).toHaveLength(1);
  });

  it('with ignoreDependencyOnFailure is noted, and the parent waits for the others', async () => {
    const stand = await failed('ignoreDependencyOnFailure');
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getFailedChildrenValues()).toEqual({ [stand.key('a')]: reason });
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('b')]: 2 });
  });

  it('with removeDependencyOnFailure is forgotten, and the parent waits for the others', async () => {
    const stand = await failed('removeDependencyOnFailure');
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getFailedChildrenValues()).toEqual({});
    expect(await parent?.getDependencies()).toEqual({
      processed: { [stand.key('b')]: 2 },
      unprocessed: [],
      ignored: {},
      failed: [],
    });
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
  });

  it('with no option keeps the parent waiting until somebody retries it', async () => {
    const stand = await failed();
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    await stand.service.jobs.retry('a');
    await legacyRuns(stand, 'a', 'complete', 1);
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 1, [stand.key('b')]: 2 });
  });

  it('which is the last one, with each option that lets the parent go on, ends the waiting', async () => {
    for (const option of ['ignoreDependencyOnFailure', 'removeDependencyOnFailure'] as const) {
      const stand = open();
      await addFamily(stand, ['a'], { child: { [option]: true } });
      await legacyRuns(stand, 'a', 'fail');
      await stand.pass();
      expect(await stand.standing('parent')).toEqual(PLACES.pending);
    }
  });
});

describe('a parent that goes on', () => {
  it('is run by a legacy worker like any job', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await legacyRuns(stand, 'a');
    await stand.pass();
    await legacyRuns(stand, 'parent', 'complete', { all: true });
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.completed);
    expect(await (await stand.queue.getJob('parent'))?.getState()).toBe('completed');
    expect(await stand.service.jobs.get('parent')).toMatchObject({ result: { all: true }, legacy: false });
  });

  it('is popped by a legacy worker before jobs of a lower priority, with its own', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { parent: { priority: 1 }, child: { priority: 1 } });
    await stand.service.addJob({ id: 'low', priority: 'low' });
    await legacyRuns(stand, 'a');
    await stand.pass();
    expect(await stand.popAll()).toEqual(['parent', 'low']);
  });

  it('honours its delay, of which legacy sees nothing but pending', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { parent: { delay: 3_600_000 } });
    await legacyRuns(stand, 'a');
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PLACES.delayed);
    expect(await stand.legacy.status('parent')).toBe('pending');
    expect(await stand.legacy.dequeue()).toBeUndefined();
    await stand.service.jobs.promote('parent');
    await legacyRuns(stand, 'parent');
  });

  it('that was to fail for a child is completed when a legacy worker is faster: it knows no better', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { failParentOnFailure: true } });
    await legacyRuns(stand, 'a', 'fail');
    await stand.pass();
    expect(await stand.redis.hget(stand.key('job:parent'), 'deferredFailure')).toBe(
      `child ${stand.key('a')} failed`,
    );
    await legacyRuns(stand, 'parent', 'complete');
    await stand.pass();
    await waitFor(async () => (await stand.standing('parent')).includes('completed'));
  });
});
