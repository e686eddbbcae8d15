// Children that disappear without a word, and jobs of legacy services that become children.
import {
  addFamily,
  awaited,
  family,
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

async function waiting(): Promise<Stand> {
  const stand = open();
  await addFamily(stand);
  return stand;
}

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

  it('because they failed an hour ago would be missed: they stay while a parent waits for them', async () => {
    const stand = await waiting();
    await legacyRuns(stand, 'a', 'fail');
    await legacyRuns(stand, 'b', 'complete', 2);
    await stand.pass();
    await stand.passAnHour();
    await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    expect(await stand.standing('a')).toEqual(PLACES.failed);
    expect(await stand.status('a')).toBe('failed');

    await stand.service.jobs.retry('a');
    await stand.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
  });

  it('that stayed for a parent end when it waits no more', async () => {
    const stand = await waiting();
    await legacyRuns(stand, 'a', 'fail');
    await stand.pass();
    expect(await stand.redis.pttl(stand.key('job:a'))).toBe(-1);
    await stand.service.cancelJob('parent');
    await stand.pass();
    expect(await stand.redis.pttl(stand.key('job:a'))).toBeGreaterThan(0);
    expect(await stand.redis.exists(stand.key('awaited'))).toBe(0);
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
    await stand.legacy.add({ id: 'theirs' });
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
