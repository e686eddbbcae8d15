// The Go services' queue API in TypeScript, method by method.
import { Redis } from 'ioredis';
import { QueueService } from '#libs/queue';
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

async function documentOf({ redis, key }: Stand, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await redis.get(key(`data:${id}`))) ?? 'null') as Record<string, unknown>;
}

describe('addJob', () => {
  it("stores the service's own fields at the top level, and the contract's beside them", async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', count: 3, username: 'x', nested: { y: [1] } });
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string;
    expect(await documentOf(stand, 'a')).toEqual({
      id: 'a',
      count: 3,
      username: 'x',
      nested: { y: [1] },
      created_at: time,
      updated_at: time,
      deleted_at: null,
      status: 'pending',
      progress: 0,
      priority: 1,
    });
    expect(await stand.legacy.dequeue()).toMatchObject({ id: 'a', count: 3, priority: 1 });
  });

  it.each([
    ['low', 0],
    ['normal', 1],
    ['high', 2],
    [7, 7],
    [-2, -2],
    [undefined, 1],
  ] as const)('takes the priority %s as %s', async (priority, number) => {
    const stand = open();
    await stand.service.addJob({ id: 'a', priority });
    expect((await documentOf(stand, 'a'))['priority']).toBe(number);
    expect(0 - Math.ceil(Number(await stand.redis.zscore(stand.key('queue'), 'a')))).toBe(number);
  });

  it('keeps times that the caller gives, but not a status or an id of its own', async () => {
    const stand = open();
    const created = '2020-01-02T03:04:05.678901234+02:00';
    await stand.service.addJob({ id: 'a', created_at: created, status: 'running', updated_at: 'never' });
    expect(await documentOf(stand, 'a')).toMatchObject({ id: 'a', created_at: created, status: 'pending' });
  });

  it('hands payload and type on to a worker', async () => {
    const stand = open();
    await stand.service.enqueueJob({ id: 'a', type: 'sms.send', payload: { to: 'x' } });
    const { ran } = stand.newWorker();
    await waitFor(() => ran.length === 1);
    expect(ran[0]).toMatchObject({ id: 'a', name: 'sms.send', data: { to: 'x' } });
  });

  it('adds an id that has finished again: attempts from 0, its old end forgotten', async () => {
    const stand = open();
    const { service } = stand;
    await service.addJob({ id: 'a', payload: 1 });
    await service.dequeueJob();
    await service.saveJobResult('a', 'old');
    await service.failJob('a', { error: 'old error' });
    await service.addJob({ id: 'a', payload: 2 });
    expect(await service.jobs.get('a')).toMatchObject({
      status: 'pending',
      payload: 2,
      attempts: { made: 0, started: 0 },
      error: undefined,
      result: undefined,
    });
    await expect(service.getJobResult('a')).rejects.toThrow('job result not found');
    expect(await stand.standing('a')).toEqual(PLACES.pending);
    expect(await stand.endings()).toEqual({});
  });
});

describe('dequeueJob', () => {
  it('gives the best job as its document, running', async () => {
    const { service } = open();
    await service.addJob({ id: 'low', priority: 'low' });
    await service.addJob({ id: 'high', priority: 'high', payload: { n: 1 }, count: 5 });
    expect(await service.dequeueJob()).toMatchObject({
      id: 'high',
      status: 'running',
      payload: { n: 1 },
      count: 5,
    });
    expect(await service.getJobStatus('high')).toBe('running');
    expect(await service.isJobProcessing('high')).toBe(true);
    expect(await service.isJobProcessing('low')).toBe(false);
  });

  it('gives null when nothing waits, when only delayed jobs do, and while the queue is paused', async () => {
    const stand = open();
    expect(await stand.service.dequeueJob()).toBeNull();
    await stand.service.jobs.create({ type: 't', delay: 60_000 });
    expect(await stand.service.dequeueJob()).toBeNull();
    await stand.queue.pause();
    await stand.service.addJob({ id: 'a' });
    expect(await stand.service.dequeueJob()).toBeNull();
    await stand.queue.resume();
    expect(await stand.service.dequeueJob()).toMatchObject({ id: 'a' });
  });

  it('gives each job to one of many callers', async () => {
    const stand = open();
    const services = [stand.service, stand.newService(), stand.newService()];
    for (let nth = 0; nth < 60; nth++) await stand.service.addJob({ id: `job-${nth}` });
    const taken = await Promise.all(Array.from({ length: 75 }, (_, at) => services[at % 3]!.dequeueJob()));
    const ids = taken.flatMap((job) => (job ? [job.id] : []));
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
  });
});

