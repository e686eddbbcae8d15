import { describeWithGo } from './support/legacy-build.js';
import { useStand } from './support/stand.js';

const MiB = 1024 * 1024;

const unusable: [string, string | Buffer][] = [
  ['no JSON', '{"id":'],
  ['empty', ''],
  ['a list', '[1,2]'],
  ['text', '"job"'],
  ['a number', '42'],
  ['null', 'null'],
  ['binary', Buffer.from([0, 255, 254, 128, 10, 13])],
  ['an object with something behind it', '{"id":"a"} x'],
  ['larger than 1 MiB', JSON.stringify({ id: 'bad', count: 1, username: 'x'.repeat(MiB) })],
];

describeWithGo('a document of Go that cannot be used', () => {
  const open = useStand({ defaultType: 'legacy' });

  it.each(unusable)('fails its job, tells why, and is kept: %s', async (_, document) => {
    const { go, ts, redis, key } = open();
    const watch = await go.watch();
    await go.addRaw('bad', document, 2);
    await go.add({ id: 'good', priority: 0 });

    const { ids } = ts.work();
    await go.waitForStatus('good', 'completed');
    await watch.waitForEvent('bad', 'job_failed');

    expect(ids()).toEqual(['good']);
    expect(await go.status('bad')).toBe('failed');
    const failed = await ts.service.jobs.find('bad');
    expect(failed?.status).toBe('failed');
    expect(failed?.error).toMatch(/document/);
    expect(await redis.getBuffer(key('data:bad'))).toEqual(Buffer.from(document));
    expect(await go.length()).toBe(0);
    expect(await go.processing()).toBe(0);
  });

  it('does not stop a queue that is full of them', async () => {
    const { go, ts } = open();
    for (let n = 0; n < 300; n++) await go.addRaw(`bad-${n}`, '[]', 2);
    await go.add({ id: 'good', priority: 0 });

    const { ids } = ts.work();
    await go.waitForStatus('good', 'completed');
    await go.waitForStatus('bad-299', 'failed');
    expect(ids()).toEqual(['good']);
  });

  it('does not stop the queue when it is nested too deeply', async () => {
    const { go, ts } = open();
    await go.addRaw('bad', `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`, 2);
    await go.add({ id: 'good', priority: 0 });

    ts.work();
    await go.waitForStatus('good', 'completed');
    expect(['failed', 'completed']).toContain(await go.status('bad'));
  });

  it('is forgotten when there is none at all', async () => {
    const { go, ts, redis, key } = open();
    await redis.zadd(key('queue'), -2, 'ghost');
    await go.add({ id: 'good', priority: 0 });

    const { ids } = ts.work();
    await go.waitForStatus('good', 'completed');
    expect(ids()).toEqual(['good']);
    expect(await go.length()).toBe(0);
  });
});

