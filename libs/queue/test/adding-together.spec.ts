// Jobs that are added in the same turn of the event loop travel together; every caller gets its own answer.
import { watchCommands } from '../../../tests/support/commands.js';
import { addFamily, producerOf } from './support/flow.js';
import { legacyJob } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

const numbered = (count: number, name = 'job') => Array.from({ length: count }, (_, at) => `${name}-${at}`);

const outcomes = async (adding: Promise<unknown>[]): Promise<unknown[]> =>
  (await Promise.allSettled(adding)).map((one) =>
    one.status === 'fulfilled' ? 'added' : (one.reason as { code?: string }).code,
  );

const add = (stand: Stand, jobId: string, opts: object = {}) => stand.queue.add('t', {}, { jobId, ...opts });

/** Counts the calls that add to the stand's queue: each takes its numbers once. */
async function countCalls(stand: Stand) {
  let calls = 0;
  const watch = await watchCommands(stand.redis, ([command = '', key]) => {
    if (command.toUpperCase() === 'INCRBY' && key === stand.key('counter')) calls += 1;
  });
  stand.keep(watch);
  return async () => {
    await watch.settled();
    return calls;
  };
}

describe('jobs that are added only where their ids are new', () => {
  const entry = (id: string, name: string) => {
    const job = { id, name, data: '{}', opts: { jobId: id }, timestamp: 1, delay: 0, attemptsMade: 0 };
    return { job: job as never, jobId: id };
  };

  it('leave alone what exists, and say so of each', async () => {
    const stand = open();
    const { adding } = stand.service.backend;
    expect(await adding.addNew([entry('a', 'first'), entry('b', 'first')])).toEqual([true, true]);
    expect(await adding.addNew([entry('b', 'second'), entry('c', 'second')])).toEqual([false, true]);
    const names = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => (await stand.service.jobs.get(id)).type),
    );
    expect(names).toEqual(['first', 'first', 'second']);
    expect(await stand.queued()).toEqual(['a', 'b', 'c']);
  });

  it('are refused for other reasons as by Queue.add, and the others are added', async () => {
    const stand = open();
    const orphan = entry('child', 'first');
    Object.assign(orphan.job, { parentKey: `${stand.base}nobody`, parent: { id: 'nobody', queueKey: 'x' } });
    await expect(stand.service.backend.adding.addNew([orphan, entry('a', 'first')])).rejects.toMatchObject({
      bullCode: -5,
    });
    expect(await stand.queued()).toEqual(['a']);
  });
});

