// Flows whose workers die or hurry, and flows that must not be added at all.
import { randomBytes } from 'node:crypto';
import type { FlowJob } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
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
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Entries of the event stream about one job. */
async function told(stand: Stand, event: string, jobId: string) {
  return (await stand.events()).filter((entry) => entry['event'] === event && entry['jobId'] === jobId);
}

const report = (id: string) => ({ id, opts: {}, attemptsMade: 0 }) as never;

describe('a worker that dies with a child', () => {
  it('loses it to another when its lease ends, and the parent goes on once', async () => {
    const stand = open();
    await addFamily(stand, ['a']);
    expect(await stand.claim('dead')).toBe('a');
    await stand.endLease('a');
    const { ids } = summing(stand, 'second try');
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['a', 'parent']);
    expect(await told(stand, 'waiting', 'parent')).toHaveLength(1);
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('a')]: 'second try' });
  });

  it('and reports after all is refused: the parent keeps the other result, and goes on once', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b']);
    expect(await stand.claim('slow')).toBe('a');
    await stand.endLease('a');
    await stand.newService().backend.running.recoverStalled();
    expect(await stand.claim('quick')).toBe('a');
    const { backend } = stand;
    await backend.moveToCompleted(report('a'), 'quick', false, 'quick', false);
    await expect(backend.moveToCompleted(report('a'), 'slow', false, 'slow', false)).rejects.toThrow();
    expect(await stand.standing('parent')).toEqual(PARENT_WAITS);
    const parent = await stand.queue.getJob('parent');
    expect(await parent?.getChildrenValues()).toEqual({ [stand.key('a')]: 'quick' });
  });

  it('whose report got lost may report again, and the parent is told once', async () => {
    const stand = open();
    await addFamily(stand, ['a', 'b']);
    expect(await stand.claim('one')).toBe('a');
    expect(await stand.claim('two')).toBe('b');
    for (let nth = 0; nth < 2; nth++) {
      await stand.backend.moveToCompleted(report('a'), 1, false, 'one', false);
      await stand.backend.moveToCompleted(report('b'), 2, false, 'two', false);
    }
    expect(await told(stand, 'waiting', 'parent')).toHaveLength(1);
  });

  it('too often fails it, and the parent as its options say', async () => {
    const stand = open();
    await addFamily(stand, ['a'], { child: { failParentOnFailure: true } });
    const { running } = stand.newService().backend;
    await stand.claim('dead');
    await stand.redis.hset(stand.key('job:a'), 'stalledCounter', 5);
    await stand.endLease('a');
    await running.recoverStalled();
    const { ids } = summing(stand);
    await statusIs(stand, 'parent', 'failed');
    expect(ids()).toEqual([]);
  });

  it('that waits for children it added itself has given it back safely', async () => {
    const stand = open();
    let step = 0;
    const { ids } = stand.newWorker(async (job, token) => {
      if (job.id !== 'parent') return 'child';
      if (step++ === 0) {
        const parent = { id: job.id, queue: `${stand.prefix}:jobs` };
        await stand.queue.add('part', {}, { jobId: 'late', parent });
        expect(await job.moveToWaitingChildren(token ?? '')).toBe(true);
        const { WaitingChildrenError } = await import('bullmq');
        throw new WaitingChildrenError();
      }
      return job.getChildrenValues();
    });
    await stand.queue.add('sum', {}, { jobId: 'parent' });
    await statusIs(stand, 'parent', 'completed');
    expect(ids()).toEqual(['parent', 'late', 'parent']);
    expect(await stand.service.getJobResult('parent')).toEqual({ [stand.key('late')]: 'child' });
  });
});

describe('the last two children at the same time', () => {
  it('release the parent exactly once, in each of 100 rounds', async () => {
    const stand = open();
    const others = [stand.newService(), stand.newService()];
    for (let round = 0; round < 100; round++) {
      const [parent, a, b] = ['p', 'a', 'b'].map((name) => `${name}${round}`) as [string, string, string];
      const flow = family(stand, [a, b], { parent: { jobId: parent } });
      await stand.backend.addFlow(entries(stand, flow));
      await Promise.all([others[0]!.completeJob(a), others[1]!.completeJob(b)]);
      expect(await stand.claim()).toBe(parent);
      await stand.service.completeJob(parent);
    }
    const released = (await stand.events()).filter(
      ({ event, jobId, prev }) => event === 'waiting' && jobId?.startsWith('p') && prev === 'waiting-children',
    );
    expect(new Set(released.map(({ jobId }) => jobId)).size).toBe(100);
    expect(released).toHaveLength(100);
  });

  it('one by a legacy worker, one by a worker of BullMQ, release it exactly once', async () => {
    const stand = open();
    for (let round = 0; round < 20; round++) {
      const [parent, a, b] = ['p', 'a', 'b'].map((name) => `${name}${round}`) as [string, string, string];
      await stand.backend.addFlow(entries(stand, family(stand, [a, b], { parent: { jobId: parent } })));
      await stand.legacy.dequeue();
      expect(await stand.claim()).toBe(b);
      await Promise.all([stand.legacy.complete(a), stand.service.completeJob(b), stand.pass()]);
      await stand.pass();
      expect(await stand.claim()).toBe(parent);
      await stand.service.completeJob(parent);
      expect(await told(stand, 'completed', parent)).toHaveLength(1);
      expect(await told(stand, 'waiting', parent)).toHaveLength(1);
    }
  });
});