describe('reading', () => {
  it('getJobStatus normalises the older spelling of running, and names a status that does not exist', async () => {
    const stand = open();
    await stand.redis.set(stand.key('status:a'), 'processing');
    expect(await stand.service.getJobStatus('a')).toBe('running');
    await stand.redis.set(stand.key('status:a'), 'sleeping');
    await expect(stand.service.getJobStatus('a')).rejects.toThrow('invalid job status: sleeping');
    await expect(stand.service.getJobStatus('none')).rejects.toThrow('job status not found');
  });

  it('getJobResult gives what either side saved, and says when there is none', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await expect(stand.service.getJobResult('a')).rejects.toThrow('job result not found');
    await stand.service.saveJobResult('a', { ok: [1, null] });
    expect(await stand.legacy.result('a')).toEqual({ ok: [1, null] });
    await stand.legacy.saveResult('a', 'from legacy');
    expect(await stand.service.getJobResult('a')).toBe('from legacy');
    await stand.redis.set(stand.key('results:a'), 'no JSON');
    await expect(stand.service.getJobResult('a')).rejects.toMatchObject({
      code: expect.any(String) as string,
    });
  });

  it('getPendingJobs gives the documents in the order they will run, those of both sides', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'ours', count: 1 });
    await stand.legacy.add({ id: 'theirs', priority: 2 });
    await stand.service.jobs.create({ id: 'delayed', type: 't', delay: 60_000 });
    await stand.legacy.add({ id: 'running', priority: 9 });
    await stand.legacy.dequeue();
    await stand.pass();
    const pending = await stand.service.getPendingJobs();
    expect(pending.map((job) => job.id)).toEqual(['theirs', 'ours']);
    expect(pending[1]).toMatchObject({ count: 1, status: 'pending' });
    expect(await stand.legacy.pending()).toEqual(['theirs', 'ours']);
  });

  it('the counts are those that legacy sees', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.service.addJob({ id });
    await stand.service.dequeueJob();
    expect(await stand.service.getQueueLength()).toBe(2);
    expect(await stand.service.getProcessingCount()).toBe(1);
    expect(await stand.legacy.stats()).toMatchObject({ queue: 2, processing: 1 });
    expect(await stand.service.getQueueStats()).toEqual({
      queue_length: 2,
      processing_count: 1,
      high_priority: 0,
      normal_priority: 2,
      low_priority: 0,
      ttl_seconds: 3600,
    });
  });

  it('health resolves while Redis answers, and says which settings could lose jobs', async () => {
    const { service } = open();
    await expect(service.health()).resolves.toBeUndefined();
    expect(await service.jobs.health()).toMatchObject({
      ok: true,
      redis: { version: expect.stringMatching(/^\d+\./) as string },
      warnings: [expect.stringContaining('appendonly') as string],
    });
  });
});

it('a job that says nothing of attempts has three, for workers that know no types', async () => {
  const stand = open();
  const { id } = await stand.service.jobs.create({ type: 't' });
  const given = await stand.service.jobs.create({
    type: 't',
    attempts: 2,
    backoff: { type: 'fixed', delay: 1 },
  });
  const first = await stand.queue.getJob(id);
  expect(first?.opts).toMatchObject({ attempts: 3, backoff: { type: 'exponential', delay: 2000 } });
  expect((await stand.queue.getJob(given.id))?.opts).not.toHaveProperty('leftToType');
});

