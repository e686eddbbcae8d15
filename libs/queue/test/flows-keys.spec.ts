// Names with colons, queues of different prefixes, and keys that somebody else wrote.
import { randomBytes } from 'node:crypto';
import { waitFor } from '../../../tests/support/wait.js';
import {
  addFamily,
  entries,
  family,
  legacyRuns,
  PARENT_WAITS,
  producerOf,
  statusIs,
  summing,
} from './support/flow.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const report = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;

describe('names that could be mistaken', () => {
  it.each([
    ['ids', '', ['a:b', 'jobs:a', ':', '::x', 'parent:1']],
    ['prefixes', ':with:colons', ['a', 'b:c']],
  ])('%s with colons keep parents and children together', async (_, more, ids) => {
    const stand = open({ prefix: `t${randomBytes(6).toString('hex')}${more}` });
    for (const id of ids) {
      await stand.backend.addFlow(entries(stand, family(stand, [id], { parent: { jobId: `p${id}` } })));
    }
    await stand.pass();
    await stand.pass();
    for (const id of ids) expect(await stand.standing(`p${id}`)).toEqual(PARENT_WAITS);
    summing(stand, 'done');
    for (const id of ids) {
      await statusIs(stand, `p${id}`, 'completed');
      expect(await stand.service.getJobResult(`p${id}`)).toEqual({ [stand.key(id)]: 'done' });
    }
  });

  it('queues of different prefixes make one flow', async () => {
    const stand = open();
    const parts = open();
    await producerOf(stand).add({
      ...family(stand, []),
      children: [{ name: 'part', queueName: 'jobs', prefix: parts.prefix, opts: { jobId: 'a' } }],
    });
    expect(await parts.queued()).toEqual(['a']);
    await legacyRuns(parts, 'a', 'complete', 1);
    await parts.pass();
    summing(stand);
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [parts.key('a')]: 1 });
  });

  it('a pass of another queue does not take its children for gone', async () => {
    const stand = open();
    const parts = open();
    await producerOf(stand).add({
      ...family(stand, []),
      children: [{ name: 'part', queueName: 'jobs', prefix: parts.prefix, opts: { jobId: 'a' } }],
    });
    for (let nth = 0; nth < 3; nth++) await stand.pass();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
  });

  it('whole characters beyond the first plane come through', async () => {
    const stand = open();
    await addFamily(stand, ['😀']);
    summing(stand, '😀');
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('😀')]: '😀' });
  });

  it('a reason with half a character fails a child and its parent all the same', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { ignoreDependencyOnFailure: true } });
    stand.newWorker(async (job) => {
      if (job.id === 'a') throw new Error('cut \ud83d');
      return Object.values(await job.getFailedChildrenValues());
    });
    await statusIs(stand, 'parent', 'completed');
    expect(await stand.service.getJobResult('parent')).toEqual(['cut \ufffd']);
  });
});

describe('what somebody else wrote', () => {
  it.each([
    'not JSON',
    '"text"',
    '5',
    'null',
    '[]',
    '{}',
    '{"queueKey":5,"id":1}',
    '{"queueKey":"x","id":{}}',
    '',
  ])('as the parent of a job (%s) does not stop its worker', async (parent) => {
    const stand = open();
    await stand.service.addJob({ id: 'odd', type: 't', payload: 1 });
    await stand.redis.hset(stand.key('job:odd'), { parent, parentKey: 'x:y:z' });
    const { ids, errors } = stand.newWorker();
    await statusIs(stand, 'odd', 'completed');
    await stand.service.addJob({ id: 'next' });
    await statusIs(stand, 'next', 'completed');
    expect(ids()).toEqual(['odd', 'next']);
    expect(errors).toEqual([]);
  });

  const ENDS = ['a worker', 'a legacy service', 'a failing worker', 'a cancel'] as const;
  async function end(stand: Stand, who: (typeof ENDS)[number]): Promise<void> {
    if (who === 'a cancel') return stand.service.cancelJob('a');
    if (who === 'a legacy service') {
      await legacyRuns(stand, 'a');
      await stand.pass();
      return;
    }
    expect(await stand.claim()).toBe('a');
    if (who === 'a worker') await stand.backend.moveToCompleted(report('a'), 1, false, 'token', false);
    else await stand.backend.moveToFailed(report('a'), 'x', false, 'token', false);
  }

  describe.each(['pending', 'processed', 'ignored', 'unsuccessful', 'job'])('at <p>%s:<parent>', (name) => {
    it.each(ENDS)('does not keep %s from ending a child, nor later passes from working', async (who) => {
      const stand = open();
      await addFamily(stand, ['a'], { child: { ignoreDependencyOnFailure: true } });
      await stand.redis.del(stand.key(`${name}:parent`));
      await stand.redis.rpush(stand.key(`${name}:parent`), 'not it');
      await end(stand, who);
      expect(await stand.standing('a')).toEqual(
        expect.arrayContaining([who.includes('fail') || who.includes('cancel') ? 'failed' : 'completed']),
      );
      await stand.pass();
      expect(await stand.standing('parent')).not.toEqual(PARENT_WAITS);
      await stand.service.addJob({ id: 'next' });
      stand.newWorker();
      await statusIs(stand, 'next', 'completed');
      await waitFor(async () => /completed|failed/.test((await stand.status('parent')) ?? ''));
    });
  });

  it('at <p>job:<child> does not stop passes over other parents', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    await stand.redis.del(stand.key('job:a'));
    await stand.redis.rpush(stand.key('job:a'), 'not it');
    await stand.pass();
    summing(stand);
    await waitFor(async () => (await stand.standing('parent'))[0] === 'completed');
  });

  it("in the parent's queue does not stop the queue of its children", async () => {
    const stand = open();
    const parts = open();
    await producerOf(stand).add({
      ...family(stand, []),
      children: [{ name: 'part', queueName: 'jobs', prefix: parts.prefix, opts: { jobId: 'a' } }],
    });
    await stand.redis.del(stand.key('events'));
    await stand.redis.set(stand.key('events'), 'not it');
    await legacyRuns(parts, 'a');
    await parts.service.addJob({ id: 'next' });
    parts.newWorker();
    await statusIs(parts, 'next', 'completed');
    expect(await parts.standing('a')).toEqual(PLACES.completed);
  });

  it("in the parent's queue is named to the worker that reports a child, and to who adds one", async () => {
    const stand = open();
    const parts = open();
    await producerOf(stand).add({
      ...family(stand, []),
      children: [{ name: 'part', queueName: 'jobs', prefix: parts.prefix, opts: { jobId: 'a' } }],
    });
    expect(await parts.claim()).toBe('a');
    await stand.redis.del(stand.key('meta'));
    await stand.redis.set(stand.key('meta'), 'not it');
    const named = { code: 'WRONG_KEY_TYPE', key: stand.key('meta'), found: 'string' };
    await expect(parts.backend.moveToCompleted(report('a'), 1, false, 'token', false)).rejects.toMatchObject(
      named,
    );
    const parent = { id: 'parent', queue: `${stand.prefix}:jobs` };
    await expect(parts.queue.add('part', {}, { jobId: 'b', parent })).rejects.toMatchObject(named);
    expect(await parts.status('b')).toBeNull();
    expect(await parts.standing('a')).toEqual(PLACES.running);
    await stand.redis.del(stand.key('meta'));
    await parts.backend.moveToCompleted(report('a'), 1, false, 'token', false);
    expect(await stand.standing('parent')).toEqual(PLACES.pending);
  });
});