/** What FlowProducer hands to the store for a parent with one level of children. */
function entries({ prefix }: Stand, { opts, children = [], queueName, name }: FlowJob) {
  const job = (node: FlowJob, extra: object) => ({
    jobData: { name: node.name, data: '{}', opts: { ...node.opts }, timestamp: Date.now(), ...extra } as never,
    jobId: String(node.opts?.jobId),
    prefix,
    queueName,
    parentKeyOpts: {},
  });
  const parentKey = `${prefix}:${queueName}:${opts?.jobId}`;
  const parent = { id: String(opts?.jobId), queueKey: `${prefix}:${queueName}` };
  return [
    { ...job({ name, queueName, opts } as FlowJob, {}), parentKeyOpts: { addToWaitingChildren: true } },
    ...children.map((child) => job(child, { parentKey, parent })),
  ];
}

describe('a flow with something wrong in it', () => {
  const flow = (stand: Stand, bad: Partial<FlowJob>): FlowJob => ({
    ...family(stand, ['a']),
    children: [
      { name: 'part', queueName: 'jobs', opts: { jobId: 'a' } },
      { name: 'part', queueName: 'parts', opts: { jobId: 'b' }, ...bad },
      { name: 'part', queueName: 'jobs', opts: { jobId: 'c' } },
    ],
  });

  it.each<[string, Partial<FlowJob>, string]>([
    ['an id with a control character', { opts: { jobId: 'b\n' } }, 'INVALID_JOB_ID'],
    ['an id that is too long', { opts: { jobId: 'b'.repeat(600) } }, 'INVALID_JOB_ID'],
    ['an id with half a character', { opts: { jobId: 'b\ud83d' } }, 'INVALID_JOB_ID'],
    ['a payload that is too large', { data: 'x'.repeat(2 * 1024 * 1024) }, 'PAYLOAD_TOO_LARGE'],
    ['no type', { name: '' }, 'INVALID_OPTION'],
    ['a type with a control character', { name: 'a\u0000' }, 'INVALID_OPTION'],
    ['a type with half a character', { name: 'a\ud83d' }, 'INVALID_OPTION'],
    ['a delay that never ends', { opts: { jobId: 'b', delay: 1e15 } }, 'DELAY_OUT_OF_RANGE'],
    ['a queue that cannot be', { queueName: 'worker' }, 'INVALID_QUEUE_NAME'],
  ])('(%s) adds nothing at all', async (_, bad, code) => {
    const stand = open();
    await expect(producerOf(stand).add(flow(stand, bad))).rejects.toMatchObject({ code });
    expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([]);
  });

  it.each(['queue', 'ids', 'waiting-children', 'events'])(
    '(a list at <p>%s of one of its queues) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      const key = `${stand.prefix}:parts:${name}`;
      await stand.redis.rpush(key, 'not it');
      await expect(producerOf(stand).add(flow(stand, {}))).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key,
      });
      expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([key]);
    },
  );

  it.each(['status', 'data', 'results'])(
    '(a list at <p>%s:<id> of one of its jobs) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      const key = `${stand.prefix}:parts:${name}:b`;
      await stand.redis.rpush(key, 'not it');
      await expect(producerOf(stand).add(flow(stand, {}))).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key,
      });
      expect(await stand.redis.keys(`${stand.prefix}:*`)).toEqual([key]);
    },
  );

  it.each(['pending', 'processed'])(
    '(a text at <p>%s:<id> of its parent) adds nothing, and the error names the key',
    async (name) => {
      const stand = open();
      await stand.redis.set(stand.key(`${name}:parent`), 'not it');
      await expect(addFamily(stand)).rejects.toMatchObject({
        code: 'WRONG_KEY_TYPE',
        key: stand.key(`${name}:parent`),
      });
      expect(await jobKeys(stand)).toEqual([`${name}:parent`]);
    },
  );

  it('(a parent of it all that does not exist) adds nothing at all', async () => {
    const stand = open();
    const whole = family(stand, ['a', 'b'], { parent: { parent: { id: 'gone', queue: `${stand.prefix}:jobs` } } });
    await expect(producerOf(stand).add(whole)).rejects.toMatchObject({ code: -5 });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it.each([
    ['queue', { id: 'other', queue: 'a\ud83d:jobs' }],
    ['id', { id: 'x\ud83d', queue: 'a:jobs' }],
  ])('(a parent whose %s has half a character) adds nothing, with a typed error', async (_, parent) => {
    const stand = open();
    const whole = family(stand, ['a'], { parent: { parent } });
    await expect(producerOf(stand).add(whole)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await jobKeys(stand)).toEqual([]);
  });

  it('(too many jobs) adds nothing, and one as large as may be is added at once', async () => {
    const stand = open();
    const ids = Array.from({ length: 10_000 }, (_, nth) => `c${nth}`);
    await expect(addFamily(stand, ids)).rejects.toMatchObject({ code: 'FLOW_TOO_LARGE' });
    expect(await jobKeys(stand)).toEqual([]);
    await addFamily(stand, ids.slice(1));
    expect(await stand.redis.scard(stand.key('pending:parent'))).toBe(9999);
    const parent = await stand.queue.getJob('parent');
    await parent?.remove({ removeChildren: true });
    expect(await jobKeys(stand)).toEqual([]);
  });
});

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
  it.each(['not JSON', '"text"', '5', 'null', '[]', '{}', '{"queueKey":5,"id":1}', '{"queueKey":"x","id":{}}', ''])(
    'as the parent of a job (%s) does not stop its worker',
    async (parent) => {
      const stand = open();
      await stand.service.addJob({ id: 'odd', type: 't', payload: 1 });
      await stand.redis.hset(stand.key('job:odd'), { parent, parentKey: 'x:y:z' });
      const { ids, errors } = stand.newWorker();
      await statusIs(stand, 'odd', 'completed');
      await stand.service.addJob({ id: 'next' });
      await statusIs(stand, 'next', 'completed');
      expect(ids()).toEqual(['odd', 'next']);
      expect(errors).toEqual([]);
    },
  );

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
});