describe('jobs added in one turn', () => {
  it('travel in few calls, in order', async () => {
    const stand = open();
    await stand.queue.waitUntilReady();
    const calls = await countCalls(stand);
    const ids = numbered(150);
    const jobs = await Promise.all(ids.map((id) => add(stand, id)));
    expect(jobs.map((job) => job.id)).toEqual(ids);
    expect(await stand.queued()).toEqual(ids);
    expect(await calls()).toBeLessThan(10);
  });

  it('of one large bulk stay in order, also with others behind it', async () => {
    const stand = open();
    const ids = numbered(450);
    const bulk = stand.queue.addBulk(ids.map((jobId) => ({ name: 't', data: {}, opts: { jobId } })));
    const after = numbered(50, 'after').map((id) => add(stand, id));
    expect((await bulk).map((job) => job.id)).toEqual(ids);
    await Promise.all(after);
    expect(await stand.queued()).toEqual([...ids, ...numbered(50, 'after')]);
  });

  it('are announced in order, two messages and two events each', async () => {
    const stand = open();
    const updates = await stand.record();
    await Promise.all([
      stand.queue.add('x', {}),
      add(stand, 'a"b', { priority: 2 }),
      add(stand, 'c', { delay: 60_000 }),
    ]);
    expect(await updates.undated()).toEqual(
      [
        ['1', 3],
        ['a"b', 1],
        ['c', 3],
      ].flatMap(([id, priority]) => {
        const quoted = JSON.stringify(id);
        return [
          `{"data":{"job_id":${quoted},"status":"pending"},"event":"status_updated","job_id":${quoted},"timestamp":0}`,
          `{"data":{"job_id":${quoted},"priority":${priority},"status":"pending"},"event":"job_added","job_id":${quoted},"timestamp":0}`,
        ];
      }),
    );
    expect(await stand.events()).toEqual([
      { event: 'added', jobId: '1', name: 'x' },
      { event: 'waiting', jobId: '1' },
      { event: 'added', jobId: 'a"b', name: 't' },
      { event: 'waiting', jobId: 'a"b' },
      { event: 'added', jobId: 'c', name: 't' },
      { event: 'delayed', jobId: 'c', delay: expect.any(String) as string },
    ]);
  });

  it('of different kinds each get what is theirs', async () => {
    const stand = open();
    await Promise.all([
      stand.queue.add('one', { n: 1 }, { jobId: 'a', attempts: 3 }),
      stand.queue.add('two', { n: 2 }, { jobId: 'b', priority: 7 }),
      stand.queue.add('one', { n: 3 }, { jobId: 'c', attempts: 3 }),
      stand.service.addJob({ id: 'd', priority: 2, count: 5 }),
    ]);
    for (const [id, name, n, attempts] of [
      ['a', 'one', 1, 3],
      ['b', 'two', 2, 0],
      ['c', 'one', 3, 3],
    ] as const) {
      const job = await stand.queue.getJob(id);
      expect(job).toMatchObject({ name, data: { n }, opts: { attempts } });
      const document = JSON.parse((await stand.redis.get(stand.key(`data:${id}`))) ?? '') as object;
      expect(document).toMatchObject({ id, type: name, payload: { n }, status: 'pending' });
    }
    expect(JSON.parse((await stand.redis.get(stand.key('data:d'))) ?? '')).toMatchObject({
      id: 'd',
      count: 5,
    });
  });
});

describe('numbers as ids', () => {
  it('are counted up by ids that callers choose, too', async () => {
    const stand = open();
    const jobs = await Promise.all([
      stand.queue.add('t', {}),
      add(stand, 'chosen'),
      stand.queue
        .addBulk([
          { name: 't', data: {} },
          { name: 't', data: {} },
        ])
        .then(([, last]) => last),
      stand.queue.add('t', {}),
    ]);
    expect(jobs.map((job) => job?.id)).toEqual(['1', 'chosen', '4', '5']);
    expect((await stand.queue.add('t', {})).id).toBe('6');
  });

  it('are not those of jobs there are, whoever added them and when', async () => {
    const stand = open();
    await stand.legacy.add({ id: '2' });
    const { adding } = stand.backend;
    const job = (id?: string) => ({
      id,
      name: 't',
      data: '{}',
      opts: {},
      timestamp: Date.now(),
      priority: 1,
    });
    const answers = await Promise.all(
      [undefined, '4', undefined, undefined, undefined].map((id) => adding.add([job(id)])),
    );
    expect(answers.flat()).toEqual(['1', '4', '3', '5', '6']);
    expect(await stand.queued()).toEqual(['2', '1', '4', '3', '5', '6']);
  });

  it('are not used up by jobs that are refused', async () => {
    const stand = open();
    const child = { parent: { id: 'nobody', queue: `${stand.prefix}:${stand.name}` } };
    const refused = stand.queue.add('t', {}, child);
    const added = stand.queue.add('t', {});
    await expect(refused).rejects.toMatchObject({ code: -5 });
    expect((await added).id).toBe('1');
    expect((await stand.queue.add('t', {})).id).toBe('2');
  });
});

describe('a job that another one of its turn replaces', () => {
  it('leaves nothing behind', async () => {
    const stand = open();
    const deduplication = { id: 'one', ttl: 5000, extend: true, replace: true };
    const options = { delay: 60_000, deduplication };
    await Promise.all(['first', 'second', 'third'].map((id) => add(stand, id, options)));
    expect(await stand.redis.zrange(stand.key('ids'), 0, -1)).toEqual(['third']);
    expect(await stand.redis.zrange(stand.key('delayed'), 0, -1)).toEqual(['third']);
    const keys = Object.keys(await stand.keyspace());
    expect(keys.filter((name) => /first|second/.test(name))).toEqual([]);
    expect(keys).toEqual(expect.arrayContaining(['data:third', 'job:third', 'status:third']));
  });
});

