// Documents that legacy services leave: a bad one is failed with a clear error and kept, and blocks nothing.
import { waitFor } from '../../../tests/support/wait.js';
import { PLACES } from './support/keyspace.js';
import { legacyJob, nextMillisecond } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand({ defaultType: 'default.type' });

const nested = (levels: number) => `{"id":"bad","deep":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const withField = (text: string) => `{"id":"bad","priority":1,${text}}`;

const BAD: [string, string | Buffer, RegExp][] = [
  ['no JSON', 'this is no JSON', /not a JSON object/],
  ['an empty text', '', /not a JSON object/],
  ['cut off in the middle', '{"id":"bad","prio', /not a JSON object/],
  ['an array', '[{"id":"bad"}]', /not a JSON object/],
  ['a number', '42', /not a JSON object/],
  ['a text', '"bad"', /not a JSON object/],
  ['null', 'null', /not a JSON object/],
  ['two documents', '{"id":"bad"}{"id":"bad"}', /not a JSON object/],
  ['over 1 MiB', withField(`"text":"${'x'.repeat(1024 * 1024)}"`), /is \d+ bytes; the limit is 1048576/],
  ['with a byte order mark', '\ufeff{"id":"bad"}', /not a JSON object/],
  ['with NaN', withField('"n":NaN'), /not a JSON object/],
  ['with Infinity', withField('"n":Infinity'), /not a JSON object/],
  ['with a hexadecimal number', withField('"n":0x10'), /not a JSON object/],
  ['with a trailing comma', withField('"n":[1,],'), /not a JSON object/],
  ['with a raw newline in a text', withField('"n":"a\nb"'), /not a JSON object/],
];

const FINE: [string, string | Buffer, unknown][] = [
  ['{}', '{}', {}],
  ['with duplicate keys', '{"id":"bad","n":1,"n":2}', { id: 'bad', n: 2 }],
  ['with duplicate payloads', '{"id":"bad","payload":1,"payload":[2]}', [2]],
  ['with a payload of null', '{"id":"bad","payload":null}', null],
  ['with __proto__', '{"id":"bad","__proto__":{"x":1}}', JSON.parse('{"id":"bad","__proto__":{"x":1}}')],
  ['with space around it', ' \r\n\t{"id":"bad"}\n ', { id: 'bad' }],
  ['with an empty array and object', '{"a":[],"o":{}}', { a: [], o: {} }],
  ['with escapes', '{"t":"\\u0000\\ud83d\\udc9a\\n"}', { t: '\0💚\n' }],
  ['with a huge number', '{"n":1e308,"m":-0}', { n: 1e308, m: -0 }],
  ['with 900 levels', nested(900), JSON.parse(nested(900))],
  ['with a type that is no text', '{"id":"bad","type":5}', { id: 'bad', type: 5 }],
  ['with times that are none', '{"created_at":"yesterday"}', { created_at: 'yesterday' }],
  ['with invalid UTF-8', Buffer.from('{"t":"a\xffb"}', 'latin1'), { t: 'a\ufffdb' }],
];

/** Adds the document with jobs before and behind it. */
async function addBetween(stand: Stand, text: string | Buffer): Promise<void> {
  await stand.legacy.add({ id: 'before' });
  await nextMillisecond();
  await stand.legacy.addText('bad', text);
  await nextMillisecond();
  await stand.legacy.add({ id: 'behind' });
}

async function expectFailed(stand: Stand, text: string | Buffer, reason: RegExp): Promise<void> {
  expect(await stand.standing('bad')).toEqual(PLACES.failed);
  expect(await stand.status('bad')).toBe('failed');
  expect(await stand.service.jobs.get('bad')).toMatchObject({
    status: 'failed',
    error: expect.stringMatching(reason) as string,
  });
  expect(await stand.redis.getBuffer(stand.key('data:bad'))).toEqual(Buffer.from(text));
  expect((await stand.service.jobs.list({ page: 1, pageSize: 9, status: 'failed' })).items).toHaveLength(1);
  expect(await (await stand.queue.getJob('bad'))?.getState()).toBe('failed');
}

describe.each(BAD)('a document that is %s', (_, text, reason) => {
  it('is failed and kept by a worker, which runs the jobs before and behind it', async () => {
    const stand = open();
    const updates = await stand.record();
    await addBetween(stand, text);
    const { ids, errors } = stand.newWorker();
    await waitFor(async () => (await stand.status('behind')) === 'completed');
    await waitFor(async () => (await stand.status('bad')) === 'failed');
    expect(ids()).toEqual(['before', 'behind']);
    expect(errors).toEqual([]);
    await expectFailed(stand, text, reason);
    const said = (await updates.texts()).filter((line) => line.includes('"job_failed"'));
    expect(said).toHaveLength(1);
  });

  it('is failed and kept when QueueService takes jobs', async () => {
    const stand = open();
    await addBetween(stand, text);
    expect(await stand.service.dequeueJob()).toMatchObject({ id: 'before' });
    expect(await stand.service.dequeueJob()).toMatchObject({ id: 'behind' });
    expect(await stand.service.dequeueJob()).toBeNull();
    await expectFailed(stand, text, reason);
  });

  it('is failed or left waiting by the reconciler, also when a legacy worker dropped it', async () => {
    const stand = open();
    await addBetween(stand, text);
    await stand.redis.zpopmin(stand.key('queue'), 3);
    await stand.pass();
    expect((await stand.queued()).filter((id) => id !== 'bad').sort()).toEqual(['before', 'behind']);
    expect((await stand.claimAll()).sort()).toEqual(['before', 'behind']);
    await expectFailed(stand, text, reason);
  });
});

describe.each(FINE)('a document %s', (_, text, data) => {
  it('is run, and its handler gets it', async () => {
    const stand = open();
    await addBetween(stand, text);
    const { ids, ran, errors } = stand.newWorker();
    await waitFor(async () => (await stand.status('behind')) === 'completed');
    expect(ids()).toEqual(['before', 'bad', 'behind']);
    expect(ran[1]?.data).toEqual(data);
    expect(ran[1]?.name).toBe('default.type');
    expect(errors).toEqual([]);
    expect(await stand.service.jobs.get('bad')).toMatchObject({ status: 'completed' });
  });
});

describe('what a handler gets of a legacy document', () => {
  it('is the whole document, and its type the default one', async () => {
    const stand = open();
    const job = legacyJob({ id: 'a', count: 9_007_199_254_740_991, nested: { x: [1, null, 'ü'] } });
    await stand.legacy.add(job);
    const { ran } = stand.newWorker();
    await waitFor(() => ran.length === 1);
    expect(ran[0]?.data).toEqual(job);
    expect(ran[0]?.name).toBe('default.type');
  });

  it('is the payload where there is one, and the type that it names', async () => {
    const stand = open();
    await stand.legacy.add({ id: 'a', type: 'sms.send', payload: { to: 'x' } });
    const { ran } = stand.newWorker();
    await waitFor(() => ran.length === 1);
    expect(ran[0]).toMatchObject({ name: 'sms.send', data: { to: 'x' } });
  });

  it("is Drover's own payload again after a legacy service decoded, changed and requeued the job", async () => {
    const stand = open();
    await stand.service.addJob({ id: 'a', type: 'sms.send', payload: { to: 'x' }, priority: 'high' });
    const popped = await stand.legacy.dequeue();
    // A Go struct knows neither field.
    await stand.legacy.requeue({ ...popped!, type: undefined, payload: undefined, username: 'changed' });
    const { ran } = stand.newWorker();
    await waitFor(() => ran.length === 1);
    expect(ran[0]).toMatchObject({ id: 'a', name: 'sms.send', data: { to: 'x' } });
    const document = JSON.parse((await stand.redis.get(stand.key('data:a')))!) as object;
    expect(document).toMatchObject({
      type: 'sms.send',
      payload: { to: 'x' },
      username: 'changed',
      priority: 1,
    });
  });
});

describe('a document too deep for the store', () => {
  it('is failed with a reason that says so, and kept', async () => {
    const stand = open();
    await addBetween(stand, nested(2000));
    expect(await stand.claimAll()).toEqual(['before', 'behind']);
    await expectFailed(stand, nested(2000), /deep|nest/);
  });
});
