// What callers may hand in by mistake: each is a typed error that names the thing, and nothing changes.
import { MAX_DELAY_MS } from '#libs/queue';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();
const MIB = 1024 * 1024;

/** Expects the error and a key space that did not change. */
async function refused(stand: Stand, doing: () => Promise<unknown>, error: object): Promise<void> {
  await stand.service.addJob({ id: 'bystander' });
  // A queue of BullMQ writes its settings when it opens, whoever waits for it: that is over then.
  await stand.queue.getVersion();
  const before = await stand.everything();
  await expect(doing()).rejects.toMatchObject(error);
  expect(await stand.everything()).toEqual(before);
}

const HOSTILE = {
  'an empty id': ['', 'job ID cannot be empty'],
  'a NUL': ['a\0b', 'job ID must not contain control characters'],
  'a newline': ['a\nb', 'job ID must not contain control characters'],
  'a DEL': ['a\u007f', 'job ID must not contain control characters'],
  'a lone surrogate': ['a\ud800', 'job ID is not well-formed Unicode'],
  '10 kB': ['x'.repeat(10_240), 'job ID is longer than 512 bytes'],
  '513 bytes of Unicode': ['ü'.repeat(257), 'job ID is longer than 512 bytes'],
} as const;

describe.each(Object.entries(HOSTILE))('an id with %s', (_, [id, text]) => {
  const error = { code: 'INVALID_JOB_ID', message: text };

  it('is refused where a job is added', async () => {
    const stand = open();
    const { service } = stand;
    await refused(stand, () => service.addJob({ id }), error);
    await refused(stand, () => service.enqueueJob({ id }), error);
    await refused(stand, () => service.jobs.create({ id, type: 't' }), error);
  });

  it('is told as not found elsewhere (legacy may have such a job), or refused when it is empty', async () => {
    const stand = open();
    const { service } = stand;
    const code = (usual: string) => ({ code: id === '' ? 'INVALID_JOB_ID' : usual });
    for (const doing of [
      () => service.getJobStatus(id),
      () => service.updateJobStatus(id, 'completed'),
      () => service.completeJob(id),
      () => service.failJob(id),
      () => service.failJob(id, { requeue: true }),
      () => service.cancelJob(id),
    ]) {
      await refused(stand, doing, code('JOB_STATUS_NOT_FOUND'));
    }
    await refused(stand, () => service.getJobResult(id), code('JOB_RESULT_NOT_FOUND'));
    for (const doing of [
      () => service.jobs.get(id),
      () => service.jobs.retry(id),
      () => service.jobs.remove(id),
      () => service.jobs.promote(id),
      () => service.jobs.cancel(id),
      () => service.jobs.logs(id),
    ]) {
      await refused(stand, doing, code('JOB_NOT_FOUND'));
    }
  });

  // BullMQ takes an empty id for none.
  if (id !== '') {
    it("is refused by BullMQ's add and addBulk, of which nothing is added", async () => {
      const stand = open();
      await refused(stand, () => stand.queue.add('t', {}, { jobId: id }), error);
      const bulk = () =>
        stand.queue.addBulk([
          { name: 't', data: {} },
          { name: 't', data: {}, opts: { jobId: id } },
        ]);
      await refused(stand, bulk, error);
    });
  }
});

describe('an id that is unusual and allowed', () => {
  it.each([
    '"',
    "'",
    "']]",
    ']] redis.call("FLUSHALL") --[[',
    '__proto__',
    'constructor',
    '*?[a-z]\\',
    'a b',
    '{tag}',
    'ünïcödé-日本-💚',
    '%s%n%d',
    '<&>\u2028',
    '-1',
    '0',
    '1e5',
    'x'.repeat(512),
  ])('lives a whole life as %j', async (id) => {
    const stand = open();
    const updates = await stand.record();
    await stand.service.addJob({ id, payload: { id } });
    expect(await stand.service.getJobStatus(id)).toBe('pending');
    expect(await stand.service.dequeueJob()).toMatchObject({ id, payload: { id } });
    expect(await stand.service.isJobProcessing(id)).toBe(true);
    await stand.service.saveJobResult(id, [id]);
    await stand.service.completeJob(id);
    expect(await stand.service.jobs.get(id)).toMatchObject({ id, status: 'completed', result: [id] });
    expect((await stand.service.jobs.list({ page: 1, pageSize: 9 })).items.map((job) => job.id)).toEqual([
      id,
    ]);
    expect((await updates.texts()).map((text) => (JSON.parse(text) as { job_id: string }).job_id)).toEqual(
      Array(5).fill(id),
    );
    await stand.legacy.add({ id });
    expect(await stand.pass()).toEqual([]);
    expect(await stand.claim()).toBe(id);
    await stand.service.cancelJob(id);
    await stand.service.jobs.remove(id);
    expect(Object.keys(await stand.keyspace())).not.toContain(`data:${id}`);
  });
});

describe('a priority', () => {
  it.each([NaN, 1.5, 1e12, -1e12, Infinity, 'urgent', '', '1', 'constructor', '__proto__', true, {}, []])(
    'that is %p is refused, and the message says so',
    async (priority) => {
      const stand = open();
      const shown = typeof priority === 'object' ? '' : String(priority);
      const error = { code: 'INVALID_PRIORITY', message: expect.stringContaining(`not ${shown}`) as string };
      await refused(stand, () => stand.service.addJob({ id: 'a', priority: priority as number }), error);
      await refused(
        stand,
        () => stand.service.jobs.create({ type: 't', priority: priority as number }),
        error,
      );
    },
  );

  it.each([NaN, 1.5, 1e12, Infinity])(
    "of %p is refused by BullMQ's changePriority, and the job keeps its place",
    async (priority) => {
      const stand = open();
      const job = await stand.queue.add('t', {}, { jobId: 'a', priority: 2 });
      await refused(stand, () => job.changePriority({ priority }), { code: 'INVALID_PRIORITY' });
      expect(await stand.standing('a')).toEqual(['queue']);
    },
  );
});