describe('one caller’s mistake', () => {
  it.each([1e20, Number.NaN, '2026-01-01' as never])(
    'a time of %s is told to that one',
    async (timestamp) => {
      const stand = open();
      const told = await outcomes([add(stand, 'good'), add(stand, 'bad', { timestamp }), add(stand, 'also')]);
      // BullMQ takes what is falsy, such as NaN, for none.
      expect(told).toEqual(['added', timestamp ? 'INVALID_OPTION' : 'added', 'added']);
      expect(await stand.status('also')).toBe('pending');
    },
  );

  it.each(['data', 'status', 'results', 'job'])(
    'a list at <p>%s:<id> is told to that caller only',
    async (name) => {
      const stand = open();
      await stand.redis.rpush(stand.key(`${name}:bad`), 'x');
      const adding = [add(stand, 'a'), add(stand, 'bad'), add(stand, 'b')];
      expect(await outcomes(adding)).toEqual(['added', 'WRONG_KEY_TYPE', 'added']);
      await expect(adding[1]).rejects.toMatchObject({ key: stand.key(`${name}:bad`), found: 'list' });
      expect(await stand.queued()).toEqual(['a', 'b']);
      expect(Object.keys(await stand.keyspace()).filter((key) => key.endsWith(':bad'))).toEqual([
        `${name}:bad`,
      ]);
      expect(JSON.stringify(await stand.keyspace())).not.toContain('"jobId":"bad"');
    },
  );

  it.each(['deduplication', 'successor'])('a hash at <p>%s:<id> too', async (name) => {
    const stand = open();
    await stand.redis.hset(stand.key(`${name}:one`), 'not', 'it');
    const adding = [add(stand, 'a'), add(stand, 'bad', { deduplication: { id: 'one' } }), add(stand, 'b')];
    expect(await outcomes(adding)).toEqual(['added', 'WRONG_KEY_TYPE', 'added']);
    await expect(adding[1]).rejects.toMatchObject({ key: stand.key(`${name}:one`) });
    expect(await stand.queued()).toEqual(['a', 'b']);
    expect(await stand.redis.exists(stand.key('job:bad'))).toBe(0);
  });

  it.each(['pending', 'processed'])('a list at <p>%s:<id> of its parent too', async (name) => {
    const stand = open();
    await addFamily(stand, []);
    await stand.redis.rename(stand.key('pending:parent'), stand.key('kept')).catch(() => undefined);
    await stand.redis.rpush(stand.key(`${name}:parent`), 'x');
    const parent = { id: 'parent', queue: `${stand.prefix}:${stand.name}` };
    const adding = [add(stand, 'a'), add(stand, 'bad', { parent }), add(stand, 'b')];
    expect(await outcomes(adding)).toEqual(['added', 'WRONG_KEY_TYPE', 'added']);
    await expect(adding[1]).rejects.toMatchObject({ key: stand.key(`${name}:parent`) });
    expect(await stand.redis.exists(stand.key('job:bad'))).toBe(0);
  });

  it('a wrong key in the queue of its parent is named', async () => {
    const stand = open();
    await producerOf(stand).add({ name: 'p', queueName: 'others', opts: { jobId: 'parent' } });
    const others = `${stand.prefix}:others:`;
    await stand.redis.rename(`${others}leases`, `${others}kept`).catch(() => undefined);
    await stand.redis.rpush(`${others}leases`, 'x');
    const parent = { id: 'parent', queue: `${stand.prefix}:others` };
    const adding = [add(stand, 'a'), add(stand, 'bad', { parent }), add(stand, 'b')];
    expect(await outcomes(adding)).toEqual(['added', 'WRONG_KEY_TYPE', 'added']);
    await expect(adding[1]).rejects.toMatchObject({ key: `${others}leases` });
    expect(await stand.queued()).toEqual(['a', 'b']);
  });

  it.each([
    ['a job id', { jobId: 'a\nb' }, 'INVALID_JOB_ID'],
    ['a delay', { delay: 1e300 }, 'DELAY_OUT_OF_RANGE'],
    ['a deduplication', { deduplication: { id: 'x', ttl: 0.5 } }, 'INVALID_OPTION'],
  ])(
    '%s that cannot be is told to that caller only, and of its bulk nothing is added',
    async (_, opts, code) => {
      const stand = open();
      const bulk = [
        { name: 't', data: {}, opts: { jobId: 'mine' } },
        { name: 't', data: {}, opts },
      ];
      const adding = [add(stand, 'a'), stand.queue.addBulk(bulk), add(stand, 'b')];
      expect(await outcomes(adding)).toEqual(['added', code, 'added']);
      expect(await stand.queued()).toEqual(['a', 'b']);
    },
  );

  it('an id that exists is told to the one that will not have it', async () => {
    const stand = open();
    await add(stand, 'there');
    const { jobs } = stand.service;
    const adding = [
      jobs.create({ id: 'there', type: 't' }),
      jobs.create({ id: 'new', type: 't' }),
      add(stand, 'there'),
      jobs.create({ id: 'new', type: 't' }),
    ];
    expect(await outcomes(adding)).toEqual(['JOB_EXISTS', 'added', 'added', 'JOB_EXISTS']);
    expect(await stand.queued()).toEqual(['there', 'new']);
  });
});