describeWithGo('an unusual document of Go', () => {
  const open = useStand({ defaultType: 'legacy' });

  it.each<[string, string, { type: string; data: unknown }]>([
    ['an empty object', '{}', { type: 'legacy', data: {} }],
    ['an object with space around it', ' \n{ } \t', { type: 'legacy', data: {} }],
    ['one without id, with a payload', '{"payload":{"n":[]}}', { type: 'legacy', data: { n: [] } }],
    ['one with type and payload', '{"type":"mail","payload":[1]}', { type: 'mail', data: [1] }],
    ['one whose payload is null', '{"type":"mail","payload":null}', { type: 'mail', data: null }],
    ['one whose payload is false', '{"payload":false}', { type: 'legacy', data: false }],
    ['one with a type alone', '{"type":"mail","n":1}', { type: 'mail', data: { type: 'mail', n: 1 } }],
    ['one whose type is empty', '{"type":"","n":1}', { type: 'legacy', data: { type: '', n: 1 } }],
    ['one whose type is no text', '{"type":7}', { type: 'legacy', data: { type: 7 } }],
    ['one with the id of another', '{"id":"other"}', { type: 'legacy', data: { id: 'other' } }],
    [
      'one whose times are nonsense',
      '{"created_at":"soon"}',
      { type: 'legacy', data: { created_at: 'soon' } },
    ],
    [
      'one whose fields have odd types',
      '{"id":7,"created_at":5,"priority":"x","status":[],"progress":{}}',
      { type: 'legacy', data: { id: 7, created_at: 5, priority: 'x', status: [], progress: {} } },
    ],
    ['one that says it is done', '{"status":"completed"}', { type: 'legacy', data: { status: 'completed' } }],
    ['one with a key twice', '{"n":1,"n":2}', { type: 'legacy', data: { n: 2 } }],
    [
      'one called __proto__',
      '{"__proto__":{"x":1}}',
      { type: 'legacy', data: JSON.parse('{"__proto__":{"x":1}}') },
    ],
  ])('runs: %s', async (_, document, expected) => {
    const { go, ts } = open();
    const { runs } = ts.work();
    await go.addRaw('a', document);
    await go.waitForStatus('a', 'completed');

    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({ id: 'a', type: expected.type });
    expect(runs[0]!.data).toEqual(expected.data);
    expect(await go.result('a')).toEqual({ ran: 'a' });
  });

  it('of exactly 1 MiB runs', async () => {
    const { go, ts } = open();
    const { runs } = ts.work(() => 'done');
    const frame = JSON.stringify({ text: '' });
    await go.addRaw('a', JSON.stringify({ text: 'x'.repeat(MiB - frame.length) }));
    await go.waitForStatus('a', 'completed');
    expect(runs).toHaveLength(1);
  });
});

describeWithGo('an unusual id of Go', () => {
  const open = useStand();

  const ids = [
    'with spaces',
    ' ',
    'ünïcödé 😀',
    `quo"te's \\ back\\\\slash`,
    'a:b',
    'a:b:c:d',
    ':',
    '0',
    '42',
    '-1',
    '1e3',
    '007',
    'true',
    'null',
    'undefined',
    '__proto__',
    'constructor',
    '{tag}',
    '*',
    '[a-z]?',
    '%s %d %%',
    '../../etc',
    '<&>\u2028',
    'data:a',
    'queue',
    'x'.repeat(500),
  ];

  it.each(ids)('runs once, and Go reads its result: %j', async (id) => {
    const { go, ts } = open();
    const watch = await go.watch();
    const { runs } = ts.work(({ id }) => ({ ran: id }));
    await go.add({ id, amount: 1 });
    await watch.waitForEvent(id, 'job_completed');

    expect(runs.map((run) => run.id)).toEqual([id]);
    expect(runs[0]!.data).toMatchObject({ id, count: 1 });
    expect(await go.status(id)).toBe('completed');
    expect(await go.result(id)).toEqual({ ran: id });
    expect(await ts.service.getJobStatus(id)).toBe('completed');
    expect((await ts.service.jobs.find(id))?.id).toBe(id);
  });

  // TypeScript would not let anybody add these; Go services may have them all the same.
  it.each(['line\nbreak\tand tab', '\u0000', 'x'.repeat(1000)])(
    'runs also when it is wild: %j',
    async (id) => {
      const { go, ts } = open();
      const { ids } = ts.work();
      await go.add({ id });
      await go.waitForStatus(id, 'completed');
      expect(ids()).toEqual([id]);
      expect(await go.result(id)).toEqual({ ran: id });
    },
  );

  it('that is a number does not collide with the numbers TypeScript gives', async () => {
    const { go, ts } = open();
    for (const id of ['1', '2', '3']) await go.add({ id, amount: 1 });
    const added = await ts.queue.addBulk([1, 2, 3].map((n) => ({ name: 'ts', data: { n } })));
    const own = added.map(({ id }) => id!);
    expect(new Set([...own, '1', '2', '3']).size).toBe(6);

    const { ids: ran } = ts.work();
    await go.waitForStatus(own[2]!, 'completed');
    await go.waitForStatus('3', 'completed');
    expect(ran().sort()).toEqual(['1', '2', '3', ...own].sort());
  });
});
