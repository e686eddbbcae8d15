// Removing what is left of jobs that no longer exist, and nothing else.
import { FlowProducer } from 'bullmq';
import { legacyJob, type Steps } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const LEFT_OVERS: Record<string, (stand: Stand, id: string) => Promise<unknown>> = {
  job: ({ redis, key }, id) => redis.hset(key(`job:${id}`), { name: 't', data: '{}' }),
  data: ({ redis, key }, id) => redis.set(key(`data:${id}`), '{}'),
  results: ({ redis, key }, id) => redis.set(key(`results:${id}`), '1'),
  logs: ({ redis, key }, id) => redis.rpush(key(`logs:${id}`), 'row'),
};

async function leaveOver(stand: Stand, id: string, names = Object.keys(LEFT_OVERS)): Promise<void> {
  for (const name of names) await LEFT_OVERS[name]?.(stand, id);
}

async function newFlow(stand: Stand): Promise<void> {
  const flows = stand.keep(new FlowProducer(stand.bullOptions(), stand.factory()));
  await flows.add({
    name: 't',
    queueName: 'jobs',
    opts: { jobId: 'parent' },
    children: [{ name: 't', queueName: 'jobs', opts: { jobId: 'child' } }],
  });
}

describe('removeOrphanedJobs removes', () => {
  it.each(Object.keys(LEFT_OVERS))('a %s key without a job', async (name) => {
    const stand = open();
    await leaveOver(stand, 'gone', [name]);
    expect(await stand.queue.removeOrphanedJobs()).toBe(1);
    expect(await stand.redis.exists(stand.key(`${name}:gone`))).toBe(0);
    expect(await stand.queue.removeOrphanedJobs()).toBe(0);
  });

  it('all keys of a job at once, and counts it once, however small the steps are', async () => {
    const stand = open();
    for (let nth = 0; nth < 30; nth++) await leaveOver(stand, `gone:${nth}`);
    expect(await stand.queue.removeOrphanedJobs(1)).toBe(30);
    expect(Object.keys(await stand.keyspace()).filter((name) => name.includes('gone'))).toEqual([]);
  });

  it('no more than the limit', async () => {
    const stand = open();
    for (let nth = 0; nth < 10; nth++) await leaveOver(stand, `gone${nth}`);
    expect(await stand.queue.removeOrphanedJobs(1000, 4)).toBe(4);
    expect(await stand.queue.removeOrphanedJobs(1000, 4)).toBe(4);
    expect(await stand.queue.removeOrphanedJobs(1000, 4)).toBe(2);
  });

  it('only in its own queue, whatever characters the prefix has', async () => {
    const stand = open({ prefix: `t*${Math.random().toString(36).slice(2)}` });
    const other = stand.prefix.replace('*', 'x');
    await leaveOver(stand, 'gone');
    await stand.redis.set(`${other}:jobs:data:theirs`, '{}');
    await stand.redis.set(`${stand.prefix}:jobs2:data:theirs`, '{}');
    expect(await stand.queue.removeOrphanedJobs()).toBe(1);
    expect(await stand.redis.exists(`${other}:jobs:data:theirs`, `${stand.prefix}:jobs2:data:theirs`)).toBe(
      2,
    );
    await stand.redis.del(`${other}:jobs:data:theirs`);
  });

  it('a child that a parent waits for, and lets the parent go on', async () => {
    const stand = open();
    const { redis, key } = stand;
    await newFlow(stand);
    await redis.zrem(key('ids'), 'child');
    await redis.zrem(key('queue'), 'child');
    await redis.del(key('status:child'));
    expect(await stand.queue.removeOrphanedJobs()).toBe(1);
    expect(await redis.exists(key('job:child'), key('data:child'))).toBe(0);
    expect(await stand.queued()).toEqual(['parent']);
  });

  it('what a parent knew of its children', async () => {
    const stand = open();
    await stand.redis.hset(stand.key('processed:gone'), 'child', '1');
    await stand.redis.sadd(stand.key('pending:gone'), 'child');
    expect(await stand.queue.removeOrphanedJobs()).toBe(1);
    expect(await stand.redis.exists(stand.key('processed:gone'), stand.key('pending:gone'))).toBe(0);
  });

  it('nothing when its arguments cannot be', async () => {
    const stand = open();
    await leaveOver(stand, 'gone');
    await expect(stand.queue.removeOrphanedJobs(0)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    await expect(stand.queue.removeOrphanedJobs(Number.NaN)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    });
    await expect(stand.queue.removeOrphanedJobs(10, -1)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    expect(await stand.redis.exists(stand.key('job:gone'))).toBe(1);
  });
});

/** Removes orphans and expects that there are none. */
async function expectUntouched(stand: Stand): Promise<void> {
  const before = await stand.everything();
  expect(await stand.backend.removeOrphanedJobs()).toBe(0);
  expect(await stand.everything()).toEqual(before);
}

describe('removeOrphanedJobs leaves alone', () => {
  it('a job in any state', async () => {
    const stand = open();
    const { service, queue } = stand;
    for (const id of ['running', 'completed', 'failed', 'cancelled']) await service.addJob({ id });
    for (let nth = 0; nth < 4; nth++) await stand.claim('token');
    await service.completeJob('completed');
    await service.failJob('failed');
    await service.cancelJob('cancelled');
    await queue.add('t', {}, { jobId: 'waiting' });
    await queue.add('t', {}, { jobId: 'prioritized', priority: 5 });
    await queue.add('t', {}, { jobId: 'delayed', delay: 60_000 });
    await queue.pause();
    for (const id of ['waiting', 'completed']) await (await queue.getJob(id))?.log('row');
    await expectUntouched(stand);
  });

  it('a parent that waits and a child that it waits for', async () => {
    const stand = open();
    await newFlow(stand);
    await expectUntouched(stand);
    const [child, parent] = [await stand.claim('mine'), 'parent'];
    expect(child).toBe('child');
    await stand.service.completeJob('child');
    expect(await stand.queued()).toEqual([parent]);
    await expectUntouched(stand);
  });

  it('a finished job that is kept for ever', async () => {
    const stand = open({ jobTtlSeconds: 0 });
    await stand.service.addJob({ id: 'a' });
    await stand.claim();
    await stand.service.completeJob('a');
    await expectUntouched(stand);
  });

  /** Every operation of a legacy service, on a job that Drover has seen before or not. */
  const OPERATIONS: [string, boolean, (stand: Stand) => Promise<Steps<unknown>>][] = [
    ['adds', false, async ({ legacy }) => legacy.adding({ id: 'a' })],
    ...[false, true].flatMap((seen): [string, boolean, (stand: Stand) => Promise<Steps<unknown>>][] => {
      const added = async (stand: Stand) => {
        const job = legacyJob({ id: 'a' });
        await stand.legacy.add(job);
        if (seen) await stand.pass();
        return job;
      };
      const taken = async (stand: Stand) => {
        const job = await added(stand);
        await stand.legacy.dequeue();
        if (seen) await stand.pass();
        return job;
      };
      return [
        ['takes', seen, async (stand) => (await added(stand), stand.legacy.dequeuing())],
        ['completes', seen, async (stand) => (await taken(stand), stand.legacy.completing('a'))],
        ['fails', seen, async (stand) => (await taken(stand), stand.legacy.failing('a'))],
        ['cancels', seen, async (stand) => (await added(stand), stand.legacy.cancelling('a'))],
        ['requeues', seen, async (stand) => stand.legacy.requeuing(await taken(stand))],
      ];
    }),
  ];

  it.each(OPERATIONS)(
    'a job between any two commands of a service that %s it (seen before: %s)',
    async (_, __, start) => {
      const stand = open();
      const steps = await start(stand);
      let commands = 0;
      for (let step = await steps.next(); !step.done; step = await steps.next()) {
        commands += 1;
        await expectUntouched(stand);
      }
      expect(commands).toBeGreaterThan(1);
      await expectUntouched(stand);
    },
  );

  it('a job that was dropped between ZPOPMIN and SADD, which is put back', async () => {
    for (const seen of [true, false]) {
      const stand = open();
      await stand.legacy.add({ id: 'dropped' });
      if (seen) await stand.pass();
      await stand.redis.zpopmin(stand.key('queue'));
      await expectUntouched(stand);
      await stand.pass();
      await stand.pass();
      expect(await stand.queued()).toEqual(['dropped']);
    }
  });

  it('a dropped job whose keys somebody made last, which is put back', async () => {
    const stand = open();
    await stand.redis.set(stand.key('data:dropped'), JSON.stringify(legacyJob({ id: 'dropped' })));
    await stand.redis.set(stand.key('status:dropped'), 'pending');
    await expectUntouched(stand);
    await stand.pass();
    await stand.pass();
    expect(await stand.queued()).toEqual(['dropped']);
  });

  it('a job without a status: a legacy one ends after an hour', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'waiting' });
    await stand.queue.add('t', {}, { jobId: 'delayed', delay: 60_000 });
    await stand.redis.del(stand.key('status:waiting'), stand.key('status:delayed'));
    await expectUntouched(stand);
  });

  it('a job under a new document, when an old one has left something over', async () => {
    const stand = open();
    await leaveOver(stand, 'again', ['logs', 'results']);
    await stand.redis.set(stand.key('data:again'), '{}', 'EX', 3600);
    await expectUntouched(stand);
  });

  it('a result that ends by itself', async () => {
    const stand = open();
    await stand.legacy.saveResult('unknown', 1);
    await expectUntouched(stand);
  });

  it('keys of a type that no job has, and of no job', async () => {
    const stand = open();
    await stand.redis.sadd(stand.key('job:somebody'), 'x');
    await stand.redis.set(stand.key('data:'), 'no id');
    await stand.redis.set(stand.key('unhandled:a'), '1');
    await stand.redis.set(stand.key('something'), '1');
    await expectUntouched(stand);
  });
});