describe('failJob with requeue', () => {
  it('lowers the priority by one a time, not below 0, for legacy to see', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', priority: 'high', payload: 1 });
    for (const priority of [1, 0, 0]) {
      await stand.service.dequeueJob();
      await stand.service.failJob('a', { requeue: true, error: 'broken' });
      expect(await stand.service.jobs.get('a')).toMatchObject({ priority, status: 'pending' });
      expect((await documentOf(stand, 'a'))['priority']).toBe(priority);
      expect(await stand.standing('a')).toEqual(PLACES.pending);
    }
    expect((await stand.service.jobs.get('a')).attempts.made).toBe(3);
  });

  it.each([-3, -1])('does not raise a priority that is %s already', async (priority) => {
    const stand = open();
    await stand.service.addJob({ id: 'a', priority });
    await stand.service.dequeueJob();
    await stand.service.failJob('a', { requeue: true });
    // Go: priority - 1, not below 0.
    expect((await stand.service.jobs.get('a')).priority).toBe(0);
  });
});

describe('clearing', () => {
  it('clearProcessing lets running jobs wait again, first of their priority, and tells their handlers', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.service.addJob({ id });
    await stand.service.dequeueJob();
    await stand.service.dequeueJob();
    const told = await stand.record('cancel');
    await stand.service.clearProcessing();
    expect((await told.texts()).sort()).toEqual(['a', 'b']);
    expect((await stand.queued()).slice(0, 2).sort()).toEqual(['a', 'b']);
    expect((await stand.queued())[2]).toBe('c');
    expect(await stand.service.getProcessingCount()).toBe(0);
    expect(await stand.backend.extendLocks(['a'], ['token'], 1000)).toEqual(['a']);
  });

  it('clearProcessing comes to an end under workers that claim again at once', async () => {
    const stand = open();
    for (const id of ['a', 'b', 'c']) await stand.service.addJob({ id });
    await stand.claimAll();
    const subscriber = new Redis(stand.url);
    stand.keep({ close: async () => subscriber.disconnect() });
    let again = 0;
    subscriber.on('message', () => void stand.claim(`again ${again++}`).catch(() => undefined));
    await subscriber.subscribe(stand.key('cancel'));
    await stand.service.clearProcessing();
    expect(again).toBeLessThan(100);
  });

  it('clearQueue removes the jobs that wait, with their keys', async () => {
    const stand = open();
    for (let nth = 0; nth < 1200; nth++) void stand.service.addJob({ id: `job-${nth}` });
    await stand.service.health();
    await stand.service.clearQueue();
    expect(await stand.service.getQueueLength()).toBe(0);
    expect(Object.keys(await stand.keyspace()).filter((name) => name.includes(':'))).toEqual([]);
  });
});

describe('options', () => {
  it('come from the environment where none are given', async () => {
    const stand = open();
    const given = {
      REDIS_URL: stand.url,
      QUEUE_PREFIX: stand.prefix,
      QUEUE_NAME: 'jobs',
      JOB_TTL_SECONDS: '77',
    };
    const before = { ...process.env };
    Object.assign(process.env, given);
    try {
      const service = stand.keep(new QueueService({ logger: stand.log }));
      await service.addJob({ id: 'a' });
      expect(await service.getQueueStats()).toMatchObject({ queue_length: 1, ttl_seconds: 77 });
      expect(await stand.queued()).toEqual(['a']);
    } finally {
      for (const name of Object.keys(given)) Reflect.deleteProperty(process.env, name);
      Object.assign(process.env, before);
    }
  });

  it('a client that is handed in is used, and not closed', async () => {
    const stand = open();
    const client = new Redis(stand.url, { maxRetriesPerRequest: null });
    const service = new QueueService({ ...stand.serviceOptions(), redisUrl: undefined, connection: client });
    await service.addJob({ id: 'a' });
    await service.close();
    await service.close();
    expect(client.status).toBe('ready');
    expect(await client.zcard(stand.key('queue'))).toBe(1);
    client.disconnect();
  });
});