describe('a backlog that a legacy service left', () => {
  /** Adds jobs as legacy does, quickly: a priority after the other. */
  async function leave(stand: Stand, sizes: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    for (const [priority, size] of sizes.entries()) {
      // Ids that would come out the other way round if they, and not arrival, decided.
      for (let nth = size; nth > 0; nth--) ids.push(`go-${priority}-${String(nth).padStart(5, '0')}`);
    }
    for (const id of ids) await stand.legacy.add(legacyJob({ id, priority: Number(id.split('-')[1]) }));
    return ids;
  }

  // Of the second a call that is on its way would find nothing left, though the one before it was refused.
  it.each([
    ['large', [0, 700]],
    ['of several priorities', [45, 45, 45]],
  ])('and that is %s comes first, then what was added, in order', async (_, sizes) => {
    const stand = open();
    const legacy = await leave(stand, sizes);
    const ids = numbered(500);
    await Promise.all(ids.map((id) => add(stand, id, { priority: 2 })));
    const normal = legacy.filter((id) => id.startsWith('go-1-'));
    const queued = await stand.queued();
    expect(queued.filter((id) => id.startsWith('job-'))).toEqual(ids);
    expect(queued.filter((id) => normal.includes(id) || ids.includes(id))).toEqual([...normal, ...ids]);
    expect(queued).toHaveLength(legacy.length + ids.length);
  });

  it('leaves nothing behind that refuses later calls', async () => {
    const stand = open();
    await leave(stand, [0, 150]);
    await Promise.all(numbered(300).map((id) => add(stand, id)));
    await leave(stand, [0, 0, 150]);
    await Promise.all(numbered(300, 'more').map((id) => add(stand, id)));
    expect(await stand.queued()).toHaveLength(900);
    for (const key of await stand.redis.keys(stand.key('refused:*'))) {
      expect(await stand.redis.pttl(key)).toBeGreaterThan(0);
    }
  });
});

describe('closing a queue', () => {
  it.each([
    ['whose connection is open', true],
    ['whose connection is being opened', false],
  ])('%s adds first what was handed over', async (_, isOpen) => {
    const stand = open();
    if (isOpen) await stand.queue.waitUntilReady();
    const ids = numbered(900);
    const adding = [
      stand.queue.addBulk(ids.slice(0, 500).map((jobId) => ({ name: 't', data: {}, opts: { jobId } }))),
      ...ids.slice(500).map((id) => add(stand, id)),
    ];
    await stand.queue.close();
    expect(await stand.queued()).toEqual(ids);
    await Promise.all(adding);
    await expect(add(stand, 'late')).rejects.toThrow('Connection is closed.');
    expect(await stand.queued()).toEqual(ids);
  });

  it('by force does not wait, and tells whoever does', async () => {
    const stand = open();
    const { backend } = stand;
    await backend.waitUntilReady();
    const adding = numbered(900).map((id) => stand.service.addJob({ id }));
    await backend.close(true);
    const told = await outcomes(adding);
    expect(told).toHaveLength(900);
    expect(told).not.toContain('added');
  });
});