describe('a delay', () => {
  it.each([-1, NaN, Infinity, MAX_DELAY_MS + 1, '5'])('of %p is refused', async (delay) => {
    const stand = open();
    const error = {
      code: 'DELAY_OUT_OF_RANGE',
      message: expect.stringContaining(`not ${String(delay)}`) as string,
    };
    await refused(stand, () => stand.service.jobs.create({ type: 't', delay: delay as number }), error);
    const job = await stand.queue.add('t', {}, { jobId: 'later', delay: 1000 });
    await refused(stand, () => job.changeDelay(delay as number), error);
  });

  it('of 30 days is accepted, and a millisecond more is not, by BullMQ too', async () => {
    const stand = open();
    await stand.service.jobs.create({ id: 'a', type: 't', delay: MAX_DELAY_MS });
    expect(await stand.standing('a')).toEqual(['delayed']);
    await refused(stand, () => stand.queue.add('t', {}, { delay: MAX_DELAY_MS + 1 }), {
      code: 'DELAY_OUT_OF_RANGE',
    });
  });

  it('that is no number does not take a running job out of its worker', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.claim();
    await refused(stand, () => stand.backend.moveToDelayed('a', NaN, NaN, 'token'), {
      code: 'DELAY_OUT_OF_RANGE',
    });
    expect(await stand.standing('a')).toEqual(['processing', 'leases']);
  });
});

describe('a document', () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;

  it.each([
    ['null', null],
    ['an array', []],
    ['a text', 'text'],
    ['a number', 5],
    ['undefined', undefined],
  ])('that is %s is refused', async (_, document) => {
    const stand = open();
    await refused(stand, () => stand.service.addJob(document as never), { code: 'INVALID_DOCUMENT' });
  });

  it.each([
    ['a BigInt', 1n],
    ['a cycle', cycle],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
  ])('with %s as payload is refused by name', async (_, payload) => {
    const stand = open();
    const error = { code: 'INVALID_DOCUMENT', message: expect.stringContaining('payload') as string };
    await refused(stand, () => stand.service.jobs.create({ type: 't', payload }), error);
  });

  it('over the limit is refused with both sizes, counted in bytes, and the limit itself is accepted', async () => {
    const stand = open();
    const fits = { type: 't', id: 'fits', payload: 'x'.repeat(MIB - 2) };
    await stand.service.jobs.create(fits);
    const { service } = stand;
    for (const payload of ['x'.repeat(MIB - 1), 'ü'.repeat(MIB / 2)]) {
      const error = { code: 'PAYLOAD_TOO_LARGE', limit: MIB, bytes: expect.any(Number) as number };
      await refused(stand, () => service.jobs.create({ type: 't', payload }), error);
      await refused(stand, () => service.addJob({ id: 'a', payload }), error);
      await refused(stand, () => service.addJob({ id: 'a', username: payload }), error);
      await refused(stand, () => stand.queue.add('t', payload), error);
      await refused(stand, () => service.saveJobResult('bystander', payload), error);
      const job = await stand.queue.getJob('bystander');
      await refused(stand, () => job!.updateData(payload), error);
    }
  });

  it('at the limit survives a legacy worker that drops it', async () => {
    const stand = open();
    await stand.service.jobs.create({ type: 't', id: 'a', payload: 'x'.repeat(MIB - 2) });
    await stand.redis.zpopmin(stand.key('queue'));
    await stand.pass();
    expect(await stand.standing('a')).toEqual(['queue']);
  });
});

describe('other bad input', () => {
  it.each(['done', '', 'PENDING', 'pending ', '__proto__', 'constructor'])(
    'the status %j does not exist',
    async (status) => {
      const stand = open();
      const error = { code: 'INVALID_JOB_STATUS', message: `invalid job status: ${status}` };
      await refused(stand, () => stand.service.updateJobStatus('bystander', status), error);
    },
  );

  it.each(['', 'x'.repeat(201), 'a\nb', '\ud800', 5])('the type %j is refused', async (type) => {
    const stand = open();
    await refused(stand, () => stand.service.jobs.create({ type: type as string }), {
      code: 'INVALID_OPTION',
    });
  });

  it.each([0, -1, 1.5, NaN, 1001, '3'])('%p attempts are refused', async (attempts) => {
    const stand = open();
    const error = { code: 'INVALID_OPTION', message: expect.stringContaining('attempts') as string };
    await refused(stand, () => stand.service.jobs.create({ type: 't', attempts: attempts as number }), error);
  });

  it.each(['worker', '', 'a:b', 'a b', '{a}', 'a}'])('the queue name %j is refused', (name) => {
    const stand = open();
    expect(() => stand.newService({ queue: name })).toThrow(
      expect.objectContaining({ code: 'INVALID_QUEUE_NAME' }),
    );
  });

  it('a value that BullMQ cannot store as a result or progress is refused, and the job keeps running', async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a' });
    await stand.claim();
    await refused(stand, () => stand.backend.updateProgress('a', 1n as never), { code: 'INVALID_DOCUMENT' });
    const job = { id: 'a', opts: {}, attemptsMade: 0 } as never;
    await expect(
      (async () => stand.backend.moveToCompleted(job, 1n, false, 'token', false))(),
    ).rejects.toMatchObject({ code: 'INVALID_DOCUMENT' });
    expect(await stand.standing('a')).toEqual(['processing', 'leases']);
  });
});
